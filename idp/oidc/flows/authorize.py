"""The authorization endpoint's use cases: answer from an open session, or open a login and resume.

authorize → Answer | WaitingLogin → (login) → resume → Answer.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from idp.core import clock
from idp.directory.rules.professional import Professional
from idp.login import flows as login
from idp.login.flows.attempts import attempt_over
from idp.login.methods import installed_methods
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import LoginPolicy, Portal, ReturnAddress
from idp.login.rules.steps import usable_methods
from idp.oidc.flows.codes import grant_code
from idp.oidc.flows.pushed_requests import URN, opened, registration_of, taken_up, use_up
from idp.oidc.flows.strangers import record_refusal
from idp.oidc.flows.subjects import subject_of
from idp.oidc.gateways import keys
from idp.oidc.gateways.client_cache import find_client
from idp.oidc.models import AuthorizationRequest, Client
from idp.oidc.rules.authorize_request import AuthorizeRequest
from idp.oidc.rules.authorize_response import AuthorizeResponse
from idp.oidc.rules.checks import RESPONSE_MODES, check, check_redirect_uri
from idp.oidc.rules.errors import RedirectedError, ShownError, ShownReason
from idp.oidc.rules.registration import host_of
from idp.oidc.rules.reuse import OpenSession, can_reuse

RESUME_URL_NAME = "oidc:resume"
# Ends of a login that the portal is told by their own name; any other is access_denied.
LOGIN_REFUSALS = frozenset({"access_denied", "login_required", "unmet_authentication_requirements"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the browser carries to the portal."""

    response: AuthorizeResponse
    portal: Portal


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLogin:
    """The person must prove who they are first."""

    attempt: LoginAttempt


@dataclass(frozen=True, slots=True, kw_only=True)
class _Over:
    """A pushed request that was answered already, in another tab."""

    error: ShownError
    asked: AuthorizeRequest


def authorize(
    *, asked: AuthorizeRequest, browser: login.Browser, sso_secret: str, caller: str
) -> Answer | WaitingLogin:
    """One request. ShownError: a page, with an audit row that its reference names."""
    client = _known_client(asked, caller)
    try:
        asked = _resolved(asked, client)
        check(asked, registration_of(client))
        return _reuse_or_login(asked, client, browser=browser, sso_secret=sso_secret)
    except ShownError as error:
        raise shown(error, asked, caller=caller) from error
    except RedirectedError as error:
        return _refused(error, asked, client, caller)


def _known_client(asked: AuthorizeRequest, caller: str) -> Client:
    client = None if "client_id" in asked.repeated else find_client(asked.client_id)
    if client is None:
        raise shown(ShownError(ShownReason.UNKNOWN_CLIENT, "unknown client"), asked, caller=caller)
    return client


def _resolved(asked: AuthorizeRequest, client: Client) -> AuthorizeRequest:
    """The request itself: pushed before, in a signed object, or as it stands."""
    if {"request", "request_uri"} & set(asked.repeated):
        check_redirect_uri(asked, registration_of(client))
        raise RedirectedError("invalid_request", "Repeated parameter.")
    if asked.request_uri.startswith(URN):
        return taken_up(asked, client)
    try:
        return opened(asked, client)
    except RedirectedError:
        # Only to an address that stands outside the object and is registered.
        check_redirect_uri(asked, registration_of(client))
        raise


def _reuse_or_login(
    asked: AuthorizeRequest, client: Client, *, browser: login.Browser, sso_secret: str
) -> Answer | WaitingLogin:
    expected = _expected_subject(asked)
    session = login.current_session(cookie_secret=sso_secret)
    if session is not None and _is_usable(session):
        open_session = OpenSession(
            subject=subject_of(client=client, person=session.person),
            reached=session.reached,
            auth_time=session.auth_time,
            grade=session.grade,
        )
        if can_reuse(
            asked,
            open_session,
            expected_subject=expected,
            policy=client.phones_accepted,
            now=clock.now(),
        ):
            practice = _remembered(client, session)
            if practice is not None:
                return _granted(asked, client, session, is_sso=True, practice=practice)
            if "none" in asked.prompts:
                raise RedirectedError("interaction_required", "The person must choose a practice.")
    if "none" in asked.prompts:
        raise RedirectedError("login_required", "The person must log in.")
    return _open_login(asked, client, browser)


def _is_usable(session: SsoSession) -> bool:
    """A fictitious person of a former sandbox is nobody in production."""
    return settings.HYGIE.is_sandbox or not (session.is_test or session.person.is_test)


def _remembered(client: Client, session: SsoSession) -> str | None:
    """The practice of an open session at this portal; None where the person must choose one."""
    if not client.practice_choice:
        return ""
    practice = login.remembered_practice(person_id=session.person_id, client_id=client.client_id)
    professional = Professional.from_snapshot(session.person.snapshot)
    return None if login.must_choose(professional, remembered=practice) else practice


def _expected_subject(asked: AuthorizeRequest) -> str:
    """Whom the portal expects: `id_token_hint`, or `sub` demanded through `claims`."""
    expected = {asked.requested_claims.subject} - {""}
    if asked.id_token_hint:
        try:
            hint = keys.read(asked.id_token_hint, kind="ID", may_be_expired=True)
        except keys.InvalidTokenError as error:
            raise RedirectedError("invalid_request", "id_token_hint is not ours.") from error
        if hint.get("aud") != asked.client_id:
            raise RedirectedError("invalid_request", "id_token_hint is of another client.")
        expected.add(str(hint["sub"]))
    if len(expected) > 1:
        raise RedirectedError("invalid_request", "id_token_hint and claims name two persons.")
    return expected.pop() if expected else ""


