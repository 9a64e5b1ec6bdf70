"""Rotation of the signing keys: next → current → previous → retired."""

from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.oidc.gateways import keys
from idp.oidc.models import KeyState, SigningKey


def rotate_keys(*, alg: str) -> SigningKey:
    """`next` begins to sign, and a new `next` is published; returns the key that signs now.

    Tokens of the key before stay good (`previous`); those of the one before it do not.
    """
    # What is in the database now, not in this process's memory; made on first need, outside the
    # transaction, so that they survive whatever follows.
    keys.forget()
    keys.ring()
    current = _rotate(alg)
    keys.forget()
    return current


@transaction.atomic
def _rotate(alg: str) -> SigningKey:
    rows = SigningKey.objects.select_for_update().filter(alg=alg)
    rows.filter(state=KeyState.PREVIOUS).update(state=KeyState.RETIRED)
    rows.filter(state=KeyState.CURRENT).update(state=KeyState.PREVIOUS)
    rows.filter(state=KeyState.NEXT).update(state=KeyState.CURRENT)
    keys.create_key(alg=alg, state=KeyState.NEXT)
    current = SigningKey.objects.get(alg=alg, state=KeyState.CURRENT)
    record(event="keys_rotated", outcome=Outcome.ACCEPTED, data={"alg": alg, "kid": current.kid})
    return current


def list_keys() -> list[SigningKey]:
    """Every key, retired ones too; nothing private in what is shown of them."""
    keys.ring()
    return list(SigningKey.objects.order_by("alg", "created_at"))
