"""The authentication request of CIBA Core 1.0 §7: what is accepted or refused, who is asked."""

from dataclasses import replace

import pytest

from idp.audit.models import AuditRow
from idp.directory.models import Person
from idp.enrollment.flows.tokens import number_of
from idp.enrollment.models import ApprovalRequest
from idp.login.models import LoginAttempt
from idp.oidc.gateways import keys
from idp.oidc.models import BackchannelRequest, Client, Grant
from idp.oidc.rules.profiles import PROFILES, ProfileName
from tests.oidc.ciba import DOCTOR_RPPS, Asker, answer, later, refusal_of, register
from tests.oidc.portal import FORM, PROTOCOL, Browser, Portal, basic

pytestmark = pytest.mark.django_db


def test_an_acknowledgement_has_the_three_members_and_is_not_stored(asker: Asker) -> None:
    response = asker.ask()
    body = response.json()
    assert set(body) == {"auth_req_id", "expires_in", "interval"}
    assert (body["expires_in"], body["interval"]) == (120, 5)
    assert response["Cache-Control"] == "no-store"


def test_an_auth_req_id_has_256_random_bits_and_only_its_digest_is_kept(asker: Asker) -> None:
    ids = {asker.begin() for _nth in range(3)}
    assert len(ids) == 3
    assert all(len(auth_req_id) == 43 for auth_req_id in ids)
    columns = [str(row) for row in BackchannelRequest.objects.values_list()]
    assert not any(auth_req_id in column for auth_req_id in ids for column in columns)


@pytest.mark.parametrize("hint", [f"8{DOCTOR_RPPS}", DOCTOR_RPPS, f"8 {DOCTOR_RPPS}"])
def test_the_hint_is_a_national_identifier_with_or_without_its_8(asker: Asker, hint: str) -> None:
    asker.begin(login_hint=hint)
    holder = ApprovalRequest.objects.get().holder
    assert holder is not None
    assert holder.national_id == f"8{DOCTOR_RPPS}"


@pytest.mark.parametrize(
    "hints",
    [
        {"login_hint": None},
        {"id_token_hint": "e30.e30.e30"},
        {"login_hint": None, "login_hint_token": "token"},
        {"login_hint_token": "token"},
    ],
    ids=str,
)
def test_exactly_one_hint_that_is_understood_is_needed(
    asker: Asker, hints: dict[str, str | None]
) -> None:
    assert refusal_of(asker.ask(**hints)) == (400, "invalid_request")


def test_a_hint_that_is_no_identifier_names_nobody(asker: Asker) -> None:
    assert refusal_of(asker.ask(login_hint="camille.lefevre@example.fr")) == (
        400,
        "unknown_user_id",
    )


def test_an_id_token_names_the_person(asker: Asker, doctor: Person) -> None:
    hint = asker.portal.tokens(doctor)["id_token"]
    with later(600):
        asker.begin(login_hint=None, id_token_hint=hint)
    assert ApprovalRequest.objects.get().holder == doctor


def test_an_id_token_names_the_person_after_its_grant_is_gone(asker: Asker, doctor: Person) -> None:
    hint = asker.portal.tokens(doctor)["id_token"]
    Grant.objects.all().delete()
    asker.begin(login_hint=None, id_token_hint=hint)
    assert ApprovalRequest.objects.get().holder == doctor


def test_an_id_token_of_another_client_is_refused(
    asker: Asker, other_portal: Portal, doctor: Person
) -> None:
    hint = other_portal.tokens(doctor)["id_token"]
    response = asker.ask(login_hint=None, id_token_hint=hint)
    assert refusal_of(response) == (400, "invalid_request")


@pytest.mark.parametrize("bend", ["access_token", "unsigned", "altered"])
def test_an_id_token_hint_that_is_not_ours_is_refused(
    asker: Asker, doctor: Person, bend: str
) -> None:
    tokens = asker.portal.tokens(doctor)
    header, payload, signature = tokens["id_token"].split(".")
    hint = {
        "access_token": tokens["access_token"],
        "unsigned": f"eyJhbGciOiJub25lIn0.{payload}.",
        "altered": f"{header}.{payload}.{signature[::-1]}",
    }[bend]
    response = asker.ask(login_hint=None, id_token_hint=hint)
    assert refusal_of(response) == (400, "invalid_request")


