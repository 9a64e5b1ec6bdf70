"""Pushed authorization requests (RFC 9126): left by a portal's server, taken up by a browser."""

from dataclasses import replace
from typing import Any

from django.conf import settings

from idp.audit.flows import Outcome, record
from idp.core import clock, secrets
from idp.oidc.flows.client_authentication import authenticate_client
from idp.oidc.flows.sender import proven_key
from idp.oidc.gateways.server import Call, JsonAnswer
from idp.oidc.models import Client, PushedRequest
from idp.oidc.rules.authorize_request import AuthorizeRequest
from idp.oidc.rules.checks import Registration, check
from idp.oidc.rules.client_credentials import claimed_client_id
from idp.oidc.rules.errors import BackchannelError, RedirectedError, ShownError, ShownReason
from idp.oidc.rules.request_object import opened_request

URN = "urn:ietf:params:oauth:request_uri:"


def answer_pushed(*, call: Call) -> JsonAnswer:
    """RFC 9126 §2.2 and §2.3."""
    try:
        return JsonAnswer(status=201, body=_push(call))
    except (BackchannelError, RedirectedError) as error:
        record(
            event="pushed_request",
            outcome=Outcome.REFUSED,
            client_id=claimed_client_id(authorization=call.authorization, form=call.form)[:200],
            data={"code": error.code, "detail": error.detail or error.description},
        )
        return JsonAnswer(
            status=error.status,
            body={"error": error.code, "error_description": error.description},
        )


def _push(call: Call) -> dict[str, Any]:
    client = authenticate_client(call)
    asked = _checked(_asked(call, client), client)
    asked = replace(asked, dpop_jkt=_bound_key(call, client, asked))
    request_uri = URN + secrets.new_token()
    lifetime = settings.HYGIE.lifetimes.pushed_request
    PushedRequest.objects.create(
        digest=secrets.digest(request_uri),
        client=client,
        value=asked.to_json(),
        expires_at=clock.now() + lifetime,
    )
    return {"request_uri": request_uri, "expires_in": int(lifetime.total_seconds())}


def _asked(call: Call, client: Client) -> AuthorizeRequest:
    if call.form.get("request_uri"):
        # RFC 9126 §2.1: MUST NOT be provided here.
        raise BackchannelError("invalid_request", "request_uri is not for this endpoint.")
    if call.form.get("client_id") not in ("", client.client_id):
        raise BackchannelError("invalid_request", "client_id is another client's.")
    asked = replace(AuthorizeRequest.parse(call.form), client_id=client.client_id)
    if asked.repeated:
        raise BackchannelError("invalid_request", f"Repeated parameter: {asked.repeated[0]}.")
    return opened(asked, client)


def opened(asked: AuthorizeRequest, client: Client) -> AuthorizeRequest:
    """What its request object says, where it has one."""
    if not asked.request:
        return asked
    return opened_request(
        asked,
        jwks=client.jwks,
        profile=client.profile,
        issuer=settings.HYGIE.issuer,
        now=clock.now(),
    )


def _checked(asked: AuthorizeRequest, client: Client) -> AuthorizeRequest:
    """RFC 9126 §2.1: as the authorization endpoint would, and told here."""
    try:
        # It is pushed: what must come that way has.
        check(replace(asked, pushed_as=URN), registration_of(client))
    except ShownError as error:
        raise BackchannelError("invalid_request", "redirect_uri is not registered.") from error
    return asked


def registration_of(client: Client) -> Registration:
    """What the checks need to know."""
    return Registration(
        redirect_uris=tuple(client.redirect_uris),
        scopes=tuple(client.scopes),
        profile=client.profile,
        must_push_requests=client.must_push_requests,
    )


def _bound_key(call: Call, client: Client, asked: AuthorizeRequest) -> str:
    """RFC 9449 §10.1: a proof here binds the code as `dpop_jkt` does; both must say the same."""
    if not call.dpop:
        return asked.dpop_jkt
    jkt = proven_key(call, requires_nonce=client.profile.requires_dpop_nonce)
    if asked.dpop_jkt and asked.dpop_jkt != jkt:
        raise BackchannelError("invalid_dpop_proof", "dpop_jkt is of another key than the proof.")
    return jkt


def taken_up(asked: AuthorizeRequest, client: Client) -> AuthorizeRequest:
    """The request behind a request_uri of ours. Looking at it does not use it (FAPI 2.0 suite).

    ShownError: nothing of the address can be trusted, so it is a page.
    """
    pushed = PushedRequest.objects.filter(
        digest=secrets.digest(asked.request_uri), client=client
    ).first()
    if pushed is None or pushed.used_at is not None or pushed.expires_at <= clock.now():
        raise ShownError(ShownReason.REQUEST_OVER, "request_uri unknown, used or expired")
    # RFC 9126 §4, RFC 9101 §6.3: what else the address says is not read.
    return replace(AuthorizeRequest.from_json(pushed.value), pushed_as=asked.request_uri)


def use_up(asked: AuthorizeRequest) -> None:
    """Before the portal is answered: of several answers to one request_uri, one leaves."""
    if asked.pushed_as and not PushedRequest.use(
        digest=secrets.digest(asked.pushed_as), now=clock.now()
    ):
        raise ShownError(ShownReason.REQUEST_OVER, "request_uri was answered already")
