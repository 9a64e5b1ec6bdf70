"""OCSP answers: believed only of who may speak, about the very card, now; they only take away."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.db import OperationalError
from pytest_django import Settings

from idp.audit.models import AuditRow
from idp.cardbridge.flows import barring
from idp.cardbridge.flows import ocsp as flow
from idp.cardbridge.gateways.ocsp import OcspAnswer
from idp.cardbridge.models import BarredSerial, TrustedCertificate
from idp.configuration import Mode
from idp.core import clock, outbound
from idp.core.errors import IdpError
from idp.directory.models import Card
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.sandbox.pki.hierarchy import AuthorityName, load_or_make
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import EC_KEY, Recipe, craft
from tests.cardbridge.responder import REVOKED, UNKNOWN, Responder, ask, delegate_of
from tests.cardbridge.steps import log_in
from tests.login.conftest import open_one

URL = "http://ocsp.example"
REVOKED_NOW = OcspAnswer(is_good=False, revoked_at=clock.now(), reason="")


@pytest.fixture
def card(fort: Credential) -> Credential:
    """A card that has just logged in, of an issuer that has a responder."""
    TrustedCertificate.objects.filter(accepts_cards=True).update(ocsp_url=URL)
    made = craft(fort)
    assert log_in(open_one(), made) == ""
    return made


@pytest.fixture
def responder(fort: Credential, card: Credential, monkeypatch: pytest.MonkeyPatch) -> Responder:
    made = Responder(issuer=fort, card=card)

    def send(*, url: str, method: str, content: bytes, **options: Any) -> Any:
        assert (url, method) == (URL, "POST")
        return made.send(content=content, **options)

    monkeypatch.setattr(outbound, "send", send)
    return made


def state() -> TrustedCertificate:
    return TrustedCertificate.objects.get(accepts_cards=True, enabled=True)


def test_a_good_answer_changes_nothing_and_is_asked_again_later(
    responder: Responder, card: Credential
) -> None:
    assert ask() == 1
    assert not BarredSerial.objects.filter(source__startswith="ocsp").exists()
    assert ask() == 0
    assert Card.objects.get().next_ocsp_at > clock.now() + timedelta(minutes=20)
    assert responder.asked[0].serial_number == card.certificate.serial_number


def test_a_card_that_logs_in_again_is_asked_about_at_once(
    responder: Responder, card: Credential
) -> None:
    assert ask() == 1
    assert log_in(open_one(), card) == ""
    assert ask() == 1


def test_a_card_out_of_use_is_asked_about_daily(responder: Responder) -> None:
    Card.objects.update(last_seen_at=clock.now() - timedelta(days=3))
    assert ask() == 1
    assert Card.objects.get().next_ocsp_at > clock.now() + timedelta(hours=23)


def test_a_revoked_card_is_refused_and_its_session_ended(
    responder: Responder, card: Credential
) -> None:
    attempt = open_one()
    assert log_in(attempt, card) == ""
    session, _secret = login.finish(attempt=attempt)
    responder.status = REVOKED
    assert ask() == 1
    assert SsoSession.objects.get(pk=session.pk).ended_at is not None
    assert log_in(open_one(), card) == "card_revoked"
    row = AuditRow.objects.get(event="card_opposed")
    assert (row.data["source"], row.data["reason"]) == ("ocsp", "keyCompromise")


def test_unknown_to_the_responder_is_refused_and_ends_nothing(
    responder: Responder, card: Credential
) -> None:
    attempt = open_one()
    assert log_in(attempt, card) == ""
    session, _secret = login.finish(attempt=attempt)
    responder.status = UNKNOWN
    assert ask() == 1
    assert log_in(open_one(), card) == "revocation_unknown"
    assert SsoSession.objects.get(pk=session.pk).ended_at is None


def test_good_again_lifts_what_the_responder_had_said(
    responder: Responder, card: Credential
) -> None:
    responder.status = UNKNOWN
    assert ask() == 1
    Card.objects.update(next_ocsp_at=clock.now())
    responder.status = ocsp.OCSPCertStatus.GOOD
    assert ask() == 1
    assert log_in(open_one(), card) == ""


def test_good_does_not_lift_what_the_list_says(responder: Responder, card: Credential) -> None:
    BarredSerial.objects.create(
        issuer=state(),
        serial=f"{card.certificate.serial_number:x}",
        source="crl",
        revoked_at=clock.now(),
    )
    assert ask() == 1
    assert log_in(open_one(), card) == "card_revoked"


def test_a_delegate_of_the_issuer_may_answer(responder: Responder, fort: Credential) -> None:
    responder.signer = delegate_of(fort)
    assert ask() == 1


def test_a_delegate_with_an_elliptic_key_may_answer(responder: Responder, fort: Credential) -> None:
    responder.signer = delegate_of(fort, key=EC_KEY)
    assert ask() == 1


def test_without_a_nonce_an_answer_is_believed_where_the_operator_says_so(
    responder: Responder,
) -> None:
    responder.with_nonce = False
    TrustedCertificate.objects.filter(accepts_cards=True).update(ocsp_requires_nonce=False)
    assert ask() == 1


# ---- who may not be believed --------------------------------------------------------------------


def not_believed(responder: Responder, word: str, **changes: Any) -> None:
    for name, value in {"status": REVOKED, **changes}.items():
        setattr(responder, name, value)
    assert ask() == 0
    assert word in state().last_ocsp_failure
    assert state().ocsp_failures == 1
    assert not BarredSerial.objects.filter(source__startswith="ocsp").exists()


def test_a_foreign_responder_is_refused(
    responder: Responder, fort: Credential, tmp_path: Path
) -> None:
    rogue = load_or_make(tmp_path, base_url="http://rogue", now=clock.now())
    twin = rogue.authorities[AuthorityName.FORT_PERSONNES]
    not_believed(responder, "foreign responder", signer=delegate_of(twin))


def test_the_issuers_twin_by_name_is_refused(responder: Responder, tmp_path: Path) -> None:
    rogue = load_or_make(tmp_path, base_url="http://rogue", now=clock.now())
    twin = rogue.authorities[AuthorityName.FORT_PERSONNES]
    not_believed(responder, "foreign responder", signer=twin)


def test_a_delegate_of_the_root_is_refused(responder: Responder, hierarchy: Any) -> None:
    root = hierarchy.authorities[AuthorityName.ROOT_FORT]
    not_believed(responder, "foreign responder", signer=delegate_of(root))


def test_a_card_is_no_responder(responder: Responder, card: Credential) -> None:
    not_believed(responder, "may not sign answers", signer=card)


def test_a_delegate_without_the_usage_is_refused(responder: Responder, fort: Credential) -> None:
    signer = delegate_of(fort, extended=ExtendedKeyUsageOID.CLIENT_AUTH)
    not_believed(responder, "may not sign answers", signer=signer)


def test_a_delegate_that_could_be_revoked_is_refused(
    responder: Responder, fort: Credential
) -> None:
    not_believed(responder, "unreadable", signer=delegate_of(fort, no_check=False))


@pytest.mark.parametrize("begins", [-timedelta(days=40), timedelta(hours=1)])
def test_a_delegate_out_of_date_is_refused(
    responder: Responder, fort: Credential, begins: timedelta
) -> None:
    not_believed(responder, "out of date", signer=delegate_of(fort, begins=begins))


def test_a_responder_without_its_certificate_is_refused(
    responder: Responder, fort: Credential
) -> None:
    not_believed(responder, "no certificate", signer=delegate_of(fort), with_certificate=False)


def test_an_answer_about_another_card_is_refused(responder: Responder, fort: Credential) -> None:
    not_believed(responder, "another certificate", about=craft(fort, Recipe()))


def test_an_answer_about_another_issuer_is_refused(responder: Responder, hierarchy: Any) -> None:
    other = hierarchy.authorities[AuthorityName.ELEMENTAIRE_PERSONNES]
    not_believed(responder, "another certificate", about_issuer=other)


def test_an_old_answer_is_refused(responder: Responder) -> None:
    not_believed(
        responder, "another time", this_update=-timedelta(hours=2), lasts=timedelta(hours=1)
    )


def test_an_answer_too_old_to_tell_is_refused_even_in_its_validity(responder: Responder) -> None:
    not_believed(
        responder, "another time", this_update=-timedelta(hours=25), lasts=timedelta(days=7)
    )


def test_an_answer_without_an_end_is_believed_for_a_day(responder: Responder) -> None:
    responder.lasts = None
    assert ask() == 1
    Card.objects.update(next_ocsp_at=clock.now())
    not_believed(responder, "another time", this_update=-timedelta(hours=25))


def test_an_answer_from_the_future_is_refused(responder: Responder) -> None:
    not_believed(responder, "another time", this_update=timedelta(minutes=6))


def test_a_replayed_answer_is_refused(responder: Responder) -> None:
    not_believed(responder, "another nonce", nonce=b"n" * 32)


def test_another_nonce_is_refused_even_where_none_is_required(responder: Responder) -> None:
    TrustedCertificate.objects.filter(accepts_cards=True).update(ocsp_requires_nonce=False)
    not_believed(responder, "another nonce", nonce=b"n" * 32)


def test_an_answer_without_a_nonce_is_refused(responder: Responder) -> None:
    not_believed(responder, "no nonce", with_nonce=False)


def test_an_altered_answer_is_refused(responder: Responder) -> None:
    not_believed(responder, "signature", altered=True)


def test_bytes_after_an_answer_are_refused(responder: Responder) -> None:
    not_believed(responder, "unreadable", tail=b"\x00")


def test_a_weak_hash_is_refused(responder: Responder) -> None:
    not_believed(responder, "weak hash", algorithm=hashes.SHA224())


@pytest.mark.parametrize(
    "failure", [ocsp.OCSPResponseStatus.TRY_LATER, ocsp.OCSPResponseStatus.UNAUTHORIZED]
)
def test_a_responder_that_refuses_tells_nothing(
    responder: Responder, failure: ocsp.OCSPResponseStatus
) -> None:
    not_believed(responder, failure.name, failure=failure)


def test_an_error_page_tells_nothing(responder: Responder) -> None:
    not_believed(responder, "answered 503", status_code=503)


# ---- a responder that is away -------------------------------------------------------------------


def test_a_responder_that_is_away_is_left_in_peace_and_counted(
    responder: Responder, fort: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert log_in(open_one(), craft(fort)) == ""
    calls = []

    def away(**_: Any) -> Any:
        calls.append(1)
        raise IdpError("outbound_failed", "", detail="too slow")

    monkeypatch.setattr(outbound, "send", away)
    assert ask() == 0
    assert ask() == 0
    # Two cards are due, and one call told that nobody answers.
    assert len(calls) == 1
    assert state().ocsp_failures == 1
    assert "too slow" in state().last_ocsp_failure


def test_an_answer_after_failures_forgets_them(responder: Responder) -> None:
    TrustedCertificate.objects.update(
        ocsp_failures=4, last_ocsp_failure="away", crl_failures=4, last_crl_failure="404"
    )
    assert ask() == 1
    assert (state().ocsp_failures, state().last_ocsp_failure) == (0, "")
    # The list is another matter, and is counted apart.
    assert (state().crl_failures, state().last_crl_failure) == (4, "404")


@pytest.mark.parametrize("error", [IdpError("attempt_over", ""), OperationalError("deadlock")])
def test_a_card_that_cannot_be_ended_now_leaves_the_others_their_answers(
    responder: Responder, fort: Credential, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    assert log_in(open_one(), craft(fort)) == ""
    second, bars = Card.objects.order_by("next_ocsp_at")[1], []

    def fails_once(*args: Any) -> None:
        bars.append(args)
        if len(bars) == 1:
            raise error
        barring.bar(*args)

    monkeypatch.setattr(flow, "bar", fails_once)
    monkeypatch.setattr(flow, "read_answer", lambda *_args, **_options: REVOKED_NOW)
    assert ask() == 1
    assert Card.objects.get(opposed_at__isnull=False) == second
    # The responder is not at fault, and the first card is asked about again soon.
    assert state().ocsp_failures == 0
    assert ask() == 0
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        assert ask() == 1
    assert Card.objects.filter(opposed_at__isnull=False).count() == 2


def test_no_card_of_a_test_authority_is_asked_about_in_production(
    responder: Responder, settings: Settings
) -> None:
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION)
    assert ask() == 0
    assert not responder.asked


def test_without_a_responder_nobody_is_asked(
    card: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    TrustedCertificate.objects.update(ocsp_url="")
    monkeypatch.setattr(outbound, "send", pytest.fail)
    assert ask() == 0
