"""Who is this? One look-up, one statement: the person's row holds the rendered professional."""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from idp.core.errors import IdpError
from idp.core.identifiers import (
    InvalidIdentifierError,
    normalise_typed_identifier,
    parse_national_id,
)
from idp.directory.models import Person
from idp.directory.models.people import SANDBOX_SOURCE
from idp.directory.rules.professional import Professional

# What is repeated of an identifier that is none: a line of another file may be long.
LONGEST: Final = 64


def find_professional(*, identifier: str) -> Professional | None:
    """The professional known by a national identifier, main or alternative, past or present."""
    try:
        national_id = parse_national_id(identifier)
    except InvalidIdentifierError:
        return None
    return _only(existing_people().filter(alternative_identifiers__identifier=national_id.value))


def person_named(identifier: str) -> Person:
    """For an operator's order, with the reason where there is nobody: their row.

    As people write it: in groups, without the digit that says of which kind it is.
    """
    try:
        national_id = normalise_typed_identifier(identifier)
    except InvalidIdentifierError as error:
        raise IdpError("invalid_identifier", f"{identifier[:LONGEST]}: {error.detail}") from error
    person = Person.objects.filter(alternative_identifiers__identifier=national_id).first()
    if person is None:
        raise IdpError("unknown_person", f"nobody is known as {national_id}", status=404)
    return person


def get_professional(*, person_id: UUID) -> Professional | None:
    """The professional whose internal subject this is."""
    return _only(existing_people().filter(pk=person_id))


def list_test_professionals() -> tuple[Professional, ...]:
    """The people that a sandbox brings along, RPPS numbers first, each in order; elsewhere, nobody.

    Not those imported beside them, who may be millions. Without the red list: whoever is on it is
    found by nobody who does not know them.
    """
    own = existing_people().filter(is_test=True, source=SANDBOX_SOURCE, is_red_listed=False)
    snapshots = own.order_by("national_id")
    people = map(Professional.from_snapshot, snapshots.values_list("snapshot", flat=True))
    return tuple(sorted(people, key=lambda person: not person.national_id.startswith("8")))


def existing_people() -> QuerySet[Person]:
    """Everybody that this deployment may know."""
    # A database that once served a sandbox must not bring fictitious people into production.
    everybody = Person.objects.all()
    return everybody if settings.HYGIE.is_sandbox else everybody.filter(is_test=False)


def is_known_here(person: Person) -> bool:
    """Of a row at hand: one of `existing_people`."""
    return settings.HYGIE.is_sandbox or not person.is_test


def _only(people: QuerySet[Person]) -> Professional | None:
    snapshot = people.values_list("snapshot", flat=True).first()
    return None if snapshot is None else Professional.from_snapshot(snapshot)
