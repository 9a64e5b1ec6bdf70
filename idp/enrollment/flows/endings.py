"""What the end of a request means for its login."""

from idp.enrollment.models import ApprovalRequest
from idp.login import flows as login
from idp.login.rules.authentication import MethodName


def end_decoupled(request: ApprovalRequest) -> None:
    """Without a browser nothing else can be tried: the portal is told at once."""
    if request.attempt.is_decoupled:
        login.refuse(
            attempt=request.attempt,
            code="access_denied",
            method=MethodName.PHONE,
            subject=request.holder.national_id if request.holder else "",
        )