@pytest.mark.parametrize("scope", [None, "profile", "unknown"])
def test_the_scope_must_contain_openid(asker: Asker, scope: str | None) -> None:
    assert refusal_of(asker.ask(scope=scope)) == (400, "invalid_scope")


def test_a_psc_portal_may_leave_openid_out_as_everywhere(psc_asker: Asker) -> None:
    auth_req_id = psc_asker.begin(scope="scope_all")
    answer(auth_req_id)
    tokens = psc_asker.poll(auth_req_id).json()
    assert tokens["scope"] == "scope_all"
    assert "id_token" not in tokens


def test_scopes_in_another_order_are_accepted(asker: Asker) -> None:
    assert asker.ask(scope="scope_all openid").status_code == 200


@pytest.mark.parametrize("channel", ["carrier-pigeon", "card", "CARD MOBILE"])
def test_an_unknown_channel_is_refused_with_those_that_are_known(
    asker: Asker, channel: str
) -> None:
    response = asker.ask(channel=channel)
    assert refusal_of(response) == (400, "invalid_request")
    assert "MOBILE or CARD" in response.json()["error_description"]


def test_a_card_that_no_server_can_reach_is_refused_with_a_way_out(asker: Asker) -> None:
    response = asker.ask(channel="CARD")
    assert refusal_of(response) == (400, "invalid_request")
    assert "Ask for MOBILE" in response.json()["error_description"]


@pytest.mark.parametrize("channel", ["MOBILE", "CARD"])
def test_either_channel_asks_the_phone_and_the_token_says_so(
    psc_asker: Asker, channel: str
) -> None:
    auth_req_id = psc_asker.begin(channel=channel, binding_message="07")
    answer(auth_req_id)
    claims = keys.read(psc_asker.poll(auth_req_id).json()["access_token"], kind="Bearer")
    assert claims["authMode"] == "MOBILE"


@pytest.mark.parametrize("level", ["eidas1", "eidas2", "eidas1 eidas2", "unknown", None])
def test_the_acr_asked_is_answered(psc_asker: Asker, level: str | None) -> None:
    auth_req_id = psc_asker.begin(acr_values=level)
    answer(auth_req_id)
    claims = keys.read(psc_asker.poll(auth_req_id).json()["access_token"], kind="Bearer")
    assert claims["acr"] == {"eidas1": "eidas1", "eidas1 eidas2": "eidas1"}.get(
        level or "", "eidas2"
    )


def test_an_acr_that_the_phone_does_not_reach_is_refused(asker: Asker) -> None:
    response = asker.ask(acr_values="eidas3")
    assert refusal_of(response) == (400, "unmet_authentication_requirements")
    assert not LoginAttempt.objects.exists()


@pytest.mark.parametrize(
    "message",
    ["x" * 65, "two\nlines", "\u202eright to left", " blank before", "escape\x1b", "\u200b"],
)
def test_a_binding_message_that_cannot_be_shown_as_sent_is_refused(
    asker: Asker, message: str
) -> None:
    response = asker.ask(binding_message=message)
    assert refusal_of(response) == (400, "invalid_binding_message")
    assert not ApprovalRequest.objects.exists()


@pytest.mark.parametrize("message", ["1234", "Ordonnance 12 · Mme Zoé Œuvré", "x" * 64, "9"])
def test_a_text_is_quoted_on_the_phone_and_no_number_is_typed(asker: Asker, message: str) -> None:
    asker.begin(binding_message=message)
    request = ApprovalRequest.objects.get()
    assert (request.binding_message, request.number_length) == (message, 0)


@pytest.mark.parametrize("number", ["00", "07", "99"])
def test_two_digits_are_typed_and_never_shown_on_the_phone(asker: Asker, number: str) -> None:
    asker.begin(binding_message=number)
    request = ApprovalRequest.objects.get()
    assert (request.binding_message, request.number_length) == ("", 2)
    # Compared whole: two digits do stand in the text of a ciphertext now and then.
    assert bytes(request.sealed_number or b"") != number.encode()
    assert number_of(request) == number


@pytest.mark.parametrize("expiry", ["0", "-1", "1.5", "soon", "9" * 10])
def test_a_requested_expiry_is_a_positive_integer(asker: Asker, expiry: str) -> None:
    assert refusal_of(asker.ask(requested_expiry=expiry)) == (400, "invalid_request")


