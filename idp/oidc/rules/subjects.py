"""Who `sub` is for a portal: the person, Keycloak's federated name of 2021–2025, or a pseudonym."""

import hashlib
import hmac
from uuid import UUID


def federated_subject(component: str, national_id: str) -> str:
    """Pro Santé Connect: `f:<component uuid>:<national id>`."""
    return f"f:{component}:{national_id}"


def pairwise_subject(person_id: UUID, *, sector: str, salt: bytes) -> str:
    """OIDC Core §8.1, third method: not reversible, and unlike in every other sector.

    A UUID, as no client may be called by one (RFC 9700 §4.15). The separator keeps two sectors from
    ever being written alike.
    """
    digest = hmac.new(salt, sector.lower().encode() + b"\0" + person_id.bytes, hashlib.sha256)
    return str(UUID(bytes=digest.digest()[:16]))
