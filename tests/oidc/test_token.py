"""The code: redeemed once, by its client, at its address, with its verifier, within a minute."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.models import Person
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.oidc.flows.clients import set_enabled
from idp.oidc.models import Grant
from tests.oidc.portal import FORM, PROTOCOL, VERIFIER, Browser, Portal, basic

pytestmark = pytest.mark.django_db


def assert_refused(response: object, error: str) -> None:
    """OAuth JSON, not stored, audited."""
    assert response.status_code == 400, response.content  # type: ignore[attr-defined]
    assert response.json()["error"] == error  # type: ignore[attr-defined]
    assert response["Cache-Control"] == "no-store"  # type: ignore[index]
    row = AuditRow.objects.filter(event="token").latest("id")
    assert (row.outcome, row.data["code"]) == ("refused", error)


def test_a_code_that_comes_twice_ends_what_it_gave(portal: Portal, doctor: Person) -> None:
    code = portal.code(doctor)
    tokens = portal.redeem(code).json()
    assert portal.userinfo(tokens["access_token"]).status_code == 200
    assert_refused(portal.redeem(code), "invalid_grant")
    assert portal.userinfo(tokens["access_token"]).status_code == 401
    assert_refused(portal.refresh(tokens["refresh_token"]), "invalid_grant")
    assert Grant.objects.get().revoke_reason == "code used twice"
    assert AuditRow.objects.filter(event="tokens_revoked").count() == 1


def test_a_code_of_another_client_is_refused_and_stays_good(
    portal: Portal, other_portal: Portal, doctor: Person
) -> None:
    code = portal.code(doctor)
    assert_refused(other_portal.redeem(code), "invalid_grant")
    assert AuditRow.objects.latest("id").client_id == "autre-portail"
    assert portal.redeem(code).status_code == 200


def test_a_used_code_in_another_clients_hands_ends_nothing(
    portal: Portal, other_portal: Portal, doctor: Person
) -> None:
    code = portal.code(doctor)
    tokens = portal.redeem(code).json()
    assert_refused(other_portal.redeem(code), "invalid_grant")
    assert portal.userinfo(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "x" * 43}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"redirect_uri": "https://portail.example/other"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
    ],
)
def test_one_wrong_value_and_the_code_gives_nothing(
    portal: Portal, doctor: Person, changes: dict[str, str | None], error: str
) -> None:
    code = portal.code(doctor)
    assert_refused(portal.redeem(changes.get("code", code), **changes), error)
    assert Grant.objects.get().code_used_at is None


def test_an_edited_code_is_refused(portal: Portal, doctor: Person) -> None:
    code = portal.code(doctor)
    assert_refused(portal.redeem(code[:-1] + ("a" if code[-1] != "a" else "b")), "invalid_grant")


def test_a_verifier_without_a_challenge_is_refused(psc_portal: Portal, doctor: Person) -> None:
    code = psc_portal.code(doctor, code_challenge=None, code_challenge_method=None)
    # RFC 9700 §4.8.2: a downgrade, not a coincidence.
    assert_refused(psc_portal.redeem(code), "invalid_request")


def test_a_code_lives_a_minute(portal: Portal, doctor: Person) -> None:
    start = clock.now()
    with clock.frozen(start):
        code, late = portal.code(doctor), portal.code(doctor)
    with clock.frozen(start + timedelta(seconds=59)):
        assert portal.redeem(code).status_code == 200
    with clock.frozen(start + timedelta(seconds=60)):
        assert_refused(portal.redeem(late), "invalid_grant")


def test_a_code_dies_with_its_session(portal: Portal, doctor: Person) -> None:
    code = portal.code(doctor)
    login.end_session(session=SsoSession.objects.get(), reason="test")
    assert_refused(portal.redeem(code), "invalid_grant")


def test_a_disabled_client_gets_nothing_for_its_code(portal: Portal, doctor: Person) -> None:
    code = portal.code(doctor)
    set_enabled(client_id=portal.client.client_id, is_enabled=False)
    response = portal.redeem(code)
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


def test_what_is_kept_of_a_code_and_of_a_refresh_token_is_a_digest(
    portal: Portal, doctor: Person
) -> None:
    code = portal.code(doctor)
    tokens = portal.redeem(code).json()
    kept = repr([row.__dict__ for row in Grant.objects.all()])
    assert code not in kept
    assert tokens["refresh_token"] not in kept
    assert VERIFIER not in kept


@pytest.mark.parametrize("endpoint", ["token", "token/introspect", "revoke"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", "application/json"),
        (b"", "multipart/form-data; boundary=x"),
        (b"code=%00", FORM),
        (b"code=%FF", FORM),
        (b"code=\xff", FORM),
        (b"code=" + b"c" * 65_536, FORM),
        (b"&".join(b"p%d=" % number for number in range(100)), FORM),
        (b"token=a&token=b&code=a&code=b&grant_type=x", FORM),
    ],
)
def test_a_malformed_call_is_invalid_request(
    portal: Portal, endpoint: str, body: bytes, content_type: str
) -> None:
    response = Browser().post(
        f"{PROTOCOL}/{endpoint}",
        body,
        content_type=content_type,
        HTTP_AUTHORIZATION=basic(portal.client.client_id),
    )
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("endpoint", ["token", "token/introspect", "revoke"])
def test_only_a_post_is_answered(portal: Portal, endpoint: str) -> None:
    response = Browser().get(f"{PROTOCOL}/{endpoint}?{urlencode({'token': 'x'})}")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert response.json()["error"] == "invalid_request"


def test_the_query_of_a_call_is_not_read(portal: Portal, doctor: Person) -> None:
    query = urlencode({"grant_type": "authorization_code", "code": portal.code(doctor)})
    response = Browser().post(
        f"{PROTOCOL}/token?{query}",
        b"",
        content_type=FORM,
        HTTP_AUTHORIZATION=basic(portal.client.client_id),
    )
    assert response.json()["error"] == "invalid_request"


def test_the_token_endpoint_gives_no_cors(portal: Portal, doctor: Person) -> None:
    response = portal.token_call({"grant_type": "x"}, HTTP_ORIGIN="https://evil.example")
    assert "Access-Control-Allow-Origin" not in response.headers
