"""Imports `Porteurs_CPS_CPF`: the cards that were issued, and the day each was opposed.

One transaction, few rows in memory at a time. Acting on an opposition is not done here: this only
brings `IssuedCard` to what the file says. A card that is no longer in the file stays as it was.
"""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from django.db import transaction

from idp.core import clock
from idp.directory.flows.batches import close_interrupted, last_import, new_batch, running
from idp.directory.flows.importing import (
    GUARD,
    ImportSummary,
    Options,
    refuse_test_identities,
    refuse_unreadable,
)
from idp.directory.flows.live_cards import today
from idp.directory.flows.read_rows import well_formed
from idp.directory.gateways import bulk
from idp.directory.gateways.register_file import Line, first_line, open_register
from idp.directory.models import AlternativeIdentifier, ImportBatch, IssuedCard
from idp.directory.rules.card_row import KIND, CardColumns, CardRow, parse_card
from idp.directory.rules.register_columns import RefusedFileError

_TOGETHER: Final = 1000
_SHOWN_EVERY: Final = 10_000
_SAID: Final = ("national_id", "kind", "valid_from", "valid_until", "opposed_on")


def import_cards(*, path: Path, options: Options) -> ImportSummary:
    """Bring the issued cards to what the file says, or raise `RefusedFileError`: all or nothing."""
    refuse_test_identities(options)
    with bulk.only_import():
        close_interrupted()
        batch = new_batch(path, KIND, options)
        last = last_import(KIND)
        reading = "test" if options.test_identities else ""
        if last and (last.sha256, last.counts["reading"]) == (batch.sha256, reading):
            counts = {key: value for key, value in last.counts.items() if key != "reading"}
            return ImportSummary(**{**counts, "batch": last.pk, "skipped": True})
        with running(batch), transaction.atomic():
            summary = _import(path, batch, options)
            batch.state, batch.finished_at = ImportBatch.State.DONE, clock.now()
            batch.counts = {**asdict(summary), "reading": reading}
            batch.save()
    return summary


def _import(path: Path, batch: ImportBatch, options: Options) -> ImportSummary:
    summary = ImportSummary(batch=batch.pk)
    live = IssuedCard.objects.filter(opposed_on=None).count()
    opposed = 0
    with open_register(path) as lines:
        columns = CardColumns.from_header(first_line(lines))
        rows = _rows(lines, columns, summary, options)
        while cards := {card.number: card for card in islice(rows, _TOGETHER)}:
            opposed += _store(cards, summary)
    refuse_unreadable(summary)
    if live and opposed > GUARD * live and not options.accept_changes:
        raise RefusedFileError(
            f"{opposed} of {live} live cards would be opposed, more than {GUARD:.0%}; "
            "--accept-changes imports it all the same"
        )
    return summary


def _rows(
    lines: Iterator[Line], columns: CardColumns, summary: ImportSummary, options: Options
) -> Iterator[CardRow]:
    parse = partial(parse_card, columns, test_identities=options.test_identities)
    opposed: set[str] = set()
    done = 0
    # An opposition cut short, or away, would give the card back: the last row must be whole.
    for count, (card, length) in enumerate(well_formed(lines, columns, parse, summary), start=1):
        done += length
        if not count % _SHOWN_EVERY:
            options.progress("reading", done)
        # A card that comes twice is opposed if either says so.
        if card.opposed_on:
            opposed.add(card.number)
        elif card.number in opposed:
            continue
        yield card


def _store(cards: dict[str, CardRow], summary: ImportSummary) -> int:
    """How many cards that were live are opposed now."""
    known = {card.number: card for card in IssuedCard.objects.filter(number__in=cards)}
    holders = dict(
        AlternativeIdentifier.objects.filter(
            identifier__in={card.national_id for card in cards.values()}
        ).values_list("identifier", "person_id")
    )
    differing, opposed = [], 0
    for number, card in cards.items():
        was, person_id = known.get(number), holders.get(card.national_id)
        if was and was.person_id == person_id and _said(was) == _said(card):
            summary.unchanged += 1
            continue
        summary.created += was is None
        summary.changed += was is not None
        opposed += bool(was and not was.opposed_on and card.opposed_on)
        differing.append(
            IssuedCard(
                **asdict(card), person_id=person_id, source=KIND, updated_at=clock.now()
            )
        )  # fmt: skip
    # The reason is not the file's to say, nor that an opposition was acted upon.
    IssuedCard.objects.bulk_create(
        differing,
        update_conflicts=True,
        unique_fields=["number"],
        update_fields=[*_SAID, "person", "source", "updated_at"],
    )
    _forget_withdrawals([card for card in differing if card.number in known])
    return opposed


def _forget_withdrawals(cards: list[IssuedCard]) -> None:
    """Of oppositions that were taken back or put off: acted upon again when their day comes."""
    day = today()
    lifted = [card.number for card in cards if card.opposed_on is None or card.opposed_on > day]
    if lifted:
        IssuedCard.objects.filter(number__in=lifted, withdrawn_at__isnull=False).update(
            withdrawn_at=None
        )


def _said(card: IssuedCard | CardRow) -> tuple[object, ...]:
    return tuple(getattr(card, name) for name in _SAID)
