"""CIBA Core 1.0 §7: a portal's server asks for a login that needs no browser."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.core import clock, secrets, vault
from idp.directory.flows.find import find_professional, get_professional
from idp.login import flows as login
from idp.login.methods import installed_methods
from idp.login.rules.authentication import LoginPolicy, MethodName
from idp.login.rules.steps import usable_methods
from idp.oidc.flows.authorize import portal_of
from idp.oidc.flows.client_authentication import authenticate_client
from idp.oidc.flows.token_reading import find_grant
from idp.oidc.gateways import keys
from idp.oidc.gateways.server import Call, JsonAnswer
from idp.oidc.models import BackchannelRequest, Client, SeenId
from idp.oidc.rules.ciba_object import opened_ask
from idp.oidc.rules.ciba_request import (
    CIBA_GRANT,
    BackchannelAsk,
    BackchannelRegistration,
    check,
)
from idp.oidc.rules.client_credentials import claimed_client_id
from idp.oidc.rules.errors import BackchannelError
from idp.oidc.rules.scopes import granted_scopes
from idp.oidc.rules.tokens import grant_of

PING_PURPOSE = "oidc.ciba.ping"


def answer_backchannel(*, call: Call) -> JsonAnswer:
    """§7.3 when the person is asked (or looks as if), §13 when the request is refused."""
    try:
        return JsonAnswer(status=200, body=_begin(call))
    except BackchannelError as error:
        record(
            event="ciba",
            outcome=Outcome.REFUSED,
            client_id=claimed_client_id(authorization=call.authorization, form=call.form)[:200],
            data={"code": error.code, "detail": error.detail or error.description},
        )
        return JsonAnswer(
            status=error.status,
            body={"error": error.code, "error_description": error.description},
        )


def _begin(call: Call) -> dict[str, Any]:
    client = authenticate_client(call)
    if not client.check_grant_type(CIBA_GRANT):
        raise BackchannelError("unauthorized_client", "The client has not registered this grant.")
    asked = _read(call, client)
    check(asked, _registration(client))
    identifier = _identifier(asked, client)
    policy = LoginPolicy(acr_values=asked.acr_asked, ecps=client.phones_accepted)
    usable = {method.name for method in usable_methods(installed_methods(), policy)}
    if MethodName.PHONE not in usable:
        # Never a silent downgrade.
        raise BackchannelError(
            "unmet_authentication_requirements", "The phone does not reach what is asked."
        )
    return _ask(asked, client, policy, identifier)


def _read(call: Call, client: Client) -> BackchannelAsk:
    if call.form.repeated:
        raise BackchannelError("invalid_request", "A parameter is repeated.")
    if call.form.get("request_uri"):
        # Said, never silently ignored.
        raise BackchannelError("invalid_request", "request_uri is not supported here.")
    if call.form.get("request"):
        return _signed(call, client)
    if client.profile.requires_signed_backchannel_requests:
        raise BackchannelError("invalid_request", "The request must be a signed request object.")
    return BackchannelAsk.parse(call.form)


def _signed(call: Call, client: Client) -> BackchannelAsk:
    signed = opened_ask(
        call.form,
        client_id=client.client_id,
        jwks=client.jwks,
        profile=client.profile,
        issuer=settings.HYGIE.issuer,
        now=clock.now(),
    )
    digest = secrets.digest(f"ciba request {client.client_id} {signed.jti}")
    if not SeenId.is_first(digest=digest, expires_at=signed.until):
        raise BackchannelError("invalid_request", "The request object was used already.")
    return signed.asked


def _registration(client: Client) -> BackchannelRegistration:
    return BackchannelRegistration(
        scopes=tuple(client.scopes),
        profile=client.profile,
        is_pinged=client.is_pinged,
    )


def _identifier(asked: BackchannelAsk, client: Client) -> str:
    """Whom the hint names. Whether anybody has that number is told where the profile says so."""
    if asked.id_token_hint:
        return _hinted(asked.id_token_hint, client)
    identifier = asked.identifier
    if client.profile.tells_unknown_persons and find_professional(identifier=identifier) is None:
        raise _unknown("nobody has this identifier")
    return identifier


def _hinted(hint: str, client: Client) -> str:
    try:
        claims = keys.read(hint, kind="ID", may_be_expired=True)
    except keys.InvalidTokenError as error:
        raise BackchannelError("invalid_request", "id_token_hint is not ours.") from error
    if claims.get("aud") != client.client_id:
        raise BackchannelError("invalid_request", "id_token_hint is of another client.")
    grant_id = grant_of(claims)
    grant = find_grant(pk=grant_id, client=client) if grant_id else None
    if grant is not None:
        return grant.session.person.national_id
    try:
        # The grant is purged after a day; a public `sub` still names the person.
        professional = get_professional(person_id=UUID(str(claims["sub"])))
    except ValueError:
        professional = None
    if professional is None:
        raise _unknown("the person of id_token_hint is gone")
    return professional.national_id


def _unknown(detail: str) -> BackchannelError:
    return BackchannelError("unknown_user_id", "The hint names nobody known.", detail=detail)


@transaction.atomic
def _ask(
    asked: BackchannelAsk, client: Client, policy: LoginPolicy, identifier: str
) -> dict[str, Any]:
    lifetimes = settings.HYGIE.lifetimes
    lifetime = lifetimes.ciba_request
    if asked.seconds_asked is not None:
        lifetime = min(timedelta(seconds=asked.seconds_asked), lifetimes.login_attempt)
    attempt = login.ask_decoupled(
        portal=portal_of(client, client.redirect_uris[0] if client.redirect_uris else ""),
        policy=policy,
        question=login.Question(identifier=identifier, number=asked.number, message=asked.message),
        lifetime=lifetime,
    )
    auth_req_id = secrets.new_token()
    BackchannelRequest.objects.create(
        digest=secrets.digest(auth_req_id),
        client=client,
        attempt=attempt,
        scope=" ".join(granted_scopes(asked=asked.scopes, allowed=client.scopes)),
        sealed_ping=_sealed_ping(asked, client, auth_req_id),
        created_at=clock.now(),
    )
    return {
        "auth_req_id": auth_req_id,
        "expires_in": int(lifetime.total_seconds()),
        "interval": int(lifetimes.ciba_interval.total_seconds()),
    }


def _sealed_ping(asked: BackchannelAsk, client: Client, auth_req_id: str) -> bytes | None:
    if not client.is_pinged:
        return None
    ping = {"token": asked.client_notification_token, "auth_req_id": auth_req_id}
    return vault.seal(json.dumps(ping).encode(), purpose=PING_PURPOSE)


def find_backchannel_request(auth_req_id: str) -> BackchannelRequest | None:
    """The request behind an auth_req_id, whoever's."""
    return (
        BackchannelRequest.objects.select_related("client", "attempt")
        .filter(digest=secrets.digest(auth_req_id))
        .first()
    )
