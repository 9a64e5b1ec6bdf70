"""OCSP answers: believed only of who may speak, about the very card, now; they only take away."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.x509 import ocsp
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
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import EC_KEY, craft
from tests.cardbridge.responder import REVOKED, UNKNOWN, Responder, ask, delegate_of, state
from tests.cardbridge.steps import log_in
from tests.login.conftest import open_one

REVOKED_NOW = OcspAnswer(is_good=False, revoked_at=clock.now(), reason="")


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
