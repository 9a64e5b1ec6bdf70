"""Which client calls: token, introspection, revocation, pushed request and CIBA endpoints."""

from cryptography import x509
from django.conf import settings

from idp.core import clock, secrets
from idp.oidc.gateways.client_cache import find_client
from idp.oidc.gateways.client_certificates import (
    is_in_time,
    is_issued_by_authority,
    thumbprint,
)
from idp.oidc.gateways.server import Call
from idp.oidc.models import Client, SeenId
from idp.oidc.rules.client_assertion import ASSERTION_TYPE, check_assertion
from idp.oidc.rules.client_credentials import (
    AuthMethod,
    invalid_client,
    presented_credentials,
)
from idp.oidc.rules.client_jwks import UnverifiedJwtError, unverified_jwt, verified_jwt

# Compared with when the client is unknown, so that both refusals take the same time.
_NOBODY = secrets.digest("")


def authenticate_client(call: Call) -> Client:
    """The client that proved itself as it registered; else one same BackchannelError (401)."""
    if call.form.get("client_assertion") or call.form.get("client_assertion_type"):
        return _by_assertion(call)
    if call.authorization or call.form.get("client_secret"):
        return _by_secret(call)
    return _by_certificate(call)


def _by_secret(call: Call) -> Client:
    presented = presented_credentials(authorization=call.authorization, form=call.form)
    client = find_client(presented.claimed_client_id)
    digest = (client.secret_digest if client else None) or _NOBODY
    matches = [secrets.matches(secret, digest) for secret in presented.secrets]
    if client is None:
        raise invalid_client("unknown client")
    if AuthMethod(client.auth_method).is_tls and client.profile.accepts_secret_twice:
        # Pro Santé Connect: some portals send a secret beside their certificate. It proves nothing.
        return _with_certificate(client, call.certificate)
    if client.secret_digest is None or not AuthMethod(client.auth_method).has_secret:
        raise invalid_client("a secret, from a client that registered none")
    if not any(matches):
        raise invalid_client("wrong secret")
    if presented.is_sent_twice and not client.profile.accepts_secret_twice:
        # RFC 6749 §2.3: MUST NOT use more than one authentication method in each request.
        raise invalid_client("secret sent twice")
    return client


def _by_assertion(call: Call) -> Client:
    """RFC 7523 §2.2 and §3."""
    if call.authorization or call.form.get("client_secret"):
        raise invalid_client("assertion beside a secret")
    if call.form.get("client_assertion_type") != ASSERTION_TYPE:
        raise invalid_client("client_assertion_type")
    assertion = call.form.get("client_assertion")
    try:
        claimed_client_id = unverified_jwt(assertion).claims.get("sub")
        client = find_client(claimed_client_id) if isinstance(claimed_client_id, str) else None
        if client is None or client.auth_method != AuthMethod.PRIVATE_KEY_JWT:
            raise invalid_client("assertion of nobody, or of a client of another method")
        algorithms = client.profile.client_algs
        claims = verified_jwt(assertion, jwks=client.jwks, algorithms=algorithms).claims
    except UnverifiedJwtError as error:
        raise invalid_client(f"assertion: {error}") from error
    # RFC 7521 §4.2: client_id, where it is sent, names the same client.
    if call.form.get("client_id") not in ("", client.client_id):
        raise invalid_client("client_id differs from the assertion")
    expires_at = check_assertion(
        claims,
        client_id=client.client_id,
        issuer=settings.HYGIE.issuer,
        other_audiences=_other_audiences(client, call),
        now=clock.now(),
    )
    digest = secrets.digest(f"assertion {client.client_id} {claims['jti']}")
    if not SeenId.is_first(digest=digest, expires_at=expires_at):
        raise invalid_client("assertion: jti used before")
    return client


def _other_audiences(client: Client, call: Call) -> tuple[str, ...]:
    if client.profile.requires_issuer_audience:
        return ()
    return (f"{settings.HYGIE.issuer}/protocol/openid-connect/token", call.url)


def _by_certificate(call: Call) -> Client:
    """RFC 8705 §2: client_id says who, the certificate proves it."""
    if not call.form.get("client_id"):
        raise invalid_client("no client credentials")
    client = find_client(call.form.get("client_id"))
    if client is None or not AuthMethod(client.auth_method).is_tls:
        raise invalid_client("no client credentials")
    return _with_certificate(client, call.certificate)


def _with_certificate(client: Client, certificate: x509.Certificate | None) -> Client:
    if certificate is None or not _is_of(certificate, client):
        raise invalid_client("no certificate, or another one")
    return client


def _is_of(certificate: x509.Certificate, client: Client) -> bool:
    now = clock.now()
    if client.auth_method == AuthMethod.SELF_SIGNED_TLS:
        # RFC 8705 §2.2: the certificate itself was registered; no chain is built.
        known = client.tls_client_certificate_thumbprints
        return is_in_time(certificate, now=now) and thumbprint(certificate) in known
    subject = x509.Name.from_rfc4514_string(client.tls_client_auth_subject_dn)
    return certificate.subject == subject and is_issued_by_authority(certificate, now=now)
