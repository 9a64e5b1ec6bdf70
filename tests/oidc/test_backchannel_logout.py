"""Back-channel logout: which portals hear of the end of a session, and what they are sent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from idp.audit.models import AuditRow
from idp.configuration import Mode
from idp.core import clock
from idp.core.errors import IdpError
from idp.core.outbound import OutboundAnswer
from idp.directory.models import Person
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.oidc.flows import delivery_worker
from idp.oidc.flows.deliveries import Message
from idp.oidc.gateways import client_cache, keys
from idp.oidc.models import Client, Delivery
from idp.oidc.rules.delivery import DeliveryState
from tests.oidc.portal import LOGGED_OUT_URI, PROTOCOL, Browser, Portal, issuer
from tests.oidc.receiver import Receiver, receiver

pytestmark = pytest.mark.django_db
ADDRESS = f"{PROTOCOL}/logout"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
__all__ = ["receiver"]


def listens(portal: Portal, uri: str) -> None:
    Client.objects.filter(pk=portal.client.pk).update(backchannel_logout_uri=uri)
    client_cache._held.clear()
    portal.client.refresh_from_db()


def log_out(portal: Portal, id_token: str, **parameters: str) -> Any:
    query = urlencode({"id_token_hint": id_token, **parameters})
    return portal.browser.get(f"{ADDRESS}?{query}")


def logout_token(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """(header, claims) of the only member of the form, its signature checked with the JWKS."""
    form = parse_qs(body.decode(), strict_parsing=True)
    assert list(form) == ["logout_token"]
    listed = Browser().get(f"{PROTOCOL}/certs").json()
    token = jwt.decode(form["logout_token"][0], KeySet.import_key_set(listed), ["RS256", "ES256"])
    return token.header, token.claims


def test_oidcc_backchannel_logout_discovery_endpoint_verification(
    portal: Portal, doctor: Person
) -> None:
    told = Browser().get("/auth/realms/esante-wallet/.well-known/openid-configuration").json()
    assert told["backchannel_logout_supported"] is True
    assert told["backchannel_logout_session_supported"] is True
    assert told["end_session_endpoint"].endswith("/logout")
    assert keys.read(portal.tokens(doctor)["id_token"], kind="ID")["sid"]


def test_oidcc_backchannel_rp_initiated_logout(
    portal: Portal, doctor: Person, receiver: Receiver
) -> None:
    listens(portal, receiver.url)
    id_token = portal.tokens(doctor)["id_token"]
    told = keys.read(id_token, kind="ID")
    response = log_out(portal, id_token, post_logout_redirect_uri=LOGGED_OUT_URI, state="s")
    assert response["Location"] == f"{LOGGED_OUT_URI}?state=s"
    assert delivery_worker.deliver_due() == 1
    (call,) = receiver.calls
    assert call.content_type == "application/x-www-form-urlencoded"
    header, claims = logout_token(call.body)
    assert header["typ"] == "logout+jwt"
    assert claims["iss"] == issuer()
    assert claims["aud"] == portal.client.client_id
    assert claims["events"] == {EVENT: {}}
    assert (claims["sub"], claims["sid"]) == (told["sub"], told["sid"])
    assert claims["exp"] - claims["iat"] == 120
    assert claims["jti"]
    assert "nonce" not in claims
    assert parameters_error(portal.ask(prompt="none")) == "login_required"
    assert Delivery.objects.get().state == DeliveryState.DELIVERED


def parameters_error(response: Any) -> str:
    return str(parse_qs(response["Location"].partition("?")[2])["error"][0])


def test_a_logout_token_is_no_hint_and_no_access_token(
    portal: Portal, doctor: Person, receiver: Receiver
) -> None:
    listens(portal, receiver.url)
    log_out(portal, portal.tokens(doctor)["id_token"])
    delivery_worker.deliver_due()
    token = parse_qs(receiver.calls[0].body.decode())["logout_token"][0]
    for kind in ("ID", "Bearer"):
        with pytest.raises(keys.InvalidTokenError):
            keys.read(token, kind=kind)


def test_every_portal_of_the_session_hears_and_no_other(
    portal: Portal, other_portal: Portal, psc_portal: Portal, doctor: Person, receiver: Receiver
) -> None:
    for each in (portal, other_portal, psc_portal):
        listens(each, receiver.url)
    other_portal.browser = portal.browser
    id_token = portal.tokens(doctor)["id_token"]
    other_portal.tokens(doctor)
    # In another browser: another session, which goes on.
    psc_portal.tokens(doctor, code_challenge=None, code_challenge_method=None)
    log_out(portal, id_token)
    told = set(Delivery.objects.values_list("client__client_id", flat=True))
    assert told == {portal.client.client_id, other_portal.client.client_id}


def test_a_portal_whose_tokens_were_revoked_or_never_taken_is_not_told(
    portal: Portal, other_portal: Portal, doctor: Person
) -> None:
    for each in (portal, other_portal):
        listens(each, "https://portail.example/logout")
    other_portal.browser = portal.browser
    tokens = portal.tokens(doctor)
    portal.call("revoke", {"token": tokens["refresh_token"]})
    other_portal.code(doctor)
    log_out(portal, tokens["id_token"])
    assert SsoSession.objects.get().ended_at is not None
    assert not Delivery.objects.exists()


def test_portals_hear_when_another_person_takes_the_browser(
    portal: Portal, doctor: Person, midwife: Person
) -> None:
    listens(portal, "https://portail.example/logout")
    portal.tokens(doctor)
    portal.log_in(portal.ask(prompt="login"), midwife)
    ended = SsoSession.objects.get(ended_at__isnull=False)
    assert Delivery.objects.get().reference == str(ended.pk)


def test_portals_hear_of_a_logout_between_servers(portal: Portal, doctor: Person) -> None:
    listens(portal, "https://portail.example/logout")
    id_token = portal.tokens(doctor)["id_token"]
    Browser().get(f"{ADDRESS}?{urlencode({'id_token_hint': id_token})}")
    assert Delivery.objects.count() == 1


def test_an_end_that_is_rolled_back_tells_nobody(
    portal: Portal, doctor: Person, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    listens(portal, "https://portail.example/logout")
    portal.tokens(doctor)
    settings.SESSION_END_HOOKS = [*settings.SESSION_END_HOOKS, f"{__name__}.fail"]
    with pytest.raises(RuntimeError):
        login.end_session(session=SsoSession.objects.get(), reason="logged out")
    assert SsoSession.objects.get().ended_at is None
    assert not Delivery.objects.exists()


def fail(*, session: SsoSession) -> None:
    raise RuntimeError(str(session))


def test_ending_twice_tells_once(portal: Portal, doctor: Person) -> None:
    listens(portal, "https://portail.example/logout")
    id_token = portal.tokens(doctor)["id_token"]
    for _ in range(2):
        log_out(portal, id_token)
    assert Delivery.objects.count() == 1


@pytest.fixture
def pending(portal: Portal, doctor: Person) -> Delivery:
    """A logout that waits to be told."""
    listens(portal, "https://portail.example/logout")
    log_out(portal, portal.tokens(doctor)["id_token"])
    return Delivery.objects.get()


def answers(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], Any]) -> list[str]:
    sent: list[str] = []

    def send(*, url: str, **_: Any) -> Any:
        sent.append(url)
        return answer()

    monkeypatch.setattr(delivery_worker, "send", send)
    return sent


def unreachable() -> Any:
    raise IdpError("outbound_failed", "", detail="ConnectError", status=502)


def test_a_portal_that_cannot_be_reached_is_tried_again_later(
    pending: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = answers(monkeypatch, unreachable)
    assert delivery_worker.deliver_due() == 1
    assert delivery_worker.deliver_due() == 0
    pending.refresh_from_db()
    assert (pending.state, pending.attempts) == (DeliveryState.PENDING, 1)
    assert pending.last_error == "ConnectError"
    with clock.frozen(clock.now() + timedelta(seconds=6)):
        assert delivery_worker.deliver_due() == 1
    assert len(sent) == 2


def test_after_its_last_try_it_is_given_up_and_audited(
    pending: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = answers(monkeypatch, unreachable)
    now = clock.now()
    for number in range(20):
        with clock.frozen(now + timedelta(hours=2 * number) / 2):
            delivery_worker.deliver_due()
    pending.refresh_from_db()
    assert pending.state == DeliveryState.GIVEN_UP
    assert len(sent) <= 7
    row = AuditRow.objects.get(event="delivery")
    assert row.data["code"] == "given_up"
    assert row.data["target"] == "https://portail.example/logout"


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404])
def test_a_refusal_is_final_and_no_redirection_is_followed(
    pending: Delivery, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    sent = answers(monkeypatch, lambda: answer_of(status))
    delivery_worker.deliver_due()
    with clock.frozen(clock.now() + timedelta(minutes=10)):
        assert delivery_worker.deliver_due() == 0
    pending.refresh_from_db()
    assert (pending.state, pending.last_error) == (DeliveryState.FAILED, f"HTTP {status}")
    assert len(sent) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_portal_in_trouble_is_tried_again(
    pending: Delivery, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    answers(monkeypatch, lambda: answer_of(status))
    delivery_worker.deliver_due()
    pending.refresh_from_db()
    assert pending.state == DeliveryState.PENDING


def answer_of(status: int) -> OutboundAnswer:
    return OutboundAnswer(status=status, headers={}, body=b"")


def test_a_portal_in_trouble_does_not_hold_up_the_others(
    portal: Portal, other_portal: Portal, doctor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in (portal, portal, other_portal):
        listens(each, f"https://portail.example/{each.client.client_id}")
        each.browser = Browser()
        log_out(each, each.tokens(doctor)["id_token"])
    monkeypatch.setattr(delivery_worker, "BATCH", 1)
    sent: list[str] = []

    def send(*, url: str, **_: Any) -> OutboundAnswer:
        sent.append(url.rpartition("/")[2])
        return answer_of(503 if sent[-1] == "portail-test" else 200)

    monkeypatch.setattr(delivery_worker, "send", send)
    assert delivery_worker.deliver_due() == 2
    assert sent == ["portail-test", "autre-portail"]
    with clock.frozen(clock.now() + timedelta(seconds=31)):
        assert delivery_worker.deliver_due() == 1
    assert len(sent) == 3


def test_many_messages_are_sent_at_once(pending: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        pending.pk, pending._state.adding = uuid4(), True
        pending.reference = str(number)
        pending.save()
    monkeypatch.setattr(delivery_worker, "_message_of", lambda _: Message(content=b"", headers={}))
    sent = answers(monkeypatch, lambda: answer_of(200))
    assert delivery_worker.deliver_due() == len(sent) == 41


def test_a_worker_killed_while_sending_loses_nothing(
    pending: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed() -> Any:
        raise SystemExit

    answers(monkeypatch, killed)
    with pytest.raises(SystemExit):
        delivery_worker.deliver_due()
    sent = answers(monkeypatch, lambda: answer_of(200))
    # Its lease holds: another worker does not send the same twice at once.
    assert delivery_worker.deliver_due() == 0
    with clock.frozen(clock.now() + delivery_worker.LEASE + timedelta(seconds=1)):
        assert delivery_worker.deliver_due() == 1
    pending.refresh_from_db()
    assert (pending.state, len(sent)) == (DeliveryState.DELIVERED, 1)


def test_of_two_workers_one_claims(pending: Delivery) -> None:
    now = clock.now()
    twin = Delivery.objects.get(pk=pending.pk)
    assert pending.claim(now=now, lease_until=now + delivery_worker.LEASE)
    assert not twin.claim(now=now, lease_until=now + delivery_worker.LEASE)


def test_a_disabled_portal_is_told_nothing(
    pending: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    Client.objects.update(is_enabled=False)
    sent = answers(monkeypatch, lambda: answer_of(200))
    delivery_worker.deliver_due()
    pending.refresh_from_db()
    assert (pending.state, sent) == (DeliveryState.FAILED, [])


def test_an_address_of_this_machine_is_called_in_the_sandbox_only(
    portal: Portal, doctor: Person, receiver: Receiver, settings: Any
) -> None:
    listens(portal, receiver.url)
    log_out(portal, portal.tokens(doctor)["id_token"])
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION)
    delivery_worker.deliver_due()
    assert not receiver.calls
    assert "inside address" in Delivery.objects.get().last_error
