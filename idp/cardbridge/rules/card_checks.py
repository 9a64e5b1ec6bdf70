"""What must hold of a certificate that logs a professional in, in the order it is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from idp.cardbridge.rules.card_kinds import CardKind, kind_of
from idp.cardbridge.rules.certificate import CardCertificate, KeyKind, Usage
from idp.cardbridge.rules.oids import CLIENT_AUTH
from idp.cardbridge.rules.refusals import CardCode, CardRefusedError
from idp.cardbridge.rules.token import Algorithm

RSA_BITS: Final = range(2048, 4097)
# Table G01: 00 card, 02 security module, 03 software; 0x80 is added in the TEST hierarchy.
CARD: Final = 0x00
TEST_CARD: Final = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What this deployment accepts."""

    policies: frozenset[str]
    test_cards: bool
    kinds: frozenset[CardKind]


def algorithm_fits_key(algorithm: Algorithm, certificate: CardCertificate) -> None:
    """RS256 with RSA from 2048 bits, ES256 with P-256; the token's word alone decides nothing."""
    fits = {
        Algorithm.RS256: certificate.key_kind is KeyKind.RSA and certificate.key_bits in RSA_BITS,
        Algorithm.ES256: certificate.key_kind is KeyKind.P256,
    }
    if not fits[algorithm]:
        raise CardRefusedError(
            CardCode.ALGORITHM_REFUSED,
            detail=f"{algorithm} with {certificate.key_kind} {certificate.key_bits}",
        )


def in_date(certificate: CardCertificate, now: datetime) -> None:
    """RFC 5280 §4.1.2.5. Asked first, since a professional can do something about it."""
    if now > certificate.not_after:
        raise CardRefusedError(CardCode.CARD_EXPIRED, on=certificate.not_after)
    if now < certificate.not_before:
        raise CardRefusedError(CardCode.CARD_NOT_YET_VALID, on=certificate.not_before)


def _is_no_authority(certificate: CardCertificate, acceptance: Acceptance) -> None:
    if certificate.is_authority or Usage.KEY_CERT_SIGN in certificate.usages:
        raise CardRefusedError(CardCode.NOT_FOR_LOGIN, detail="a certification authority")


def _is_for_login(certificate: CardCertificate, acceptance: Acceptance) -> None:
    # The signature key signs documents with legal effect: it never answers a login. In 2016 such
    # certificates carried digitalSignature too, so KeyUsage alone does not tell the two apart.
    if Usage.DIGITAL_SIGNATURE not in certificate.usages:
        raise CardRefusedError(CardCode.SIGNATURE_CERTIFICATE, detail="no digitalSignature")
    if CLIENT_AUTH not in certificate.extended_usages:
        raise CardRefusedError(CardCode.SIGNATURE_CERTIFICATE, detail="no clientAuth")
    if Usage.NON_REPUDIATION in certificate.usages:
        raise CardRefusedError(CardCode.SIGNATURE_CERTIFICATE, detail="nonRepudiation")


def _follows_accepted_policy(certificate: CardCertificate, acceptance: Acceptance) -> None:
    # Nothing configured accepts nothing: the contactless certificate, which asks for no PIN,
    # differs by its policy.
    if not certificate.policies & acceptance.policies:
        found = ",".join(sorted(certificate.policies)) or "none"
        raise CardRefusedError(CardCode.POLICY_REFUSED, detail=f"policies: {found}")


def _lies_on_a_card(certificate: CardCertificate, acceptance: Acceptance) -> None:
    if certificate.category == TEST_CARD and not acceptance.test_cards:
        raise CardRefusedError(CardCode.TEST_CARD, status=403)
    if certificate.category not in {CARD, TEST_CARD}:
        raise CardRefusedError(CardCode.NOT_A_CARD, detail=f"category {certificate.category}")
    # A software certificate of a person has neither product type nor card number.
    if not certificate.card_number:
        raise CardRefusedError(CardCode.NOT_A_CARD, detail="no card number")


def _is_of_an_accepted_kind(certificate: CardCertificate, acceptance: Acceptance) -> None:
    kind = kind_of(certificate)
    if kind in acceptance.kinds:
        return
    raise CardRefusedError(
        CardCode.SERVICE_CARD if kind is CardKind.SERVICE else CardCode.CARD_TYPE_REFUSED,
        detail=f"{kind or 'no kind'}, product type {certificate.product_type}",
        status=403,
    )


CardCheck = Callable[[CardCertificate, Acceptance], None]

# Who may hold this key and for what: usages before extensions, since a software certificate of an
# organisation passes all usages and falls only at the extensions.
USAGE_CHECKS: Final[tuple[CardCheck, ...]] = (_is_no_authority, _is_for_login)
CARD_CHECKS: Final[tuple[CardCheck, ...]] = (
    *USAGE_CHECKS,
    _follows_accepted_policy,
    _lies_on_a_card,
    _is_of_an_accepted_kind,
)
