"""Imports `Porteurs_CPS_CPF`: the cards that were issued, and the day each was opposed.

One transaction, few rows in memory at a time. Acting on an opposition is not done here: this only
brings `IssuedCard` to what the file says. A card that is no longer in the file stays as it was.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from django.db import transaction

from idp.core import clock
from idp.directory.flows.batches import close_interrupted, last_import, new_batch, running
from idp.directory.flows.cards import ask_again
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
from idp.directory.models import AlternativeIdentifier, Card, ImportBatch, IssuedCard
from idp.directory.rules.card_numbers import card_number_forms
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
    known = IssuedCard.objects.count()
    live = IssuedCard.objects.filter(opposed_on=None).count()
    opposed = IssuedCard.objects.filter(opposed_on__lte=today()).count()
    turned = Turned()
    with open_register(path) as lines:
        columns = CardColumns.from_header(first_line(lines))
        rows = _rows(lines, columns, summary, options)
        while cards := {card.number: card for card in islice(rows, _TOGETHER)}:
            _store(cards, summary, turned)
    refuse_unreadable(summary)
    if not options.accept_changes:
        _guard(turned.opposed, live, "live cards would be opposed")
        _guard(len(turned.lifted()), opposed, "opposed cards would be so no longer")
        _guard(turned.moved, known, "cards would be somebody else's")
    _forget_withdrawals([*turned.lifted(), *turned.reassigned()])
    return summary


@dataclass(slots=True)
class Turned:
    """What a file does to known cards: newly opposed, of another holder, and those that were
    opposed before it, with what they are after it.
    """

    opposed: int = 0
    moved: int = 0
    of: dict[str, tuple[IssuedCard, IssuedCard]] = field(default_factory=dict)

    def lifted(self) -> list[str]:
        """Numbers of cards that were opposed and are so no longer, or not yet."""
        day = today()
        return [
            number
            for number, (_, now) in self.of.items()
            if now.opposed_on is None or now.opposed_on > day
        ]

    def reassigned(self) -> list[str]:
        """Numbers of opposed cards whose opposition is another holder's."""
        return [number for number, (was, now) in self.of.items() if was.person_id != now.person_id]


def _guard(turned: int, known: int, what: str) -> None:
    if known and turned > GUARD * known:
        raise RefusedFileError(
            f"{turned} of {known} {what}, more than {GUARD:.0%}; "
            "--accept-changes imports it all the same"
        )


def _rows(
    lines: Iterator[Line], columns: CardColumns, summary: ImportSummary, options: Options
) -> Iterator[CardRow]:
    parse = partial(parse_card, columns, test_identities=options.test_identities)
    opposed: dict[str, date] = {}
    done = 0
    # An opposition cut short, or away, would give the card back: the last row must be whole.
    for count, (card, length) in enumerate(well_formed(lines, columns, parse, summary), start=1):
        done += length
        if not count % _SHOWN_EVERY:
            options.progress("reading", done)
        # A card that comes twice is opposed if either says so, from the first day that is named.
        first = opposed.get(card.number)
        if card.opposed_on and not (first and first <= card.opposed_on):
            opposed[card.number] = card.opposed_on
        elif first:
            continue
        yield card


def _store(cards: dict[str, CardRow], summary: ImportSummary, turned: Turned) -> None:
    """Keep what differs, and count it in `summary` and `turned`."""
    known = {card.number: card for card in IssuedCard.objects.filter(number__in=cards)}
    holders = dict(
        AlternativeIdentifier.objects.filter(
            identifier__in={card.national_id for card in cards.values()}
        ).values_list("identifier", "person_id")
    )
    differing, day = [], today()
    for number, card in cards.items():
        was, person_id = known.get(number), holders.get(card.national_id)
        if was and was.person_id == person_id and _said(was) == _said(card):
            summary.unchanged += 1
            continue
        summary.created += was is None
        summary.changed += was is not None
        now = IssuedCard(**asdict(card), person_id=person_id, source=KIND, updated_at=clock.now())
        differing.append(now)
        if was:
            turned.opposed += bool(not was.opposed_on and card.opposed_on)
            # By another identifier, the same person is the same person.
            turned.moved += was.national_id != card.national_id and (
                person_id is None or person_id != was.person_id
            )
        if number in turned.of:
            turned.of[number] = turned.of[number][0], now
        elif was and was.opposed_on and was.opposed_on <= day:
            turned.of[number] = was, now
    # The reason is not the file's to say, nor that an opposition was acted upon.
    IssuedCard.objects.bulk_create(
        differing,
        update_conflicts=True,
        unique_fields=["number"],
        update_fields=[*_SAID, "person", "source", "updated_at"],
    )


def _forget_withdrawals(numbers: list[str]) -> None:
    """Of oppositions that were taken back or put off, or are another holder's.

    They are acted upon again, when their day comes; meanwhile the card may be good.
    """
    for start in range(0, len(numbers), _TOGETHER):
        lifted = numbers[start : start + _TOGETHER]
        IssuedCard.objects.filter(number__in=lifted).update(withdrawn_at=None)
        forms = [form for number in lifted for form in card_number_forms(number)]
        ask_again(Card.objects.filter(number__in=forms))


def _said(card: IssuedCard | CardRow) -> tuple[object, ...]:
    return tuple(getattr(card, name) for name in _SAID)
