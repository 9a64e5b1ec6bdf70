"""Which cards of a person are good: those seen here, and those that the register says were issued.

An opposition in the register (`IssuedCard`) counts like one on a revocation list.
"""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from idp.core import clock
from idp.directory.models import AlternativeIdentifier, Card, IssuedCard
from idp.directory.rules.card_numbers import card_number_forms, short_card_number


def today() -> date:
    """The register's dates are days in France."""
    return timezone.localdate(clock.now())


def opposed(numbers: Collection[str]) -> QuerySet[IssuedCard]:
    """The cards of these numbers, however written, whose opposition the register names."""
    forms = [form for number in numbers for form in card_number_forms(number)]
    return IssuedCard.objects.filter(number__in=forms, opposed_on__lte=today())


def opposed_in_register(numbers: Collection[str]) -> dict[str, IssuedCard]:
    """`opposed`, by the number as given. One statement."""
    forms = {form: number for number in numbers for form in card_number_forms(number)}
    return {forms[row.number]: row for row in opposed(numbers)}


def has_live_card(*, person_id: UUID, but: Card | None = None, barred: Collection[str]) -> bool:
    """Whether any card still certifies this person, `but` aside.

    `barred`: short numbers of cards that must not log in for another reason.
    """
    mine = [card for card in Card.objects.filter(person_id=person_id) if card != but]
    opposed = opposed_in_register([card.number for card in mine])
    gone = {*barred, *([short_card_number(but.number)] if but else [])}
    good = {
        short_card_number(card.number)
        for card in mine
        if card.opposed_at is None and card.number not in opposed and card.not_after > clock.now()
    }
    # The register may be a day behind a revocation list.
    gone_here = {short_card_number(card.number) for card in mine} - good
    return bool((good - set(barred)) | (_issued(person_id) - gone - gone_here))


def _issued(person_id: UUID) -> set[str]:
    """Short numbers of the cards that the register says are good."""
    # Asked for first: beside another condition a subquery would have the whole table read.
    names = AlternativeIdentifier.objects.filter(person_id=person_id)
    identifiers = list(names.values_list("identifier", flat=True))
    mine = IssuedCard.objects.filter(Q(person_id=person_id) | Q(national_id__in=identifiers))
    good, gone, day = set[str](), set[str](), today()
    for card in mine:
        number = short_card_number(card.number)
        # A number may be there twice, written in two ways: opposed is what either says is.
        if card.opposed_on and card.opposed_on <= day:
            gone.add(number)
        elif (card.valid_from or day) <= day <= (card.valid_until or day):
            good.add(number)
    return good - gone
