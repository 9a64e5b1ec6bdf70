"""What the operator sees of messages to portals, and how long they are kept."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from idp.core import clock
from idp.oidc.flows import deliveries
from idp.oidc.flows.purge import purge_deliveries
from idp.oidc.models import Delivery
from idp.oidc.rules.delivery import DeliveryKind, DeliveryState, wait_after
from tests.oidc.portal import Portal

pytestmark = pytest.mark.django_db


@pytest.fixture
def delivery(portal: Portal) -> Delivery:
    return queued(portal)


def queued(portal: Portal) -> Delivery:
    return deliveries.queue(
        kind=DeliveryKind.BACKCHANNEL_LOGOUT,
        client=portal.client,
        target="https://portail.example/logout",
        reference="00000000-0000-4000-8000-000000000001",
        give_up_at=clock.now() + timedelta(hours=4),
    )


def command(*words: str) -> str:
    out = StringIO()
    call_command("deliveries", *words, stdout=out)
    return out.getvalue()


def test_queueing_twice_is_queueing_once(portal: Portal, delivery: Delivery) -> None:
    assert queued(portal).pk == delivery.pk


def test_the_operator_sees_each_message_and_its_state(delivery: Delivery) -> None:
    Delivery.objects.update(state=DeliveryState.GIVEN_UP, attempts=7, last_error="ConnectError")
    line = command("list")
    for word in (
        str(delivery.pk),
        "backchannel_logout",
        "given_up  7 portail-test",
        "ConnectError",
    ):
        assert word in line
    assert command("list", "--state", "delivered") == ""


def test_the_operator_sends_again_what_was_given_up(delivery: Delivery) -> None:
    Delivery.objects.update(state=DeliveryState.GIVEN_UP, attempts=7)
    assert "pending" in command("retry", str(delivery.pk))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 0)
    assert delivery.give_up_at > clock.now()


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.DELIVERED])
def test_what_is_not_over_in_failure_is_not_sent_again(
    delivery: Delivery, state: DeliveryState
) -> None:
    Delivery.objects.update(state=state)
    with pytest.raises(CommandError, match=str(state)):
        command("retry", str(delivery.pk))


@pytest.mark.parametrize("name", ["nonsense", "00000000-0000-4000-8000-00000000000f"])
def test_an_unknown_message_is_said_to_be_unknown(name: str) -> None:
    with pytest.raises(CommandError):
        command("retry", name)


def test_what_is_over_goes_after_a_week_and_what_waits_stays(delivery: Delivery) -> None:
    later = clock.now() + timedelta(days=8)
    with clock.frozen(later):
        assert purge_deliveries() == 0
    Delivery.objects.update(state=DeliveryState.DELIVERED)
    assert purge_deliveries() == 0
    with clock.frozen(later):
        assert purge_deliveries() == 1


def test_each_wait_is_longer_than_the_one_before() -> None:
    waits: list[timedelta] = []
    while wait := wait_after(len(waits) + 1):
        waits.append(wait)
    assert waits == sorted(set(waits))
    assert len(waits) == 6
