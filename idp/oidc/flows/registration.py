"""Dynamic registration (RFC 7591 §3): a portal registers itself, by an operator's leave."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.core import clock, secrets, strict_json
from idp.core.errors import IdpError
from idp.oidc.flows.client_document import client_document
from idp.oidc.flows.clients import ClientMetadata, add_client
from idp.oidc.flows.strangers import count_refusal
from idp.oidc.gateways.server import Call, JsonAnswer
from idp.oidc.models import Client, InitialAccessToken
from idp.oidc.rules.errors import BackchannelError
from idp.oidc.rules.profiles import PROFILES, ProfileName
from idp.oidc.rules.registration_request import LONGEST_BODY, RegistrationRequest

MOST_USES = 1000
LONGEST_LIFE = timedelta(days=365)
# What concerns the operator alone is not told to the portal.
_OPERATORS = (
    "profile",
    "ecps_policy",
    "practice_choice",
    "may_look_up",
    "may_introspect",
    "is_enabled",
    "is_sandbox",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenToken:
    """An initial access token, told this once. Never printed."""

    token: str
    expires_at: datetime

    def __repr__(self) -> str:
        return "GivenToken(…)"


@transaction.atomic
def give_initial_token(*, profile: ProfileName, uses: int, life: timedelta) -> GivenToken:
    """An operator's leave for `uses` registrations of one profile, within `life`."""
    if not settings.HYGIE.accepts_registrations:
        raise IdpError("registration_off", "registration is off: set HYGIE_CLIENT_REGISTRATION=1")
    if not 0 < uses <= MOST_USES or not timedelta(0) < life <= LONGEST_LIFE:
        raise IdpError("invalid_request", f"1 to {MOST_USES} uses, 1 to {LONGEST_LIFE.days} days")
    now, token = clock.now(), secrets.new_token()
    InitialAccessToken.objects.create(
        digest=secrets.digest(token),
        profile_name=str(profile),
        uses_left=uses,
        expires_at=now + life,
        created_at=now,
    )
    record(
        event="registration_allowed",
        outcome=Outcome.ACCEPTED,
        data={"profile": str(profile), "uses": uses, "until": (now + life).isoformat()},
    )
    return GivenToken(token=token, expires_at=now + life)


def answer_registration(*, call: Call, body: bytes) -> JsonAnswer:
    """RFC 7591 §3.2. BackchannelError 401 where nobody gave leave."""
    leave = _leave(call)
    try:
        return JsonAnswer(status=201, body=_register(leave, body))
    except IdpError as error:
        record(
            event="client_registration",
            outcome=Outcome.REFUSED,
            data={"code": error.code, "detail": (error.detail or error.description)[:500]},
        )
        if isinstance(error, BackchannelError):
            raise
        return JsonAnswer(
            status=error.status,
            body={"error": error.code, "error_description": error.description},
        )


def _leave(call: Call) -> InitialAccessToken:
    if call.token:
        given = InitialAccessToken.objects.filter(
            digest=secrets.digest(call.token), uses_left__gt=0, expires_at__gt=clock.now()
        ).first()
        if given is not None:
            return given
    count_refusal(caller=call.caller)
    raise _no_leave()


def _no_leave() -> BackchannelError:
    return BackchannelError("invalid_token", "The initial access token is not valid.", status=401)


@transaction.atomic
def _register(leave: InitialAccessToken, body: bytes) -> dict[str, Any]:
    profile = ProfileName(leave.profile_name)
    asked = RegistrationRequest.parse(_document(body), profile=PROFILES[profile])
    metadata = ClientMetadata(
        client_id=f"portal-{secrets.new_token()}",
        name=asked.name,
        redirect_uris=asked.redirect_uris,
        post_logout_redirect_uris=asked.post_logout_redirect_uris,
        profile=profile,
        scopes=asked.scopes,
        proof=asked.proof,
        id_token_alg=asked.id_token_alg,
        logout=asked.logout,
        answers=asked.answers,
        ciba=asked.ciba,
    )
    metadata.check()
    # What is refused costs no use.
    if not leave.use(now=clock.now()):
        raise _no_leave()
    client, secret = add_client(metadata=metadata)
    return _told(client, secret)


def _document(body: bytes) -> object:
    if len(body) > LONGEST_BODY:
        raise IdpError("invalid_client_metadata", "The document is too long.")
    try:
        return strict_json.read(body)
    except ValueError as error:
        raise IdpError("invalid_client_metadata", "The body is no JSON document.") from error


def _told(client: Client, secret: str | None) -> dict[str, Any]:
    """RFC 7591 §3.2.1: all that was registered, and the secret, this once."""
    told = {
        name: value for name, value in client_document(client).items() if name not in _OPERATORS
    }
    issued = {"client_id_issued_at": int(client.created_at.timestamp()), "response_types": ["code"]}
    if secret is None:
        return {**told, **issued}
    # §3.2.1: 0 means that it never expires.
    return {**told, **issued, "client_secret": secret, "client_secret_expires_at": 0}
