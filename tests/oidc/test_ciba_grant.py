"""Polling and redeeming (CIBA Core 1.0 §10.1, §11)."""

from datetime import timedelta

import pytest

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.models import Person
from idp.login.models import LoginAttempt, SsoSession
from idp.oidc.flows import ciba_grant
from idp.oidc.gateways import keys
from idp.oidc.models import Grant
from tests.oidc.ciba import DOCTOR_RPPS, Asker, answer, later, refusal_of, register
from tests.oidc.portal import PROTOCOL, Browser, Portal

pytestmark = pytest.mark.django_db


def test_a_pending_request_is_answered_400_and_a_quick_poll_slow_down(asker: Asker) -> None:
    auth_req_id = asker.begin()
    assert asker.error_of(auth_req_id) == "authorization_pending"
    assert asker.error_of(auth_req_id) == "slow_down"
    with later(5):
        assert asker.error_of(auth_req_id) == "authorization_pending"


def test_a_client_that_polls_each_second_gets_its_tokens_all_the_same(psc_asker: Asker) -> None:
    auth_req_id = psc_asker.begin(binding_message="42")
    start = clock.now()
    for second in range(4):
        with clock.frozen(start + timedelta(seconds=second)):
            assert psc_asker.error_of(auth_req_id) in ("authorization_pending", "slow_down")
    answer(auth_req_id)
    assert psc_asker.poll(auth_req_id).status_code == 200


def test_an_approved_request_brings_every_key_of_a_token_response(
    psc_asker: Asker, doctor: Person
) -> None:
    auth_req_id = psc_asker.begin(binding_message="42")
    assert answer(auth_req_id).json() == {"state": "approved"}
    tokens = psc_asker.poll(auth_req_id).json()
    assert set(tokens) == {
        "access_token",
        "expires_in",
        "refresh_expires_in",
        "refresh_token",
        "token_type",
        "id_token",
        "not-before-policy",
        "session_state",
        "scope",
    }
    claims = keys.read(tokens["access_token"], kind="Bearer")
    assert (claims["authMode"], claims["nonce"]) == ("MOBILE", "")
    assert claims["SubjectNameID"] == doctor.national_id
    id_claims = keys.read(tokens["id_token"], kind="ID")
    assert (id_claims["aud"], id_claims["sid"]) == ("portail-psc", tokens["session_state"])
    assert id_claims["amr"] == ["test"]


def test_its_tokens_live_like_any_others(asker: Asker) -> None:
    auth_req_id = asker.begin()
    answer(auth_req_id)
    tokens = asker.poll(auth_req_id).json()
    assert asker.portal.userinfo(tokens["access_token"]).json()["given_name"] == "Camille"
    assert asker.portal.introspect(tokens["access_token"])["active"] is True
    turned = asker.portal.refresh(tokens["refresh_token"])
    assert turned.status_code == 200
    ended = Browser().get(f"{PROTOCOL}/logout?id_token_hint={tokens['id_token']}")
    assert ended.status_code == 200
    assert asker.portal.userinfo(turned.json()["access_token"]).status_code == 401


def test_its_session_belongs_to_no_browser(asker: Asker) -> None:
    auth_req_id = asker.begin()
    answer(auth_req_id)
    response = asker.poll(auth_req_id)
    assert not response.cookies
    session = SsoSession.objects.get()
    assert (session.auth_mode, str(session.pk)) == ("MOBILE", response.json()["session_state"])


def test_an_auth_req_id_is_redeemed_once(asker: Asker) -> None:
    auth_req_id = asker.begin()
    answer(auth_req_id)
    assert asker.poll(auth_req_id).status_code == 200
    assert asker.error_of(auth_req_id) == "invalid_grant"
    assert Grant.objects.count() == SsoSession.objects.count() == 1


def test_a_refusal_is_access_denied_at_every_poll(asker: Asker) -> None:
    auth_req_id = asker.begin()
    assert answer(auth_req_id, "deny").json() == {"state": "denied"}
    rows = AuditRow.objects.count()
    for seconds in (0, 1, 300):
        with later(seconds):
            assert asker.error_of(auth_req_id) == "access_denied"
    # The refusal itself was audited: polls after it are not.
    assert AuditRow.objects.count() == rows


def test_a_request_that_is_over_is_expired_even_when_it_was_approved(asker: Asker) -> None:
    approved = asker.begin(requested_expiry="10")
    answer(approved)
    with later(11):
        assert asker.error_of(approved) == "expired_token"
    assert not SsoSession.objects.exists()


def test_another_client_cannot_redeem_it(asker: Asker, other_portal: Portal) -> None:
    auth_req_id = asker.begin()
    answer(auth_req_id)
    assert Asker(other_portal).error_of(auth_req_id) == "invalid_grant"
    assert asker.poll(auth_req_id).status_code == 200


@pytest.mark.parametrize("bent", ["unknown", "x" * 5000, "Ω"])
def test_an_auth_req_id_that_nobody_gave_out_is_not_valid(asker: Asker, bent: str) -> None:
    assert asker.error_of(bent) == "invalid_grant"


def test_a_missing_auth_req_id_is_an_invalid_request(asker: Asker) -> None:
    assert asker.error_of("") == "invalid_request"


def test_a_person_who_is_gone_at_redemption_gets_nothing(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth_req_id = asker.begin()
    answer(auth_req_id)
    monkeypatch.setattr(ciba_grant, "get_professional", lambda *, person_id: None)
    assert asker.error_of(auth_req_id) == "access_denied"
    assert not SsoSession.objects.exists()


def test_a_disabled_client_redeems_nothing(asker: Asker) -> None:
    auth_req_id = asker.begin()
    answer(auth_req_id)
    register(asker.portal.client, is_enabled=False)
    assert refusal_of(asker.poll(auth_req_id)) == (401, "invalid_client")


def test_polls_that_bring_nothing_leave_no_row_in_the_audit_log(asker: Asker) -> None:
    auth_req_id = asker.begin()
    rows = AuditRow.objects.count()
    for _nth in range(5):
        asker.poll(auth_req_id)
    assert AuditRow.objects.count() == rows


def test_what_was_granted_is_audited_with_its_session(asker: Asker) -> None:
    auth_req_id = asker.begin()
    answer(auth_req_id)
    asker.poll(auth_req_id)
    row = AuditRow.objects.get(event="ciba")
    assert (row.outcome, row.subject) == ("accepted", f"8{DOCTOR_RPPS}")
    assert row.data["session"] == str(SsoSession.objects.get().pk)


def test_no_browser_can_take_part_in_such_a_login(asker: Asker) -> None:
    asker.begin()
    attempt = LoginAttempt.objects.get()
    assert Browser().get(f"/login/{attempt.pk}").status_code == 410
