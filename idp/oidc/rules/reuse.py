"""May a session that is open already answer this request, or must the person prove themselves?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.login.rules.ecps import EcpsGrade, EcpsPolicy
from idp.login.rules.levels import Level, acr_answered, known_levels
from idp.oidc.rules.authorize_request import AuthorizeRequest

# What PSC shows no page for. `consent`: the login page, which names the portal, is the consent.
_PROMPTS_TO_PERSON = frozenset({"login", "select_account", "consent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """What the rule needs of the SSO session."""

    subject: str
    reached: Level
    auth_time: datetime
    grade: EcpsGrade | None = None


def can_reuse(
    request: AuthorizeRequest,
    session: OpenSession,
    *,
    expected_subject: str,
    policy: EcpsPolicy,
    now: datetime,
) -> bool:
    """OIDC Core §3.1.2.1: prompt, max_age, acr_values, whom the portal expects; and its phones."""
    if request.prompts & _PROMPTS_TO_PERSON:
        return False
    # A session of another portal brings no phone in by the back door.
    if not policy.accepts(session.grade):
        return False
    seconds = request.max_age_seconds
    if seconds is not None and now - session.auth_time > timedelta(seconds=seconds):
        return False
    if expected_subject and expected_subject != session.subject:
        return False
    asked = known_levels(request.acr_asked)
    return acr_answered(asked=asked, reached=session.reached) is not None
