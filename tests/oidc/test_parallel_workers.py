"""Several workers at once: a message is sent once, a key is turned once."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from idp.audit.models import AuditRow
from idp.core import clock
from idp.core.outbound import OutboundAnswer
from idp.oidc.flows import delivery_worker
from idp.oidc.flows.deliveries import Message, queue
from idp.oidc.flows.keys import TooSoonError, rotate_keys
from idp.oidc.gateways import keys
from idp.oidc.models import Delivery, SigningKey
from idp.oidc.rules.delivery import DeliveryKind, DeliveryState
from tests.oidc.portal import Portal
from tests.oidc.test_parallel_use import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 6


@pytest.fixture(autouse=True)
def _fresh_keys() -> Iterator[None]:
    keys.forget()
    yield
    keys.forget()


def test_each_message_is_sent_by_one_worker(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        queue(
            kind=DeliveryKind.BACKCHANNEL_LOGOUT,
            client=portal.client,
            target=f"https://portail.example/{number}",
            reference=str(number),
            give_up_at=clock.now() + timedelta(hours=1),
        )
    sent: list[str] = []

    def send(*, url: str, **_: Any) -> OutboundAnswer:
        sent.append(url)
        return OutboundAnswer(status=200, headers={}, body=b"")

    monkeypatch.setattr(delivery_worker, "send", send)
    monkeypatch.setattr(delivery_worker, "_message_of", lambda _: Message(content=b"", headers={}))
    all_at_once(delivery_worker.deliver_due, many=WORKERS)
    assert len(sent) == len(set(sent)) == 30
    assert not Delivery.objects.exclude(state=DeliveryState.DELIVERED).exists()


def turned() -> bool:
    try:
        rotate_keys(alg="RS256")
    except TooSoonError:
        return False
    return True


def test_a_key_is_turned_by_one_worker() -> None:
    keys.ring()
    assert sorted(all_at_once(turned, many=WORKERS)) == [False] * (WORKERS - 1) + [True]
    states = SigningKey.objects.filter(alg="RS256").values_list("state", flat=True)
    assert sorted(states) == ["current", "next", "previous"]
    assert AuditRow.objects.filter(event="keys_rotated").count() == 1
