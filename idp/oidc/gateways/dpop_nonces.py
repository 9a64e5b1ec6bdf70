"""Nonces for DPoP (RFC 9449 §8): a time that only we could have signed, so none is stored."""

import base64
import binascii
from datetime import datetime

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

_SALT = "idp.oidc.dpop"


def fresh_nonce(*, now: datetime) -> str:
    """For the DPoP-Nonce header of an answer."""
    stamp = int(now.timestamp()).to_bytes(8, "big")
    return base64.urlsafe_b64encode(stamp + _mac(stamp)).decode()


def is_fresh(nonce: str, *, now: datetime) -> bool:
    """One of ours, not older than `lifetimes.dpop_nonce`."""
    try:
        box = base64.b64decode(nonce, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    stamp, mac = box[:8], box[8:]
    if len(stamp) != 8 or not constant_time_compare(mac, _mac(stamp)):
        return False
    age = now.timestamp() - int.from_bytes(stamp, "big")
    return -1 <= age <= settings.HYGIE.lifetimes.dpop_nonce.total_seconds()


def _mac(stamp: bytes) -> bytes:
    return salted_hmac(_SALT, stamp, algorithm="sha256").digest()[:16]
