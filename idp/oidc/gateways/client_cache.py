"""Clients by identifier, kept a few seconds in this process: a token request costs no look-up.

What must be felt at once (a disabled client) is read again with the grant, in its one statement.
"""

import time

from django.conf import settings

from idp.oidc.models import Client

# Seconds until a secret rotated by another process is refused here.
KEEP = 15.0
MOST = 1000

_held: dict[str, tuple[float, Client]] = {}


def find_client(client_id: str) -> Client | None:
    """The enabled client, usable in this mode; unknown ones are not remembered."""
    held = _held.get(client_id)
    if held is not None and time.monotonic() < held[0]:
        return held[1]
    client = Client.objects.filter(client_id=client_id, is_enabled=True).first()
    # A client of a sandbox, with its well-known secret, is nobody in production.
    if client is None or (client.is_sandbox and not settings.HYGIE.is_sandbox):
        _held.pop(client_id, None)
        return None
    if len(_held) >= MOST:
        _held.clear()
    _held[client_id] = (time.monotonic() + KEEP, client)
    return client


def forget_client(client_id: str) -> None:
    """After a change made in this process."""
    _held.pop(client_id, None)
