"""To whom tokens are bound (RFC 9449, RFC 8705 §3), and whether it is they who come with them."""

import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidGrantError
from django.conf import settings

from idp.core import clock, secrets
from idp.core.dpop import ProofRefusedError
from idp.oidc.gateways.client_certificates import thumbprint
from idp.oidc.gateways.dpop_nonces import is_fresh
from idp.oidc.gateways.server import Call
from idp.oidc.models import Client, Grant, SeenId
from idp.oidc.rules.dpop import WINDOW, DpopProof, verify_proof
from idp.oidc.rules.errors import BackchannelError

JKT, X5T = "jkt", "x5t#S256"


def proven_key(call: Call, *, requires_nonce: bool, access_token: str = "") -> str:
    """RFC 7638 thumbprint of the key that the call's DPoP proof is signed by."""
    now = clock.now()
    try:
        proof = verify_proof(
            call.dpop,
            method=call.method,
            url=call.url,
            now=now.timestamp(),
            access_token=access_token,
        )
    except ProofRefusedError as error:
        raise BackchannelError(
            "invalid_dpop_proof", "The DPoP proof is not valid.", detail=f"proof: {error}"
        ) from error
    is_welcome = is_fresh(proof.nonce, now=now) if proof.nonce else not requires_nonce
    if not is_welcome:
        # RFC 9449 §8: the answer brings the nonce to use.
        raise BackchannelError("use_dpop_nonce", "A fresh nonce is required in the DPoP proof.")
    _use_once(proof)
    return proof.jkt


def _use_once(proof: DpopProof) -> None:
    """RFC 9449 §11.1: kept for as long as the proof could be believed again."""
    life = settings.HYGIE.lifetimes.dpop_nonce + timedelta(seconds=2 * WINDOW)
    digest = secrets.digest(f"dpop {proof.jkt} {proof.jti}")
    if not SeenId.is_first(digest=digest, expires_at=clock.now() + life):
        raise BackchannelError(
            "invalid_dpop_proof", "The DPoP proof is not valid.", detail="proof: jti used before"
        )


def sender_of(call: Call, client: Client) -> dict[str, str]:
    """`cnf` of the tokens to be made for this call: `{}` for Bearer tokens."""
    cnf: dict[str, str] = {}
    if call.dpop:
        cnf[JKT] = proven_key(call, requires_nonce=client.profile.requires_dpop_nonce)
    elif client.dpop_bound_access_tokens:
        # RFC 9449 §5.2: this client's requests MUST come with a proof.
        raise BackchannelError("invalid_dpop_proof", "A DPoP proof is required.")
    if client.tls_client_certificate_bound_access_tokens:
        if call.certificate is None:
            # RFC 8705 §3.4.
            raise BackchannelError("invalid_request", "A client certificate is required.")
        cnf[X5T] = thumbprint(call.certificate)
    return cnf


def sender_of_grant(call: Call, grant: Grant) -> dict[str, str]:
    """The same, for a grant whose code or earlier tokens were bound already."""
    try:
        cnf = sender_of(call, grant.client)
    except BackchannelError as error:
        raise protocol_error(error) from error
    if grant.code_jkt and cnf.get(JKT) != grant.code_jkt:
        # RFC 9449 §10: the key of the authorization request redeems the code.
        raise InvalidGrantError("The grant is bound to another key.")
    if any(cnf.get(name) != value for name, value in grant.cnf.items()):
        raise InvalidGrantError("The grant is bound to another key or certificate.")
    return cnf


def protocol_error(error: BackchannelError) -> OAuth2Error:
    """In the terms of Authlib's server."""
    return OAuth2Error(
        error=error.code, description=error.description, status_code=error.status or 400
    )


def check_sender(call: Call, claims: Mapping[str, Any], *, requires_nonce: bool) -> None:
    """RFC 9449 §7.1, RFC 8705 §3: the token comes from whom it was bound to; else an error.

    `call.is_dpop` is how it was presented: a bound token is no Bearer token.
    """
    cnf: Mapping[str, str] = claims.get("cnf", {})
    is_dpop = call.is_dpop
    if is_dpop != (JKT in cnf):
        # RFC 9449 §7.2: a bound token MUST NOT be accepted as Bearer, nor another with a proof.
        raise BackchannelError(
            "invalid_token", "The token is not valid.", detail="scheme of the token", status=401
        )
    if is_dpop:
        jkt = proven_key(call, requires_nonce=requires_nonce, access_token=call.token)
        _compare(jkt, cnf[JKT])
    if X5T in cnf:
        _compare(thumbprint(call.certificate) if call.certificate else "", cnf[X5T])


def _compare(proven: str, bound: str) -> None:
    if not hmac.compare_digest(proven, bound):
        raise BackchannelError(
            "invalid_token", "The token is not valid.", detail="bound to another", status=401
        )
