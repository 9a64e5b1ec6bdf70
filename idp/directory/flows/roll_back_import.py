"""Takes an import back: the people it touched are again what they were before it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice

from django.db import transaction

from idp.core import clock
from idp.core.errors import IdpError
from idp.directory import models
from idp.directory.gateways import bulk
from idp.directory.rules import card_row
from idp.directory.rules.professional import Professional

_TOGETHER = 500


def roll_back_import(*, batch_id: int) -> int:
    """How many people are again what they were before this batch: the last one of its kind.

    Who entered by it has left the register, and keeps the subject for when they come back.
    """
    with bulk.only_import(), transaction.atomic():
        batch = _last_of_its_kind(batch_id)
        former = models.FormerState.objects.filter(batch=batch).order_by("pk")
        if not former.exists() and not _earlier(batch):
            raise IdpError("nothing_before", "", detail="this was the first import of its kind")
        count = 0
        for states in _batches(former.iterator(_TOGETHER)):
            _restore(states)
            count += len(states)
        batch.state = models.ImportBatch.State.ROLLED_BACK
        batch.save(update_fields=["state"])
    return count


def _last_of_its_kind(batch_id: int) -> models.ImportBatch:
    batch = models.ImportBatch.objects.filter(pk=batch_id).first()
    if batch is None:
        raise IdpError("unknown_batch", "", detail=f"there is no import {batch_id}", status=404)
    if batch.kind == card_row.KIND:
        detail = "an import of cards is not taken back: import the former file"
        raise IdpError("cards_stay", "", detail=detail)
    done = models.ImportBatch.objects.filter(state=models.ImportBatch.State.DONE, kind=batch.kind)
    last = done.order_by("pk").last()
    if last is None or last.pk != batch.pk:
        raise IdpError(
            "not_the_last", "", detail=f"the last import of this kind is {last and last.pk}"
        )
    return batch


def _earlier(batch: models.ImportBatch) -> bool:
    done = models.ImportBatch.objects.filter(state=models.ImportBatch.State.DONE, kind=batch.kind)
    return done.filter(pk__lt=batch.pk).exists()


def _batches(
    states: Iterator[models.FormerState],
) -> Iterator[Sequence[models.FormerState]]:
    while batch := list(islice(states, _TOGETHER)):
        yield batch


def _restore(states: Sequence[models.FormerState]) -> None:
    people = models.Person.objects.in_bulk([state.person_id for state in states])
    touched = []
    for state in states:
        person = people[state.person_id]
        if state.snapshot is None:
            person.left_register_at = clock.now()
            # Whatever the next import says of them is read.
            person.raw_fingerprint = ""
            continue
        if state.fingerprint != person.fingerprint:
            touched.append((person, Professional.from_snapshot(state.snapshot)))
        person.snapshot = state.snapshot
        person.fingerprint = state.fingerprint
        person.raw_fingerprint = state.raw_fingerprint
        person.source = state.source
        person.left_register_at = state.left_register_at
        person.family_name = state.snapshot["family_name"]
        person.given_names = state.snapshot["given_names"]
        person.civility = state.snapshot["civility"]
        person.updated_at = clock.now()
    models.Person.objects.bulk_update(
        people.values(),
        [
            *("snapshot", "fingerprint", "raw_fingerprint", "source", "left_register_at"),
            *("family_name", "given_names", "civility", "updated_at"),
        ],
    )
    models.Exercice.objects.filter(person__in=[person.pk for person, _ in touched]).delete()
    _create_practices(touched)


def _create_practices(touched: Sequence[tuple[models.Person, Professional]]) -> None:
    pairs = [
        (
            models.Exercice(
                person=person,
                rank=rank,
                code_profession=exercice.code_profession,
                code_categorie_professionnelle=exercice.code_categorie_professionnelle,
                code_civilite=exercice.code_civilite,
                nom=exercice.nom,
                prenom=exercice.prenom,
            ),
            exercice,
        )
        for person, professional in touched
        for rank, exercice in enumerate(professional.exercices)
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
