"""Signed, single-purpose, short-lived tokens that carry a person from one step to the next.

They prove where the browser comes from; single use is owned by the row they point to.
"""

from datetime import timedelta

from django.core import signing
from django.utils.translation import gettext as _

from idp.core.errors import IdpError


def issue(subject: str, *, purpose: str) -> str:
    """A token that says `subject`, usable for `purpose` only."""
    return signing.TimestampSigner(salt=f"hygie.step.{purpose}").sign(subject)


def read(token: str, *, purpose: str, max_age: timedelta) -> str:
    """The subject, after signature, purpose and age were checked."""
    try:
        return signing.TimestampSigner(salt=f"hygie.step.{purpose}").unsign(token, max_age=max_age)
    except signing.BadSignature as error:
        raise IdpError(
            "step_expired",
            _("Cette étape n’est plus valable. Revenez au portail et recommencez."),
            detail=f"step token for {purpose} refused",
        ) from error
