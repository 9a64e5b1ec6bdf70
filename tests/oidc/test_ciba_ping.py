"""CIBA in ping mode: the portal is told once that there is an answer, and polls (§7.1, §10.2)."""

import json
from typing import Any

import pytest

from idp.core.errors import IdpError
from idp.core.outbound import OutboundAnswer
from idp.login.models import LoginAttempt
from idp.oidc.flows import delivery_worker
from idp.oidc.flows.delivery_worker import deliver_due
from idp.oidc.models import BackchannelRequest, Delivery
from tests.oidc.ciba import Asker, answer, later, refusal_of, register

pytestmark = pytest.mark.django_db
ENDPOINT = "https://portail.example/ciba/ping"
TOKEN = "8d67dc78-7faa-4d41-aabd-67707b374255"


class Wire:
    """The portal's notification endpoint."""

    def __init__(self) -> None:
        self.status, self.body, self.is_up = 204, b"", True
        self.calls: list[dict[str, Any]] = []

    def send(self, **call: Any) -> OutboundAnswer:
        self.calls.append(call)
        if not self.is_up:
            raise IdpError("outbound_failed", "", detail="no connection", status=502)
        headers = {"Location": "https://evil.example/"} if self.status == 301 else {}
        return OutboundAnswer(status=self.status, headers=headers, body=self.body)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    portal = Wire()
    monkeypatch.setattr(delivery_worker, "send", portal.send)
    return portal


@pytest.fixture
def pinged(asker: Asker, wire: Wire) -> Asker:
    register(
        asker.portal.client,
        backchannel_token_delivery_mode="ping",
        backchannel_client_notification_endpoint=ENDPOINT,
    )
    return asker


def begin(asker: Asker) -> str:
    return asker.begin(client_notification_token=TOKEN)


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_an_answer_is_told_with_the_portals_own_token_and_nothing_else(
    pinged: Asker, wire: Wire, verb: str
) -> None:
    auth_req_id = begin(pinged)
    deliver_due()
    assert wire.calls == []
    answer(auth_req_id, verb)
    deliver_due()
    (call,) = wire.calls
    assert (call["url"], call["method"]) == (ENDPOINT, "POST")
    assert call["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert call["headers"]["Content-Type"] == "application/json"
    assert json.loads(call["content"]) == {"auth_req_id": auth_req_id}
    assert Delivery.objects.get().state == "delivered"


def test_the_tokens_are_fetched_after_the_ping(pinged: Asker) -> None:
    auth_req_id = begin(pinged)
    answer(auth_req_id)
    deliver_due()
    assert pinged.poll(auth_req_id).status_code == 200


def test_a_portal_in_ping_mode_may_poll_as_well(pinged: Asker) -> None:
    auth_req_id = begin(pinged)
    assert pinged.error_of(auth_req_id) == "authorization_pending"
    answer(auth_req_id)
    assert pinged.poll(auth_req_id).status_code == 200


@pytest.mark.parametrize("token", [None, "", "two words", "x" * 1025, "line\nbreak"])
def test_ping_needs_a_bearer_token_to_come_back_with(pinged: Asker, token: str | None) -> None:
    response = pinged.ask(client_notification_token=token)
    assert refusal_of(response) == (400, "invalid_request")
    assert not LoginAttempt.objects.exists()


def test_neither_token_nor_auth_req_id_is_stored_in_clear(pinged: Asker) -> None:
    auth_req_id = begin(pinged)
    answer(auth_req_id)
    rows = [*BackchannelRequest.objects.values_list(), *Delivery.objects.values_list()]
    assert not any(secret in str(rows) for secret in (TOKEN, auth_req_id))


@pytest.mark.parametrize("status", [401, 403, 301, 400])
def test_a_ping_that_is_refused_or_sent_elsewhere_is_never_repeated(
    pinged: Asker, wire: Wire, status: int
) -> None:
    wire.status = status
    auth_req_id = begin(pinged)
    answer(auth_req_id)
    deliver_due()
    with later(60):
        deliver_due()
    assert [call["url"] for call in wire.calls] == [ENDPOINT]
    assert Delivery.objects.get().state == "failed"
    assert pinged.poll(auth_req_id).status_code == 200


def test_an_answer_with_a_body_is_as_good(pinged: Asker, wire: Wire) -> None:
    wire.status, wire.body = 200, b'{"thank": "you"}'
    auth_req_id = begin(pinged)
    answer(auth_req_id)
    deliver_due()
    assert Delivery.objects.get().state == "delivered"
    assert pinged.poll(auth_req_id).status_code == 200


def test_a_portal_that_does_not_answer_is_tried_again_until_the_request_is_over(
    pinged: Asker, wire: Wire
) -> None:
    wire.is_up = False
    answer(begin(pinged))
    deliver_due()
    with later(6):
        deliver_due()
    assert len(wire.calls) == 2
    with later(119):
        deliver_due()
    assert Delivery.objects.get().state == "given_up"


def test_a_portal_in_poll_mode_is_not_pinged(asker: Asker, wire: Wire) -> None:
    answer(asker.begin(client_notification_token=TOKEN))
    assert deliver_due() == 0
