"""Web Push by `pywebpush`: encryption (RFC 8291) and VAPID (RFC 8292). Only the worker loads it.

It brings HTTP clients of its own, which are not used: what it makes goes out through
`idp.core.outbound`, which meets no address inside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from py_vapid import Vapid02, VapidException
from pywebpush import WebPusher, WebPushException

from idp.core.errors import IdpError
from idp.enrollment.rules.encoding import b64u

# RFC 8292 §2: at most 24 hours.
VAPID_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where a phone is rung. Never printed."""

    endpoint: str
    p256dh: str
    auth: str

    def __repr__(self) -> str:
        return "Subscription(…)"


def encrypted(subscription: Subscription, content: bytes) -> bytes:
    """The body of the message, `aes128gcm`: the push service cannot read it."""
    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    try:
        pusher = WebPusher({"endpoint": subscription.endpoint, "keys": keys})
        body: bytes = pusher.encode(content, content_encoding="aes128gcm")["body"]
    except WebPushException as error:
        raise IdpError("push_failed", "", detail=str(error), status=500) from error
    return body


def authorization(
    subscription: Subscription, *, private_key: bytes, contact: str, now: datetime
) -> Mapping[str, str]:
    """The header that shows who rings. `contact`: an https or mailto address (RFC 8292 §2.1)."""
    parts = urlsplit(subscription.endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + VAPID_LIFE).timestamp()),
        "sub": contact,
    }
    # Not strict: its own idea of a contact leaves out hosts without a dot and those with a port.
    signer = Vapid02.from_raw(b64u(private_key).encode())
    signer.conf = {"no-strict": True}
    try:
        signed = signer.sign(claims)
    except VapidException as error:
        raise IdpError("push_failed", "", detail=str(error), status=500) from error
    return {"Authorization": signed["Authorization"]}
