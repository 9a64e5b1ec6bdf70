"""What a card login leaves in the audit log, and how `manage.py audit verify` checks it again."""

import base64
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from idp.audit.rules.statement import Statement
from idp.cardbridge.flows.challenges import stated_in
from idp.cardbridge.flows.trust_store import historical_trust
from idp.cardbridge.flows.verification import VerifiedCard
from idp.cardbridge.gateways.pki import check_signature, read_certificate
from idp.cardbridge.rules.card_checks import USAGE_CHECKS, Acceptance, algorithm_fits_key, in_date
from idp.cardbridge.rules.holder import read_holder
from idp.cardbridge.rules.token import Algorithm, WebEidToken, signed_message, strict_base64
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows.find import find_professional

KIND = "card"


def card_evidence(
    *, token: WebEidToken, card: VerifiedCard, origin: str, challenge: str
) -> dict[str, Any]:
    """Signed bytes, signature and public parts; of the lists their dates, not their body."""
    lists = card.trust.lists_of(card.path)
    return {
        "kind": KIND,
        "version": 1,
        "origin": origin,
        "challenge": challenge,
        "algorithm": token.algorithm,
        "signature": _text(token.signature),
        "certificate": _text(card.certificate.der),
        "chain": [_text(each.public_bytes(Encoding.DER)) for each in card.path[1:]],
        "revocation": [
            {
                "issuer": issuer.fingerprint(SHA256()).hex(),
                "number": str(known.number),
                "this_update": known.this_update.isoformat(),
                "next_update": known.next_update.isoformat(),
            }
            for issuer, known in zip(card.path[1:], lists, strict=True)
        ],
        "national_id": card.holder.national_id.value,
        "bridge": token.app_version,
    }


def verify_evidence(evidence: dict[str, Any]) -> Statement:
    """Signature, path and identity again, at the instant of the login (the clock is frozen there).

    Offline: from the evidence and the authorities ever trusted here, disabled ones included.
    Policies are not asked again: a setting of today does not judge a login of then.
    """
    try:
        algorithm = Algorithm(evidence["algorithm"])
        signature = strict_base64(evidence["signature"])
        certificate = read_certificate(strict_base64(evidence["certificate"]))
        chain = [strict_base64(each) for each in evidence["chain"]]
        message = signed_message(origin=evidence["origin"], challenge=evidence["challenge"])
        national_id = str(evidence["national_id"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad(f"unreadable: {type(error).__name__}") from error
    algorithm_fits_key(algorithm, certificate.facts)
    in_date(certificate.facts, clock.now())
    path = historical_trust().path_of(certificate, clock.now())
    if [each.public_bytes(Encoding.DER) for each in path[1:]] != chain:
        raise _bad("another chain")
    for check in USAGE_CHECKS:
        check(
            certificate.facts, Acceptance(policies=frozenset(), test_cards=True, kinds=frozenset())
        )
    check_signature(certificate, algorithm=algorithm, signature=signature, message=message)
    if read_holder(certificate.facts).national_id.value != national_id:
        raise _bad("another person")
    return Statement(
        subjects=_identifiers_of(national_id), certifies=stated_in(evidence["challenge"])
    )


def _identifiers_of(national_id: str) -> frozenset[str]:
    """The card's identifier, and what the directory calls its holder: an older card says ADELI."""
    professional = find_professional(identifier=national_id)
    if professional is None:
        return frozenset({national_id})
    others = (each.identifier for each in professional.alternative_identifiers)
    return frozenset({national_id, professional.national_id, *others})


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bad(detail: str) -> IdpError:
    return IdpError("card_evidence_refused", "", detail=detail)
