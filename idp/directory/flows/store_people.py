"""Writes one batch of register entries: all of it or nothing, and nothing for who is unchanged."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from idp.core.clock import now
from idp.core.identifiers import NationalId, parse_national_id
from idp.directory import models
from idp.directory.rules.merge import RegisterEntry
from idp.directory.rules.professional import AlternativeIdentifier, Professional

# The subject of a fictitious person is the same in every sandbox, so that a portal's tests may
# name it. Real subjects are random.
TEST_PERSON_NAMESPACE: Final = uuid.UUID("6f0b7a52-2c5e-4f4e-9a2d-6c0f1d6c9b11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """How many persons a batch concerned, by what became of them."""

    created: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    person_id: uuid.UUID
    fingerprint: str
    is_main: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    entry: RegisterEntry
    professional: Professional


def store_people(*, entries: Sequence[RegisterEntry]) -> Stored:
    """Store a batch in one transaction. Every entry of it is about another person."""
    with transaction.atomic():
        known = _known(entries)
        new = [entry for entry in entries if entry.national_id.value not in known]
        differing = {
            known[entry.national_id.value].person_id: entry
            for entry in entries
            if (found := known.get(entry.national_id.value)) and _differs(found, entry)
        }
        instant = now()
        _create(new, instant)
        _change(differing, instant)
    return Stored(
        created=len(new),
        changed=len(differing),
        unchanged=len(entries) - len(new) - len(differing),
    )


def person_id_for(national_id: NationalId) -> uuid.UUID:
    """The internal subject of a person who enters the directory."""
    if national_id.is_test:
        return uuid.uuid5(TEST_PERSON_NAMESPACE, national_id.value)
    return uuid.uuid4()


def _known(entries: Sequence[RegisterEntry]) -> dict[str, _Known]:
    rows = models.AlternativeIdentifier.objects.filter(
        identifier__in=[entry.national_id.value for entry in entries]
    ).values_list("identifier", "person_id", "person__fingerprint", "quality")
    return {
        identifier: _Known(person_id=person_id, fingerprint=fingerprint, is_main=quality == 1)
        for identifier, person_id, fingerprint, quality in rows
    }


def _differs(known: _Known, entry: RegisterEntry) -> bool:
    # What the register still says under a person's former identifier never overwrites what it
    # says under the main one.
    return known.is_main and known.fingerprint != entry.fingerprint()


def _create(entries: Sequence[RegisterEntry], instant: datetime) -> None:
    written = [
        _Written(
            entry=entry,
            professional=entry.professional(
                person_id_for(entry.national_id), (_main_identifier(entry),), entry.national_id
            ),
        )
        for entry in entries
    ]
    models.Person.objects.bulk_create(
        _person(item, created_at=instant, updated_at=instant) for item in written
    )
    models.AlternativeIdentifier.objects.bulk_create(
        models.AlternativeIdentifier(person_id=item.professional.person_id, **asdict(identifier))
        for item in written
        for identifier in item.professional.alternative_identifiers
    )
    _create_exercices(written)


def _change(entries: dict[uuid.UUID, RegisterEntry], instant: datetime) -> None:
    if not entries:
        return
    people = models.Person.objects.prefetch_related("alternative_identifiers").in_bulk(
        list(entries)
    )
    written = [
        _Written(
            entry=entry,
            professional=entry.professional(
                person_id,
                _identifiers(people[person_id]),
                parse_national_id(people[person_id].national_id),
            ),
        )
        for person_id, entry in entries.items()
    ]
    models.Person.objects.bulk_update(
        [
            _person(
                item,
                created_at=people[item.professional.person_id].created_at,
                updated_at=instant,
            )
            for item in written
        ],
        ["family_name", "given_names", "civility", "snapshot", "fingerprint", "updated_at"],
    )
    models.Exercice.objects.filter(person__in=list(entries)).delete()
    _create_exercices(written)


def _person(item: _Written, *, created_at: datetime, updated_at: datetime) -> models.Person:
    professional = item.professional
    return models.Person(
        id=professional.person_id,
        national_id=professional.national_id,
        family_name=professional.family_name,
        given_names=professional.given_names,
        civility=professional.civility,
        is_test=professional.is_test,
        snapshot=professional.to_snapshot(),
        fingerprint=item.entry.fingerprint(),
        created_at=created_at,
        updated_at=updated_at,
    )


def _create_exercices(written: Sequence[_Written]) -> None:
    pairs = [
        (
            models.Exercice(
                person_id=item.professional.person_id,
                rank=rank,
                code_profession=exercice.code_profession,
                code_categorie_professionnelle=exercice.code_categorie_professionnelle,
                code_civilite=exercice.code_civilite,
                nom=exercice.nom,
                prenom=exercice.prenom,
            ),
            exercice,
        )
        for item in written
        for rank, exercice in enumerate(item.professional.exercices)
    ]
    models.Exercice.objects.bulk_create(row for row, _ in pairs)
    models.SavoirFaire.objects.bulk_create(
        models.SavoirFaire(exercice=row, rank=rank, **asdict(known))
        for row, exercice in pairs
        for rank, known in enumerate(exercice.savoir_faire)
    )
    models.Activity.objects.bulk_create(
        models.Activity(exercice=row, rank=rank, **asdict(activity))
        for row, exercice in pairs
        for rank, activity in enumerate(exercice.activities)
    )


def _main_identifier(entry: RegisterEntry) -> AlternativeIdentifier:
    return AlternativeIdentifier(
        identifier=entry.national_id.value, origin=entry.national_id.origin, quality=1
    )


def _identifiers(person: models.Person) -> tuple[AlternativeIdentifier, ...]:
    rows = sorted(person.alternative_identifiers.all(), key=lambda row: row.quality)
    return tuple(
        AlternativeIdentifier(identifier=row.identifier, origin=row.origin, quality=row.quality)
        for row in rows
    )
