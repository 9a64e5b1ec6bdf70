"""A holder reports a card or a phone lost: it is out of use here at once."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows.cards import cards_of
from idp.directory.models import Card
from idp.directory.rules.card_numbers import short_card_number
from idp.enrollment.flows.devices import devices_of, revoke
from idp.enrollment.models import Device
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.login.rules.authentication import MethodName
from idp.login.rules.revocation import Cause, Order, TargetKind

# An offline code can be read out to anybody.
PROVES_ENOUGH = frozenset({MethodName.CARD, MethodName.PHONE, MethodName.TEST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What a holder may report: a card or a phone of theirs. `value` names it in the form."""

    card: Card | None = None
    phone: Device | None = None

    @property
    def value(self) -> str:
        if self.card is not None:
            return f"card-{self.card.pk}"
        return f"phone-{self.phone.pk if self.phone else ''}"

    @property
    def number(self) -> str:
        """Of a card, as it is printed on it."""
        return short_card_number(self.card.number) if self.card else ""


def may_report(session: SsoSession) -> bool:
    """A login of the last minutes: reporting takes things away from their holder."""
    age = clock.now() - session.auth_time
    return session.method in PROVES_ENOUGH and age <= settings.HYGIE.lifetimes.fresh_card_login


def losses_of(*, person_id: UUID) -> list[Loss]:
    """What this person has that still works here."""
    cards = [card for card in cards_of(person_id=person_id) if card.opposed_at is None]
    barred = set(
        login.card_orders([card.number for card in cards]).values_list("target", flat=True)
    )
    kept = [card for card in cards if short_card_number(card.number) not in barred]
    phones = devices_of(person_id=person_id)
    return [*(Loss(card=card) for card in kept), *(Loss(phone=phone) for phone in phones)]


def loss_named(value: str, *, person_id: UUID) -> Loss:
    """One of the person's own; IdpError for any other."""
    for loss in losses_of(person_id=person_id):
        if loss.value == value:
            return loss
    raise IdpError(
        "no_such_loss",
        _("Choisissez ce que vous avez perdu. Ce qui est bloqué déjà n’est plus dans la liste."),
        status=409,
    )


def report(loss: Loss, *, session: SsoSession) -> None:
    """Out of use from now on, in one transaction with what it opened.

    A card stays out until the operator lifts the order; its official opposition is not ours to ask.
    """
    if loss.card is not None:
        login.revoke(
            Order(
                kind=TargetKind.CARD,
                target=loss.card.number,
                cause=Cause.REPORTED_LOST,
                reason="lost or stolen",
                by=f"its holder, by {session.method}",
            )
        )
    elif loss.phone is not None:
        revoke(device_id=loss.phone.pk, person_id=session.person_id, by="holder, reported lost")
