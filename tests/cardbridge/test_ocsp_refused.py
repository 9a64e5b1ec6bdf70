"""OCSP answers that are not believed: of whom, about what, and when."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from idp.cardbridge.models import BarredSerial, TrustedCertificate
from idp.core import clock
from idp.directory.models import Card
from idp.sandbox.pki.hierarchy import AuthorityName, load_or_make
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import Recipe, craft
from tests.cardbridge.responder import REVOKED, Responder, ask, delegate_of, state


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
