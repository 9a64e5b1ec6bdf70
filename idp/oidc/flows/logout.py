"""Ends the SSO session at a portal's request (RP-Initiated Logout 1.0)."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from idp.login import flows as login
from idp.login.models import SsoSession
from idp.login.rules.authentication import Portal
from idp.oidc.flows.authorize import portal_of
from idp.oidc.flows.logout_tokens import frames_of
from idp.oidc.flows.subjects import subject_of
from idp.oidc.gateways import keys
from idp.oidc.gateways.client_cache import find_client
from idp.oidc.models import Client
from idp.oidc.rules.authorize_response import with_parameters
from idp.oidc.rules.end_session_request import EndSessionRequest

REASON = "logged out"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutHint:
    """An id_token of ours, verified: for which client, in which session, of whom."""

    client_id: str
    session_id: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut:
    """Where the browser goes: a registered address, or `""` for the page "session fermée"."""

    location: str
    portal: Portal | None
    # This browser's session is another person's: it goes on.
    is_session_kept: bool = False
    # What the last page loads, so that portals end their own sessions in this browser.
    frames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MustConfirm:
    """Nothing proves that the person asked: they are asked."""

    session: SsoSession
    redirect_uri: str
    portal: Portal | None


def read_hint(asked: EndSessionRequest) -> LogoutHint | None:
    """The hint, when it is ours, for this client, and readable; its time may be over."""
    if not asked.id_token_hint:
        return None
    try:
        claims = keys.read(asked.id_token_hint, kind="ID", may_be_expired=True)
    except keys.InvalidTokenError:
        return None
    client_id = str(claims.get("aud", ""))
    # RP-Initiated Logout §2: client_id must be the one the hint was issued to.
    if asked.client_id and asked.client_id != client_id:
        return None
    return LogoutHint(
        client_id=client_id, session_id=str(claims.get("sid", "")), subject=str(claims["sub"])
    )


def begin_logout(
    *, asked: EndSessionRequest, hint: LogoutHint | None, sso_secret: str
) -> LoggedOut | MustConfirm:
    """With a hint the session ends at once; without, the person confirms (§6)."""
    session = login.current_session(cookie_secret=sso_secret)
    if hint is None:
        client = find_client(asked.client_id) if asked.client_id else None
        if session is None:
            # §4: without proof of who asks, no redirection.
            return LoggedOut(location="", portal=None)
        redirect_uri = _allowed(asked, client)
        return MustConfirm(
            session=session, redirect_uri=redirect_uri, portal=_portal(client, redirect_uri)
        )
    is_kept = session is not None and not _is_of_hinted(session, hint)
    frames = _end_hinted(hint, None if is_kept else session)
    return _logged_out(asked, find_client(hint.client_id), is_session_kept=is_kept, frames=frames)


def confirm_logout(*, asked: EndSessionRequest, sso_secret: str) -> LoggedOut:
    """The person confirmed on our own page."""
    session = login.current_session(cookie_secret=sso_secret)
    client = find_client(asked.client_id) if asked.client_id else None
    ended = [session] if session is not None else []
    return _logged_out(asked, client, frames=_end(ended, asked.client_id[:200]))


def _is_of_hinted(session: SsoSession, hint: LogoutHint) -> bool:
    """The very session of the hint, or another one of the same person."""
    if str(session.pk) == hint.session_id:
        return True
    client = Client.objects.filter(client_id=hint.client_id).first()
    return client is not None and subject_of(client=client, person=session.person) == hint.subject


def _end_hinted(hint: LogoutHint, own_session: SsoSession | None) -> tuple[str, ...]:
    """The hinted session, without cookie too, and the person's own in this browser.

    Another person's session in this browser is not the hinted person's to end.
    """
    try:
        hinted = SsoSession.objects.filter(pk=UUID(hint.session_id)).first()
    except ValueError:
        hinted = None
    # A session never changes its person: whoever was given its `sid` by us may end it.
    sessions = {session.pk: session for session in (hinted, own_session) if session is not None}
    return _end(list(sessions.values()), hint.client_id)


@transaction.atomic
def _end(sessions: list[SsoSession], client_id: str) -> tuple[str, ...]:
    """Ends them; returns what the browser loads so that portals hear it too."""
    frames: list[str] = []
    for session in sessions:
        heard = frames_of(session)
        if login.end_session(session=session, reason=REASON, client_id=client_id):
            frames += heard
    return tuple(dict.fromkeys(frames))


def _allowed(asked: EndSessionRequest, client: Client | None) -> str:
    return asked.allowed_redirect_uri(tuple(client.post_logout_redirect_uris)) if client else ""


def _portal(client: Client | None, redirect_uri: str) -> Portal | None:
    if client is None:
        return None
    return portal_of(client, redirect_uri or client.redirect_uris[0])


def _logged_out(
    asked: EndSessionRequest,
    client: Client | None,
    *,
    is_session_kept: bool = False,
    frames: tuple[str, ...] = (),
) -> LoggedOut:
    redirect_uri = _allowed(asked, client)
    # §3: state comes back when it was sent.
    state = (("state", asked.state),) if asked.state else ()
    return LoggedOut(
        location=with_parameters(redirect_uri, state) if redirect_uri else "",
        portal=_portal(client, redirect_uri),
        is_session_kept=is_session_kept,
        frames=frames,
    )
