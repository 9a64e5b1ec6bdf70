"""ADELI numbers that became RPPS numbers: one person, one subject, whatever they are called by.

known by the ADELI number alone      the RPPS number becomes the main one
known by the RPPS number alone       the ADELI number leads to them too (an old card)
two people                           one: the subject that was used here stays
two people, both used                the RPPS number's stays; the other has left the register
somebody of another RPPS number      nothing: an RPPS number is for life, and nobody has two
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, ProtectedError, Q
from django.utils.module_loading import import_string

from idp.audit.flows import Outcome, record
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory import models
from idp.directory.gateways import bulk, issued_cards
from idp.directory.gateways.register_file import Line, first_line, open_register
from idp.directory.rules.professional import AlternativeIdentifier, Professional
from idp.directory.rules.register_columns import RefusedFileError
from idp.directory.rules.register_row import MalformedRowError
from idp.directory.rules.toggle_row import Toggle, ToggleColumns, parse_toggle

_TOGETHER: Final = 1000
# What the register says of a person, beside their subject and their identifiers.
# What people have from a day to a day.
_DATED: Final = (models.Exercice, models.SavoirFaire, models.Practice)
_REGISTERED: Final = (
    *("national_id", "family_name", "given_names", "civility", "snapshot", "fingerprint"),
    *("raw_fingerprint", "source", "left_register_at"),
)


@dataclass(slots=True, kw_only=True)
class Toggled:
    """How many people: renamed, given a former number, made one of two, left beside each other.

    `unknown`: neither number leads to anybody; `already`: both led to the same person.
    """

    renamed: int = 0
    added: int = 0
    fused: int = 0
    ended: int = 0
    already: int = 0
    unknown: int = 0
    malformed: list[tuple[int, str]] = field(default_factory=list)


def toggle_identifiers(*, path: Path, test_identities: bool = False, by: str = "") -> Toggled:
    """Bring the identifiers to what the file says, or raise `RefusedFileError`: all or nothing."""
    if test_identities and not settings.HYGIE.is_sandbox:
        raise IdpError("test_identities_forbidden", "", status=403)
    done = Toggled()
    with bulk.only_import(), transaction.atomic(), open_register(path) as lines:
        columns = ToggleColumns.from_header(first_line(lines))
        rows = _rows(lines, columns, done, test_identities=test_identities)
        while batch := list(islice(rows, _TOGETHER)):
            _bring(batch, done, by)
        _refuse_unreadable(done)
        issued_cards.give_holders(clock.now())
    return done


def _rows(
    lines: Iterator[Line], columns: ToggleColumns, done: Toggled, *, test_identities: bool
) -> Iterator[tuple[int, Toggle]]:
    for number, raw in lines:
        if raw is None:
            done.malformed.append((number, "line too long"))
            continue
        try:
            yield number, parse_toggle(columns, raw, test_identities=test_identities)
        except MalformedRowError as error:
            done.malformed.append((number, str(error)))


def _refuse_unreadable(done: Toggled) -> None:
    if done.malformed and done == Toggled(malformed=done.malformed):
        number, reason = done.malformed[0]
        raise RefusedFileError(
            f"none of {len(done.malformed)} rows can be read; line {number}: {reason}"
        )


def _bring(rows: list[tuple[int, Toggle]], done: Toggled, by: str) -> None:
    asked = {each.value for _, row in rows for each in (row.former, row.main)}
    known = dict(
        models.AlternativeIdentifier.objects.filter(identifier__in=asked).values_list(
            "identifier", "person_id"
        )
    )
    for number, row in rows:
        former_id, main_id = known.get(row.former.value), known.get(row.main.value)
        if former_id is None and main_id is None:
            done.unknown += 1
        elif former_id == main_id:
            done.already += 1
        else:
            people = models.Person.objects.in_bulk([each for each in (former_id, main_id) if each])
            names = _names(row, [*people])
            if any(each.origin == names[0].origin for each in names[1:]):
                done.malformed.append((number, "leads to somebody of another RPPS number"))
                continue
            how, survivor = _make_one(
                row,
                names,
                people[former_id] if former_id else None,
                people[main_id] if main_id else None,
            )
            setattr(done, how, getattr(done, how) + 1)
            known[row.former.value] = known[row.main.value] = survivor.pk
            record(
                event="identifier_toggled",
                outcome=Outcome.ACCEPTED,
                subject=row.main.value,
                is_test=survivor.is_test,
                data={"former": row.former.value, "how": how, "by": by[:100]},
            )


def _make_one(
    row: Toggle,
    names: tuple[AlternativeIdentifier, ...],
    former: models.Person | None,
    main: models.Person | None,
) -> tuple[str, models.Person]:
    # Whoever asked not to appear asked under either number.
    is_red_listed = any(each.is_red_listed for each in (former, main) if each)
    if main is None or former is None:
        (how, survivor) = ("renamed", former) if main is None else ("added", main)
        assert survivor is not None  # noqa: S101 (one of them is known: the caller asked)
    elif _fused(survivor=former, gone=main, former=former):
        how, survivor = "fused", former
        for name in _REGISTERED:
            setattr(former, name, getattr(main, name))
    elif _fused(survivor=main, gone=former, former=former):
        how, survivor = "fused", main
    else:
        how, survivor = "ended", main
        # Portals know them as two: what the former one opened ends with it.
        models.Person.objects.filter(pk=former.pk).update(left_register_at=clock.now())
        _end_rows(former)
        # No import that is taken back gives them back.
        models.FormerState.objects.filter(person=former).delete()
        # Their cards go where their numbers lead to from now on.
        former.issued_cards.update(person=None)
    survivor.is_red_listed = is_red_listed
    _identify(survivor, row, names)
    if former is not None and how == "ended":
        for path in settings.TOGGLE_HOOKS:
            import_string(path)(former=former, survivor=survivor)
    return how, survivor


def _names(row: Toggle, people: list[UUID]) -> tuple[AlternativeIdentifier, ...]:
    """Everything that they are called by, the RPPS number first."""
    rows = models.AlternativeIdentifier.objects.filter(person__in=people).order_by("quality", "pk")
    origins = {each.identifier: each.origin for each in rows}
    origins[row.former.value] = str(row.former.origin)
    origins.pop(row.main.value, None)
    every = {row.main.value: str(row.main.origin), **origins}
    return tuple(
        AlternativeIdentifier(identifier=identifier, origin=origin, quality=quality)
        for quality, (identifier, origin) in enumerate(every.items(), start=1)
    )


def _fused(*, survivor: models.Person, gone: models.Person, former: models.Person) -> bool:
    """Delete a subject that nothing was ever done with here; False where something was.

    What the register said of `former` has ended, what it says of the other goes on.
    """
    if gone.cards.exists():
        return False
    try:
        with transaction.atomic():
            _end_rows(former)
            for table in _DATED:
                table.objects.filter(person=gone).update(person=survivor)
            models.FormerState.objects.filter(person=gone).delete()
            models.Person.objects.get(pk=gone.pk).delete()
    except ProtectedError:
        return False
    return True


def _end_rows(former: models.Person) -> None:
    for table in _DATED:
        table.objects.filter(person=former, until=None).update(until=clock.now().date())


def _practices_ended_on(person: models.Person) -> date | None:
    """As an import tells it."""
    practices = models.Practice.objects.filter(person=person)
    if person.left_register_at is not None or practices.filter(until=None).exists():
        return None
    last: date | None = practices.aggregate(day=Max("until"))["day"]
    return last


def _identify(person: models.Person, row: Toggle, names: tuple[AlternativeIdentifier, ...]) -> None:
    who = replace(
        Professional.from_snapshot(person.snapshot),
        person_id=person.pk,
        national_id=row.main.value,
        alternative_identifiers=names,
    )
    person.national_id, person.snapshot = who.national_id, who.to_snapshot()
    person.practices_ended_on = _practices_ended_on(person)
    person.save()
    # What they were before under other names is not given back by an import that is taken back.
    models.FormerState.objects.filter(person=person).delete()
    called = [each.identifier for each in names]
    models.AlternativeIdentifier.objects.filter(
        Q(person=person) | Q(identifier__in=called)
    ).delete()
    models.AlternativeIdentifier.objects.bulk_create(
        models.AlternativeIdentifier(person=person, **asdict(each)) for each in names
    )
