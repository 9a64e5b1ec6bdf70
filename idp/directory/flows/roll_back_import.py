"""Takes an import back: the people it touched are again what they were before it."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from idp.core import clock
from idp.core.errors import IdpError
from idp.core.identifiers import parse_national_id
from idp.directory import models
from idp.directory.flows.batches import remembers
from idp.directory.flows.import_savoir_faire import render_shown
from idp.directory.gateways import bulk, merge_savoir_faire, savoir_faire, undo_batch
from idp.directory.gateways.merge_practices import Change
from idp.directory.rules import card_row
from idp.directory.rules.merge import said_json
from idp.directory.rules.professional import Professional
from idp.directory.rules.savoir_faire import KIND, Known, Source, with_listed, with_savoir_faire
from idp.directory.rules.stored_rows import (
    STAGED,
    STAGED_SAVOIR_FAIRE,
    Rendering,
    Subject,
)

_TOGETHER: Final = 500
_TABLES: Final = {**STAGED, **STAGED_SAVOIR_FAIRE}


def roll_back_import(*, batch_id: int) -> int:
    """How many people are again what they were before this batch: the last one of its kind.

    Who entered by it has left the register, and keeps the subject for when they come back.
    """
    with bulk.only_import(), bulk.staging(_TABLES), transaction.atomic():
        batch = _last_of_its_kind(batch_id)
        if batch.kind == KIND:
            return _roll_back_savoir_faire(batch)
        _refuse_changed_since(batch)
        if not remembers(batch):
            raise IdpError("nothing_before", "", detail="this was the first import of people")
        former = models.FormerState.objects.filter(batch=batch)
        if not former.exists():
            _refuse_without_former(batch)
        undo_batch.give_back_days(batch)
        count = _stage(former.exclude(snapshot=None))
        bulk.analyze_staged(have_entered=False)
        entered = undo_batch.undo(batch, clock.now())
        _mark(batch)
    return count + entered


def _roll_back_savoir_faire(batch: models.ImportBatch) -> int:
    change = Change.of(batch, clock.now())
    merge_savoir_faire.undo(batch, change)
    count = render_shown(change.at)
    _mark(batch)
    return count


def _mark(batch: models.ImportBatch) -> None:
    batch.state = models.ImportBatch.State.ROLLED_BACK
    batch.save(update_fields=["state"])


def _last_of_its_kind(batch_id: int) -> models.ImportBatch:
    batch = models.ImportBatch.objects.filter(pk=batch_id).first()
    if batch is None:
        raise IdpError("unknown_batch", "", detail=f"there is no import {batch_id}", status=404)
    if batch.kind == card_row.KIND:
        detail = "an import of cards is not taken back: import the former file"
        raise IdpError("cards_stay", "", detail=detail)
    done = models.ImportBatch.objects.filter(state=models.ImportBatch.State.DONE, kind=batch.kind)
    last = done.order_by("pk").last()
    if batch.state != models.ImportBatch.State.DONE:
        detail = f"import {batch.pk} is {batch.state}: there is nothing of it to take back"
        raise IdpError("not_done", "", detail=detail)
    if last is None or last.pk != batch.pk:
        raise IdpError(
            "not_the_last", "", detail=f"the last import of this kind is {last and last.pk}"
        )
    return batch


def _refuse_changed_since(batch: models.ImportBatch) -> None:
    """Where another kind of file told news of the same people: they would be lost, unsaid."""
    others = models.ImportBatch.objects.filter(
        state=models.ImportBatch.State.DONE, pk__gt=batch.pk
    ).exclude(kind__in=(batch.kind, KIND, card_row.KIND))
    touched = models.FormerState.objects.filter(batch=batch).values("person")
    for other in others.order_by("-pk"):
        former = models.FormerState.objects.filter(batch=other)
        is_forgotten = (
            any(other.counts[what] for what in ("created", "changed", "ended"))
            and not former.exists()
        )
        if is_forgotten or former.filter(person__in=touched).exists():
            detail = f"import {other.pk} ({other.kind}) changed the same people since"
            raise IdpError("changed_since", "", detail=f"{detail}: take that one back first")


def _refuse_without_former(batch: models.ImportBatch) -> None:
    if any(batch.counts[what] for what in ("created", "changed", "ended")):
        raise IdpError("too_old", "", detail="what it changed is no longer kept")


def _stage(former: QuerySet[models.FormerState]) -> int:
    count = 0
    places = bulk.Places()
    for states in _batches(former.order_by("pk").iterator(_TOGETHER)):
        rendering = Rendering()
        people = [state.person_id for state in states]
        own = savoir_faire.live_of(people, Source.PEOPLE)
        listed = savoir_faire.live_of(people, Source.LIST)
        for state in states:
            of = own.get(state.person_id, {}), listed.get(state.person_id, {})
            _render(rendering, state, *of)
        for table, rows in rendering.rows().items():
            bulk.load(table, rows)
        places.load(rendering.structures)
        count += len(states)
    return count


def _render(rendering: Rendering, state: models.FormerState, own: Known, listed: Known) -> None:
    # An import of savoir-faire may have come between.
    has_left = state.left_register_at is not None
    said = state.snapshot if has_left else with_savoir_faire(state.snapshot, own)
    who = Professional.from_snapshot(said)
    exercices = who.exercices if has_left else with_listed(who.exercices, listed)
    names = who.family_name, who.given_names, who.civility
    identifiers = [
        (each.identifier, each.origin, each.quality) for each in who.alternative_identifiers
    ]
    person = who.person_id.hex
    subject = Subject(person, parse_national_id(who.national_id), identifiers, None)
    fingerprints = state.fingerprint, state.raw_fingerprint
    rendering.add_person(subject, names, said_json(names, exercices), *fingerprints)
    if not has_left:
        rendering.add_exercices(person, who.exercices)


def _batches(states: Iterator[models.FormerState]) -> Iterator[list[models.FormerState]]:
    while batch := list(islice(states, _TOGETHER)):
        yield batch