@pytest.mark.parametrize(("asked", "given"), [("10", 10), ("600", 600), ("86400", 600)])
def test_a_requested_expiry_is_followed_within_bounds(asker: Asker, asked: str, given: int) -> None:
    assert asker.ask(requested_expiry=asked).json()["expires_in"] == given


@pytest.mark.parametrize("name", ["request", "request_uri"])
def test_what_is_not_supported_is_said(asker: Asker, name: str) -> None:
    assert refusal_of(asker.ask(**{name: "x.y.z"}))[0] == 400


def test_a_user_code_is_ignored(asker: Asker) -> None:
    assert asker.ask(user_code="1234").status_code == 200


def test_a_repeated_parameter_is_refused(asker: Asker) -> None:
    response = Browser().post(
        f"{PROTOCOL}/ext/ciba/auth",
        "scope=openid&scope=openid&login_hint=899900000011",
        content_type=FORM,
        HTTP_AUTHORIZATION=basic(asker.portal.client.client_id),
    )
    assert refusal_of(response) == (400, "invalid_request")


@pytest.mark.parametrize("body", [b"scope=%00", b"scope=%ff", b"scope=" + b"x" * 70_000])
def test_a_malformed_body_is_an_invalid_request(asker: Asker, body: bytes) -> None:
    response = Browser().post(
        f"{PROTOCOL}/ext/ciba/auth",
        body,
        content_type=FORM,
        HTTP_AUTHORIZATION=basic(asker.portal.client.client_id),
    )
    assert refusal_of(response) == (400, "invalid_request")


def test_only_a_post_is_answered(asker: Asker) -> None:
    assert Browser().get(f"{PROTOCOL}/ext/ciba/auth").status_code == 405


def test_a_client_that_did_not_register_the_grant_is_refused(
    portal: Portal, doctor: Person
) -> None:
    asker = Asker(portal)
    auth_req_id = asker.begin()
    register(portal.client, grant_types=["authorization_code", "refresh_token"])
    assert refusal_of(asker.ask()) == (400, "unauthorized_client")
    assert asker.error_of(auth_req_id) == "unauthorized_client"


@pytest.mark.parametrize("endpoint", ["ask", "poll"])
def test_a_client_proves_itself_at_both_endpoints(asker: Asker, endpoint: str) -> None:
    path, form = {
        "ask": ("ext/ciba/auth", {"scope": "openid", "login_hint": f"8{DOCTOR_RPPS}"}),
        "poll": ("token", {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": "x"}),
    }[endpoint]
    for authorization in ("", "Basic cG9ydGFpbC10ZXN0Ondyb25n"):
        response = asker.portal.call(path, form, HTTP_AUTHORIZATION=authorization)
        assert refusal_of(response) == (401, "invalid_client")


def test_a_refused_request_is_audited_and_opens_nothing(asker: Asker) -> None:
    asker.ask(scope="profile")
    row = AuditRow.objects.get(event="ciba")
    assert (row.outcome, row.data["code"]) == ("refused", "invalid_scope")
    assert not LoginAttempt.objects.exists()


def test_nobody_looks_like_somebody_who_does_not_answer(asker: Asker) -> None:
    known, unknown = asker.ask(), asker.ask(login_hint="810100271385")
    assert known.status_code == unknown.status_code == 200
    assert set(known.json()) == set(unknown.json())
    assert known.json()["expires_in"] == unknown.json()["expires_in"]
    auth_req_id = unknown.json()["auth_req_id"]
    assert asker.error_of(auth_req_id) == "authorization_pending"
    assert asker.error_of(known.json()["auth_req_id"]) == "authorization_pending"
    with later(120):
        assert asker.error_of(auth_req_id) == "expired_token"


def test_where_the_profile_says_so_the_portal_is_told_that_nobody_has_the_identifier(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling = replace(PROFILES[ProfileName.STANDARD], tells_unknown_persons=True)
    monkeypatch.setattr(Client, "profile", telling)
    assert refusal_of(asker.ask(login_hint="810100271385")) == (400, "unknown_user_id")
    assert asker.ask().status_code == 200


def test_only_fapi_portals_are_told_that_nobody_has_an_identifier() -> None:
    telling = {name for name, row in PROFILES.items() if row.tells_unknown_persons}
    assert telling == {ProfileName.FAPI2}
