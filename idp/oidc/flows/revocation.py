"""Ends the tokens of a grant, and says so in the audit log."""

from idp.audit.flows import Outcome, record
from idp.core import clock
from idp.oidc.models import Grant


def revoke_family(*, grant: Grant, reason: str) -> bool:
    """Ends the code, access and refresh tokens of one grant; False when it was over already.

    Called outside any transaction that a refusal rolls back.
    """
    if not grant.revoke(reason=reason, now=clock.now()):
        return False
    record(
        event="tokens_revoked",
        outcome=Outcome.ACCEPTED,
        subject=grant.session.national_id,
        client_id=grant.client.client_id,
        is_test=grant.is_test,
        data={"grant": str(grant.pk), "reason": reason},
    )
    return True
