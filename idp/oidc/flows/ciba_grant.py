"""The CIBA grant (CIBA Core 1.0 §10.1, §11): polled until the person answered, redeemed once."""

from typing import Any

from authlib.oauth2.rfc6749.errors import (
    AccessDeniedError,
    InvalidGrantError,
    InvalidRequestError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin
from authlib.oauth2.rfc8628.errors import (
    AuthorizationPendingError,
    ExpiredTokenError,
    SlowDownError,
)
from django.conf import settings
from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.core import clock, secrets
from idp.core.errors import IdpError
from idp.directory.flows.find import get_professional
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.login.rules.levels import acr_answered, known_levels
from idp.login.rules.steps import AttemptState
from idp.oidc.flows.ciba import find_backchannel_request
from idp.oidc.flows.minting import new_refresh_token, token_answer
from idp.oidc.flows.sender import protocol_error, sender_of
from idp.oidc.models import BackchannelRequest, Client, Grant
from idp.oidc.rules.ciba_request import CIBA_GRANT
from idp.oidc.rules.errors import BackchannelError

# Answers of every poll until the end; what they tell is audited where it happens, once.
UNTOLD = frozenset({"authorization_pending", "slow_down", "expired_token", "access_denied"})


def ready_request(auth_req_id: str, client: Client) -> BackchannelRequest:
    """The approved request of this client; else what §11 answers while there is none."""
    asked = find_backchannel_request(auth_req_id)
    if asked is None or asked.client_id != client.pk or asked.redeemed_at is not None:
        raise _not_valid()
    match login.decoupled_state(asked.attempt):
        case None:
            raise ExpiredTokenError("The authentication request has expired.")
        case AttemptState.REFUSED:
            raise AccessDeniedError("The person refused, or could not be asked.")
        case AttemptState.PROVEN:
            # Never held back by the pace of polling: slow_down must be survivable.
            return asked
        case AttemptState.TAKEN:
            raise _not_valid()
    if not asked.poll(interval=settings.HYGIE.lifetimes.ciba_interval, now=clock.now()):
        raise SlowDownError("Polled again before the interval was over.")
    raise AuthorizationPendingError(
        "The authorization request is still pending as the end-user hasn't yet been authenticated."
    )


def redeem(asked: BackchannelRequest, *, cnf: dict[str, str]) -> dict[str, Any]:
    """The token response. `BackchannelRequest.redeem` is the gate: of many at once, one wins."""
    person = asked.attempt.proof
    # What was approved a minute ago may be over: the person is looked up again.
    if person is None or get_professional(person_id=person.person_id) is None:
        raise AccessDeniedError("The person is known no longer.")
    try:
        grant, answer = _redeem(asked, cnf)
    except IdpError as error:
        raise _not_valid() from error
    record(
        event="ciba",
        outcome=Outcome.ACCEPTED,
        subject=grant.session.national_id,
        client_id=grant.client.client_id,
        is_test=grant.is_test,
        data={
            "session": str(grant.session_id),
            "grant": str(grant.pk),
            "scope": grant.scope,
            "acr": grant.acr,
        },
    )
    return answer


@transaction.atomic
def _redeem(asked: BackchannelRequest, cnf: dict[str, str]) -> tuple[Grant, dict[str, Any]]:
    now = clock.now()
    if not asked.redeem(now=now):
        raise _not_valid()
    session = login.finish_decoupled(attempt=asked.attempt)
    grant = _new_grant(asked, session, cnf)
    refresh = new_refresh_token(grant, now=now)
    grant.refresh_digest, grant.refresh_expires_at = refresh.digest, refresh.expires_at
    grant.save(force_insert=True)
    return grant, token_answer(grant, refresh, scope=grant.scope, with_id_token=True, now=now)


def _new_grant(asked: BackchannelRequest, session: SsoSession, cnf: dict[str, str]) -> Grant:
    levels = known_levels(asked.attempt.login_policy.acr_values)
    acr = acr_answered(asked=levels, reached=session.reached)
    if acr is None:
        raise AccessDeniedError("The acr asked is not reached.")
    now = clock.now()
    return Grant(
        client=asked.client,
        session=session,
        redirect_uri="",
        scope=asked.scope,
        acr=acr,
        amr=session.amr,
        auth_mode=session.auth_mode,
        auth_time=session.auth_time,
        is_test=session.is_test or session.person.is_test,
        # No page asks: what was chosen last at this portal, if anything was.
        practice=login.remembered_practice(
            person_id=session.person_id, client_id=asked.client.client_id
        )
        if asked.client.practice_choice
        else "",
        # There is no code: nobody knows this one, and it is used already.
        code_digest=secrets.digest(secrets.new_token()),
        code_expires_at=now,
        code_used_at=now,
        cnf=cnf,
        created_at=now,
    )


def _not_valid() -> InvalidGrantError:
    return InvalidGrantError("The auth_req_id is not valid.")


class CibaGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """Authlib routes by grant type, and calls these."""

    GRANT_TYPE = CIBA_GRANT

    def validate_token_request(self) -> None:
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client has not registered this grant.")
        auth_req_id = self.request.form.get("auth_req_id", "")
        if not auth_req_id:
            raise InvalidRequestError("auth_req_id is missing.")
        self.request.client = client
        self.asked = ready_request(auth_req_id, client)
        try:
            self.cnf = sender_of(self.request.call, client)
        except BackchannelError as error:
            raise protocol_error(error) from error

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        return 200, redeem(self.asked, cnf=self.cnf), []
