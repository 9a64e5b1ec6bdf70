"""Which client calls: token, introspection and revocation endpoints."""

from idp.core import secrets
from idp.oidc.gateways.client_cache import find_client
from idp.oidc.gateways.server import Call
from idp.oidc.models import Client
from idp.oidc.rules.client_credentials import invalid_client, presented_credentials

# Compared with when the client is unknown, so that both refusals take the same time.
_NOBODY = secrets.digest("")


def authenticate_client(call: Call) -> Client:
    """The client whose secret was presented; else one same BackchannelError (401)."""
    presented = presented_credentials(authorization=call.authorization, form=call.form)
    client = find_client(presented.claimed_client_id)
    digest = client.secret_digest if client else _NOBODY
    matches = [secrets.matches(secret, digest) for secret in presented.secrets]
    if client is None:
        raise invalid_client("unknown client")
    if not any(matches):
        raise invalid_client("wrong secret")
    if presented.is_sent_twice and not client.profile.accepts_secret_twice:
        # RFC 6749 §2.3: MUST NOT use more than one authentication method in each request.
        raise invalid_client("secret sent twice")
    return client
