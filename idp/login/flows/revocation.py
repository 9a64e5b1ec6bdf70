"""Orders that end an access until they are lifted: a person's, a card's, a phone's.

revoke → order, withdrawal, audit row, logouts to portals: one transaction. lift → the order alone:
what was ended stays ended, and its holder logs in anew.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from idp.audit.flows import Outcome, record
from idp.core import clock
from idp.core.errors import IdpError
from idp.core.locks import place_of
from idp.directory.flows.find import person_named
from idp.directory.models import Card, IssuedCard, Person
from idp.directory.rules.card_numbers import card_number_forms, short_card_number
from idp.login.flows.withdrawal import withdraw, withdraw_card, withdraw_device
from idp.login.models import RevocationOrder
from idp.login.rules.revocation import Cause, Order, TargetKind

LONGEST_REASON = 200
# As on the card and in registers: `2900000017`, `8025000001/2900000017`.
CARD_NUMBER = re.compile(r"([0-9A-Za-z]{1,20}/)?[0-9A-Za-z]{1,21}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What an order is about: the key it is kept under, and whose it is, where known."""

    key: str
    person: Person | None


@transaction.atomic
def revoke(order: Order) -> dict[str, int]:
    """Ends the access at once; what was ended, by name. Ordered again, it ends what came since."""
    _check_reason(order.reason)
    target = _FIND[order.kind](order.target)
    kept, _is_new = RevocationOrder.objects.get_or_create(
        kind=order.kind,
        target=target.key,
        lifted_at=None,
        defaults={
            "person": target.person,
            "cause": order.cause,
            "reason": order.reason,
            "ordered_by": order.by[:100],
            "ordered_at": clock.now(),
        },
    )
    ended = _END[order.kind](order, target)
    _audit("access_revoked", kept, by=order.by, reason=order.reason, ended=ended)
    return ended


@transaction.atomic
def lift(order: Order) -> RevocationOrder:
    """Takes an order back, with a reason of its own."""
    _check_reason(order.reason)
    target = _FIND[order.kind](order.target)
    kept = RevocationOrder.objects.filter(
        kind=order.kind, target=target.key, lifted_at__isnull=True
    ).first()
    if kept is None or not kept.lift(by=order.by[:100], reason=order.reason, now=clock.now()):
        raise IdpError("not_revoked", f"no order in force on {order.kind} {order.target}")
    if order.kind is TargetKind.DEVICE:
        import_string(settings.DEVICE_ORDERS["lift"])(device_id=UUID(target.key), by=order.by)
    _audit("access_restored", kept, by=order.by, reason=order.reason, ended={})
    return kept


def revoke_same(*, former: Person, survivor: Person) -> None:
    """Two numbers turned out to be one person's: what keeps out the one keeps out the other.

    In `settings.TOGGLE_HOOKS`.
    """
    kept = RevocationOrder.objects.filter(
        kind=TargetKind.PERSON, target=str(former.pk), lifted_at__isnull=True
    ).first()
    if kept is not None:
        revoke(
            Order(
                kind=TargetKind.PERSON,
                target=survivor.national_id,
                reason=kept.reason,
                by=kept.ordered_by,
                cause=Cause(kept.cause),
            )
        )


def holder_of(order: Order) -> Person | None:
    """Whose target it is; None for a card that nothing here tells of."""
    return _FIND[order.kind](order.target).person


def orders_in_force() -> list[RevocationOrder]:
    rows = RevocationOrder.objects.filter(lifted_at__isnull=True).select_related("person")
    return list(rows.order_by("ordered_at"))


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise IdpError("reason_needed", f"a reason of 1 to {LONGEST_REASON} characters is needed")


def _find_person(identifier: str) -> _Target:
    person = person_named(identifier)
    return _Target(key=str(person.pk), person=person)


def _find_card(number: str) -> _Target:
    """A card that was never seen here may be barred too: its first login is then refused."""
    short = short_card_number(number)
    if not CARD_NUMBER.fullmatch("".join(number.split())):
        raise IdpError("invalid_card_number", f"{number} is no card number")
    seen = cards_numbered(short).select_related("person").first()
    issued = (
        IssuedCard.objects.select_related("person")
        .filter(number__in=card_number_forms(number))
        .first()
    )
    person = seen.person if seen else issued.person if issued else None
    return _Target(key=short, person=person)


def _find_device(key: str) -> _Target:
    try:
        device_id = UUID(key)
    except ValueError as error:
        raise IdpError("unknown_device", f"{key} is no phone's key", status=404) from error
    person = import_string(settings.DEVICE_ORDERS["holder"])(device_id=device_id)
    return _Target(key=str(device_id), person=person)


_FIND: Mapping[TargetKind, Callable[[str], _Target]] = {
    TargetKind.PERSON: _find_person,
    TargetKind.CARD: _find_card,
    TargetKind.DEVICE: _find_device,
}


def _end_person(order: Order, target: _Target) -> dict[str, int]:
    return withdraw(person_id=UUID(target.key), cause=order.cause)


def _end_card(order: Order, target: _Target) -> dict[str, int]:
    ended: dict[str, int] = {}
    for card in sorted(cards_numbered(target.key), key=lambda card: place_of(card.person_id)):
        for name, count in withdraw_card(card=card, cause=order.cause).items():
            ended[name] = ended.get(name, 0) + count
    return ended


def _end_device(order: Order, target: _Target) -> dict[str, int]:
    phones = import_string(settings.DEVICE_ORDERS["revoke"])(
        device_id=UUID(target.key), cause=order.cause
    )
    return {"phones": phones, "sessions": withdraw_device(device=target.key, reason=order.cause)}


_END: Mapping[TargetKind, Callable[[Order, _Target], dict[str, int]]] = {
    TargetKind.PERSON: _end_person,
    TargetKind.CARD: _end_card,
    TargetKind.DEVICE: _end_device,
}


def cards_numbered(short: str) -> QuerySet[Card]:
    """The cards seen here that bear this number."""
    return Card.objects.filter(Q(number=short) | Q(number__endswith=f"/{short}")).order_by("pk")


def _audit(
    event: str, kept: RevocationOrder, *, by: str, reason: str, ended: dict[str, int]
) -> None:
    person = kept.person
    record(
        event=event,
        outcome=Outcome.ACCEPTED,
        subject=person.national_id if person else "",
        is_test=person.is_test if person else False,
        data={
            "kind": kept.kind,
            "target": kept.target,
            "cause": kept.cause,
            "by": by[:100],
            "reason": reason,
            **({"ended": ended} if event == "access_revoked" else {}),
        },
    )
