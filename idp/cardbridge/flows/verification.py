"""Is this answer a professional's card that signed our challenge for our origin?

The order is that of the specification of the card bridge: form, certificate, path, usages, card,
signature, revocation, identity. Nothing is read from the token but what its signature covers.
"""

from dataclasses import dataclass

from cryptography import x509
from django.conf import settings

from idp.cardbridge.flows.issued import check_number_not_barred
from idp.cardbridge.flows.trust_store import TrustStore, current_trust
from idp.cardbridge.gateways.pki import Certificate, check_signature, read_certificate
from idp.cardbridge.rules import oids
from idp.cardbridge.rules.card_checks import (
    CARD_CHECKS,
    Acceptance,
    algorithm_fits_key,
    in_date,
)
from idp.cardbridge.rules.card_kinds import CardKind, kind_of
from idp.cardbridge.rules.holder import CardHolder, read_holder
from idp.cardbridge.rules.refusals import CardRefusedError
from idp.cardbridge.rules.token import WebEidToken, signed_message
from idp.core import clock


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCard:
    """Proof that every check ran."""

    holder: CardHolder
    kind: CardKind
    certificate: Certificate
    path: tuple[x509.Certificate, ...]
    trust: TrustStore


def acceptance() -> Acceptance:
    """This deployment's policies; the sandbox adds its own, and the TEST categories."""
    hygie = settings.HYGIE
    own = {oids.SANDBOX_POLICY} if hygie.is_sandbox else set()
    return Acceptance(
        policies=frozenset(hygie.accepted_card_policies) | own,
        test_cards=hygie.is_sandbox,
        kinds=frozenset(kind for kind in CardKind if hygie.level_of_card(kind)),
    )


def verify_token(*, token: WebEidToken, challenge: str) -> VerifiedCard:
    """All checks, in order; the first that fails is the refusal."""
    trust = current_trust()
    now = clock.now()
    certificate = read_certificate(token.unverified_certificate)
    algorithm_fits_key(token.algorithm, certificate.facts)
    in_date(certificate.facts, now)
    path = trust.path_of(certificate, now)
    for check in CARD_CHECKS:
        check(certificate.facts, acceptance())
    check_signature(
        certificate,
        algorithm=token.algorithm,
        signature=token.signature,
        # Our origin from settings, never from a header; our challenge, never from the token.
        message=signed_message(origin=settings.HYGIE.origin, challenge=challenge),
    )
    try:
        trust.check_revocation(path, now=now, grace=settings.HYGIE.crl_grace)
        holder = read_holder(certificate.facts)
        check_number_not_barred(holder.card_number)
    except CardRefusedError as error:
        # The key was proven: the refusal may be kept under the name it belongs to.
        error.proven_subject = certificate.facts.attribute(oids.COMMON_NAME)[:80]
        raise
    kind = kind_of(certificate.facts) or CardKind.CPS  # a card of no kind was refused above
    return VerifiedCard(holder=holder, kind=kind, certificate=certificate, path=path, trust=trust)
