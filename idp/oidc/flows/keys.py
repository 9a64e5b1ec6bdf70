"""Rotation of the signing keys: next → current → previous → retired."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.core import clock
from idp.core.errors import IdpError
from idp.oidc.gateways import keys
from idp.oidc.models import KeyState, SigningKey


def rotate_keys(*, alg: str, is_forced: bool = False) -> SigningKey:
    """`next` begins to sign, and a new `next` is published; returns the key that signs now.

    Tokens of the key before stay good (`previous`); those of the one before it do not. So a second
    rotation waits until the first one's tokens are over, unless forced (a key that leaked).
    """
    # What is in the database now, not in this process's memory; made on first need, outside the
    # transaction, so that they survive whatever follows.
    keys.forget()
    keys.ensure(alg)
    current = _rotate(alg, is_forced=is_forced)
    keys.forget()
    return current


def rotate_due_keys() -> list[str]:
    """Turns the keys that have signed long enough; returns their algorithms. A worker's job."""
    days = settings.HYGIE.key_rotation_days
    if days <= 0:
        return []
    limit = clock.now() - timedelta(days=days)
    keys.ring()
    due = [
        row.alg
        for row in SigningKey.objects.filter(state=KeyState.CURRENT, alg__in=keys.SIGNING_ALGS)
        if _signing_since(row) <= limit
    ]
    for alg in due:
        try:
            rotate_keys(alg=alg)
        except TooSoonError:
            # Another worker turned it meanwhile.
            continue
    return due


class TooSoonError(IdpError):
    """Tokens signed before the last rotation are still good."""

    def __init__(self, until: datetime) -> None:
        super().__init__(
            "rotated_too_soon",
            f"rotated a short while ago: wait until {until:%Y-%m-%d %H:%M} UTC, or force it",
        )


def _signing_since(row: SigningKey) -> datetime:
    return row.activated_at or row.created_at


@transaction.atomic
def _rotate(alg: str, *, is_forced: bool) -> SigningKey:
    rows = SigningKey.objects.filter(alg=alg)
    # Every row first: one that waits here for another rotation then sees what that one left.
    list(rows.select_for_update().order_by("kid"))
    now, before = clock.now(), rows.get(state=KeyState.CURRENT)
    # The longest that anything signed is read: an id_token as a hint, while the session lives. It
    # is far longer than portals keep our keys (`MAX_AGE_SECONDS`), so `next` is known by then.
    if before.activated_at is not None and not is_forced:
        until = before.activated_at + settings.HYGIE.lifetimes.sso_session
        if now < until:
            raise TooSoonError(until)
    rows.filter(state=KeyState.PREVIOUS).update(state=KeyState.RETIRED)
    rows.filter(state=KeyState.CURRENT).update(state=KeyState.PREVIOUS)
    rows.filter(state=KeyState.NEXT).update(state=KeyState.CURRENT, activated_at=now)
    keys.create_key(alg=alg, state=KeyState.NEXT)
    current = SigningKey.objects.get(alg=alg, state=KeyState.CURRENT)
    record(
        event="keys_rotated",
        outcome=Outcome.ACCEPTED,
        data={"alg": alg, "kid": current.kid, "forced": is_forced},
    )
    return current


def list_keys() -> list[SigningKey]:
    """Every key, retired ones too; nothing private in what is shown of them."""
    keys.ring()
    return list(SigningKey.objects.order_by("alg", "created_at"))