def portal_of(client: Client, redirect_uri: str) -> Portal:
    """Who asks, as registered: nothing of it comes from the request but the choice of address."""
    return Portal(client_id=client.client_id, name=client.name, host=host_of(redirect_uri))


@transaction.atomic
def _open_login(asked: AuthorizeRequest, client: Client, browser: login.Browser) -> WaitingLogin:
    policy = LoginPolicy(
        acr_values=asked.acr_asked,
        login_hint=asked.login_hint,
        ecps=client.phones_accepted,
        asks_practice=client.practice_choice,
    )
    if not usable_methods(installed_methods(), policy):
        raise RedirectedError(
            "unmet_authentication_requirements", "No means of login reaches the acr asked."
        )
    attempt = login.open_attempt(
        portal=portal_of(client, asked.redirect_uri),
        policy=policy,
        return_to=ReturnAddress(url_name=RESUME_URL_NAME, final_url=asked.redirect_uri),
        browser=browser,
    )
    AuthorizationRequest.objects.create(attempt=attempt, client=client, value=asked.to_json())
    return WaitingLogin(attempt=attempt)


def resume(*, step: str, browser: login.Browser | None, caller: str) -> Answer:
    """The person is back from the login: one answer to the portal, once."""
    answer = _resume(step=step, browser=browser, caller=caller)
    if isinstance(answer, Answer):
        return answer
    # Out of the transaction, so that the audit row stays.
    raise shown(answer.error, answer.asked, caller=caller)


@transaction.atomic
def _resume(*, step: str, browser: login.Browser | None, caller: str) -> Answer | _Over:
    finished = login.read_finished(token=step, browser=browser)
    waiting = (
        AuthorizationRequest.objects.select_related("client", "attempt")
        .filter(attempt=finished.attempt)
        .first()
    )
    if waiting is None or not waiting.answer(now=clock.now()):
        raise attempt_over()
    asked, client = AuthorizeRequest.from_json(waiting.value), waiting.client
    try:
        if finished.session is None:
            use_up(asked)
            code = finished.refusal_code
            known = code if code in LOGIN_REFUSALS else "access_denied"
            # Audited where it happened: by the login.
            return _error(RedirectedError(known, "The person did not log in."), asked, client)
        return _after_login(asked, client, finished.session, finished.attempt.practice)
    except ShownError as error:
        return _Over(error=error, asked=asked)
    except RedirectedError as error:
        return _refused(error, asked, client, caller)


def _after_login(
    asked: AuthorizeRequest, client: Client, session: SsoSession, practice: str
) -> Answer:
    if not client.is_enabled or session.ended_at is not None:
        raise RedirectedError("access_denied", "The client or the session has ended.")
    expected = _expected_subject(asked)
    if expected and expected != subject_of(client=client, person=session.person):
        raise RedirectedError("login_required", "Another person logged in.")
    return _granted(asked, client, session, is_sso=False, practice=practice)


def _granted(
    asked: AuthorizeRequest, client: Client, session: SsoSession, *, is_sso: bool, practice: str
) -> Answer:
    use_up(asked)
    code = grant_code(asked=asked, client=client, session=session, is_sso=is_sso, practice=practice)
    parameters = [("code", code)]
    if asked.state:
        parameters.append(("state", asked.state))
    if client.profile.emits_session_state_in_response:
        parameters.append(("session_state", str(session.pk)))
    return _answer(parameters, asked, client)


def _answer(parameters: list[tuple[str, str]], asked: AuthorizeRequest, client: Client) -> Answer:
    # RFC 9207 §2: `iss` in every answer, errors included.
    parameters.append(("iss", settings.HYGIE.issuer))
    response = AuthorizeResponse(
        redirect_uri=asked.redirect_uri,
        mode=asked.mode if asked.mode in RESPONSE_MODES else "query",
        parameters=tuple(parameters),
    )
    return Answer(response=response, portal=portal_of(client, asked.redirect_uri))


def _error(error: RedirectedError, asked: AuthorizeRequest, client: Client) -> Answer:
    parameters = [("error", error.code), ("error_description", error.description)]
    if asked.state:
        parameters.append(("state", asked.state))
    return _answer(parameters, asked, client)


def _refused(
    error: RedirectedError, asked: AuthorizeRequest, client: Client, caller: str
) -> Answer:
    record_refusal(
        caller=caller,
        event="authorize",
        client_id=client.client_id,
        data={"code": error.code, "description": error.description},
    )
    return _error(error, asked, client)


def shown(error: ShownError, asked: AuthorizeRequest, *, caller: str) -> ShownError:
    """Audits the refusal and says it in the person's language."""
    error.reference = record_refusal(
        caller=caller,
        event="authorize",
        client_id=asked.client_id,
        data={"code": str(error.reason), "redirect_uri": asked.redirect_uri[:500]},
    )
    error.description = _said(error.reason)
    return error


def _said(reason: ShownReason) -> str:
    texts = {
        ShownReason.MALFORMED: _(
            "La demande du portail n’a pas pu être lue. Revenez au portail et recommencez."
        ),
        ShownReason.UNKNOWN_CLIENT: _("Ce portail n’est pas connu de ce service de connexion."),
        ShownReason.UNKNOWN_REDIRECT_URI: _(
            "L’adresse de retour demandée n’est pas celle que ce portail a déclarée. "
            "Par prudence, nous ne vous y envoyons pas."
        ),
        ShownReason.REQUEST_OVER: _(
            "Cette demande de connexion a expiré ou a déjà servi. "
            "Revenez au portail et recommencez."
        ),
    }
    return texts[reason]
