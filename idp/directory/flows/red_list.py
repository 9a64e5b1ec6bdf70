"""The « liste rouge »: whoever asked not to appear is found by nobody, and logs in as before."""

from collections.abc import Sequence

from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.directory.flows.find import person_named
from idp.directory.models import Person


@transaction.atomic
def set_red_list(*, identifiers: Sequence[str], is_listed: bool, by: str) -> int:
    """Puts them on the list or takes them off it, all or none; how many were not so before."""
    # All of them are found before anything is written or logged.
    people = [person_named(identifier) for identifier in identifiers]
    return sum(_set(person, is_listed, by) for person in people)


def red_listed() -> list[str]:
    """Their main identifiers, in order."""
    listed = Person.objects.filter(is_red_listed=True).order_by("national_id")
    return list(listed.values_list("national_id", flat=True))


def _set(person: Person, is_listed: bool, by: str) -> bool:
    changed = Person.objects.filter(pk=person.pk, is_red_listed=not is_listed).update(
        is_red_listed=is_listed
    )
    if changed:
        record(
            event="red_list",
            outcome=Outcome.ACCEPTED,
            subject=person.national_id,
            is_test=person.is_test,
            data={"listed": is_listed, "by": by[:100]},
        )
    return changed == 1
