"""What the end of a request means for its login."""

from idp.core.errors import IdpError
from idp.enrollment.models import ApprovalRequest
from idp.login import flows as login
from idp.login.rules.authentication import MethodName


def end_decoupled(request: ApprovalRequest) -> None:
    """Without a browser nothing else can be tried: the portal is told at once.

    A login that is over already stays as it ended: it must not undo what ends the request.
    """
    if not request.attempt.is_decoupled:
        return
    try:
        login.refuse(
            attempt=request.attempt,
            code="access_denied",
            method=MethodName.PHONE,
            subject=request.holder.national_id if request.holder else "",
        )
    except IdpError as error:
        if error.code != "attempt_over":
            raise
