"""One login attempt: opened by the asker, proven by a method, finished by the dispatcher."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from idp.audit.flows import Outcome, record
from idp.core import clock, live, secrets, step_tokens
from idp.core.errors import IdpError
from idp.login.flows.practices import remember_practice
from idp.login.flows.sessions import begin_session
from idp.login.flows.standing import Standing, check_standing, judge
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import (
    Authentication,
    LoginPolicy,
    Portal,
    ReturnAddress,
)
from idp.login.rules.levels import acr_answered, known_levels

RETURN_PURPOSE = "login.return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """The secret in this browser's cookie (`login.views.browser`), 256 bits."""

    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How an attempt ended, as the asker reads it: a session, or a refusal code."""

    attempt: LoginAttempt
    session: SsoSession | None
    refusal_code: str


def open_attempt(
    *,
    portal: Portal,
    policy: LoginPolicy,
    return_to: ReturnAddress,
    browser: Browser,
    is_decoupled: bool = False,
    statement: bytes = b"",
    lifetime: timedelta | None = None,
) -> LoginAttempt:
    """Opens an attempt bound to this browser. `statement`: 32 bytes that its card signs too."""
    now = clock.now()
    return LoginAttempt.objects.create(
        browser_digest=secrets.digest(browser.secret),
        client_id=portal.client_id,
        portal_name=portal.name,
        portal_host=portal.host,
        policy=policy.to_json(),
        return_url_name=return_to.url_name,
        return_kwargs=return_to.kwargs,
        final_url=return_to.final_url,
        is_decoupled=is_decoupled,
        statement=statement,
        created_at=now,
        expires_at=now + (lifetime or settings.HYGIE.lifetimes.login_attempt),
    )


def attempt_of(*, attempt_id: UUID, browser: Browser | None) -> LoginAttempt:
    """The attempt, when it belongs to this browser; else one same answer for all."""
    attempt = LoginAttempt.objects.filter(pk=attempt_id).first()
    if (
        attempt is None
        or browser is None
        or not secrets.matches(browser.secret, attempt.browser_digest)
    ):
        raise attempt_over()
    return attempt


def attempt_over() -> IdpError:
    return IdpError(
        "attempt_over",
        _("Cette demande de connexion est terminée ou appartient à un autre navigateur."),
        status=410,
    )


@transaction.atomic
def prove(*, attempt: LoginAttempt, authentication: Authentication, event: str = "login") -> None:
    """A method proved who the person is: the audit row with the evidence, then the attempt.

    Refused when the attempt is over, or when the policy asks a method or level that this proof does
    not reach (never a silent downgrade).
    """
    prove_within(attempt=attempt, authentication=authentication, event=event)


def prove_within(
    *,
    attempt: LoginAttempt,
    authentication: Authentication,
    event: str = "login",
    standing: Standing | None = None,
) -> None:
    """`prove`, in the transaction of a caller that writes something else with it, or neither.

    `standing`: the person's, where that transaction has read it already.
    """
    _check_policy(attempt.login_policy, authentication)
    if standing is not None and standing.person_id == authentication.person_id:
        judge(standing)
    else:
        check_standing(person_id=authentication.person_id)
    row = record(
        event=event,
        outcome=Outcome.ACCEPTED,
        subject=authentication.national_id,
        client_id=attempt.client_id,
        is_test=authentication.is_test,
        data={
            "attempt": str(attempt.pk),
            "portal": attempt.portal_name,
            "method": authentication.method,
            "amr": list(authentication.amr),
            "level": authentication.level,
            **({"device": authentication.device} if authentication.device else {}),
        },
        evidence=authentication.evidence,
    )
    if not attempt.prove(authentication, reference=row.reference, now=clock.now()):
        raise attempt_over()
    _tell(attempt)


def _check_policy(policy: LoginPolicy, authentication: Authentication) -> None:
    asked = known_levels(policy.acr_values)
    allowed = not policy.methods or authentication.method in policy.methods
    is_enough = policy.ecps.accepts(authentication.ecps_grade)
    reached = acr_answered(asked=asked, reached=authentication.level)
    if not allowed or not is_enough or reached is None:
        raise IdpError(
            "unmet_authentication_requirements",
            _("Ce portail demande un autre moyen de connexion."),
            detail=f"{authentication.method} {authentication.level} {authentication.ecps_grade}",
            status=403,
        )


def note_failure(
    *, attempt: LoginAttempt, error: IdpError, method: str, subject: str = "", **data: Any
) -> IdpError:
    """Audits a refused try; the attempt stays open. Call it outside the rolled-back transaction.

    Returns the error with its reference, ready to be raised or rendered.
    """
    row = record(
        event="login",
        outcome=Outcome.REFUSED,
        subject=subject,
        client_id=attempt.client_id,
        data={
            "attempt": str(attempt.pk),
            "portal": attempt.portal_name,
            "method": method,
            "code": error.code,
            "detail": error.detail,
            **data,
        },
    )
    error.reference = row.reference
    return error


@transaction.atomic
def refuse(*, attempt: LoginAttempt, code: str, method: str = "", subject: str = "") -> None:
    """Ends the attempt with an OAuth error code for the asker (`access_denied`, …)."""
    row = record(
        event="login",
        outcome=Outcome.REFUSED,
        subject=subject,
        client_id=attempt.client_id,
        data={"attempt": str(attempt.pk), "method": method, "code": code},
    )
    if not attempt.refuse(code, reference=row.reference, now=clock.now()):
        raise attempt_over()
    _tell(attempt)


def _tell(attempt: LoginAttempt) -> None:
    """Who waits for the answer: a page, or the portal's server where there is no browser."""
    live.wake(attempt_group(attempt.pk))
    if attempt.is_decoupled:
        for path in settings.DECOUPLED_END_HOOKS:
            import_string(path)(attempt=attempt)


@transaction.atomic
def finish(
    *, attempt: LoginAttempt, previous_secret: str = "", practice: str = ""
) -> tuple[SsoSession, str]:
    """Takes the proof once and opens the SSO session: (session, new cookie secret).

    `practice`: what the person chose of `offered_practices`, kept for this portal.

    `previous_secret`: the SSO cookie this browser held. The same person goes on in the same session
    (its `sid` lives in other portals' tokens); another person's session ends here and now.
    """
    proof = attempt.proof
    if proof is None or not attempt.take(now=clock.now(), practice=practice):
        raise attempt_over()
    if practice:
        remember_practice(person_id=proof.person_id, client_id=attempt.client_id, practice=practice)
    # Again: an order, or a register, may have come since the proof.
    check_standing(person_id=proof.person_id)
    return begin_session(proof=proof, previous_secret=previous_secret)


def return_token(attempt: LoginAttempt, session: SsoSession | None) -> str:
    """The step token that the asker's view gets with the browser."""
    return step_tokens.issue(
        f"{attempt.pk}:{session.pk if session else ''}", purpose=RETURN_PURPOSE
    )


def read_finished(*, token: str, browser: Browser | None) -> Finished:
    """For the asker: who came back, checked for signature, age and browser."""
    subject = step_tokens.read(
        token, purpose=RETURN_PURPOSE, max_age=settings.HYGIE.lifetimes.step_token
    )
    attempt_id, _separator, session_id = subject.partition(":")
    attempt = attempt_of(attempt_id=UUID(attempt_id), browser=browser)
    session = SsoSession.objects.select_related("person").get(pk=session_id) if session_id else None
    return Finished(attempt=attempt, session=session, refusal_code=attempt.refusal_code)


def attempt_group(attempt_id: UUID) -> str:
    """The channel-layer group that wakes when the attempt changes."""
    return f"attempt.{attempt_id}"
