"""The authorization code: minted from a session, redeemed once."""

from django.conf import settings

from idp.audit.flows import Outcome, record
from idp.core import clock, secrets
from idp.login.models import SsoSession
from idp.login.rules.levels import acr_answered, known_levels
from idp.oidc.models import Client, Grant
from idp.oidc.rules.authorize_request import AuthorizeRequest
from idp.oidc.rules.errors import RedirectedError
from idp.oidc.rules.scopes import granted_scopes


def grant_code(
    *,
    asked: AuthorizeRequest,
    client: Client,
    session: SsoSession,
    is_sso: bool,
    practice: str = "",
) -> str:
    """What this person grants to this portal; returns the code, of which a digest is kept."""
    acr = acr_answered(asked=known_levels(asked.acr_asked), reached=session.reached)
    if acr is None:
        # Decision 3: never a silent downgrade.
        raise RedirectedError("unmet_authentication_requirements", "The acr asked is not reached.")
    now, code = clock.now(), secrets.new_token()
    is_test = session.is_test or session.person.is_test
    grant = Grant.objects.create(
        client=client,
        session=session,
        redirect_uri=asked.redirect_uri,
        scope=" ".join(granted_scopes(asked=asked.scopes, allowed=client.scopes)),
        nonce=asked.nonce,
        requested_claims=asked.requested_claims.to_json(),
        acr=acr,
        amr=session.amr,
        auth_mode=session.auth_mode,
        auth_time=session.auth_time,
        is_test=is_test,
        practice=practice,
        code_digest=secrets.digest(code),
        code_challenge=asked.code_challenge,
        # RFC 7636 §4.3: a method that is not present means plain.
        code_challenge_method=(asked.code_challenge_method or "plain")
        if asked.code_challenge
        else "",
        code_jkt=asked.dpop_jkt,
        code_expires_at=now + settings.HYGIE.lifetimes.authorization_code,
        created_at=now,
    )
    record(
        event="authorize",
        outcome=Outcome.ACCEPTED,
        subject=session.national_id,
        client_id=client.client_id,
        is_test=is_test,
        data={
            "session": str(session.pk),
            "grant": str(grant.pk),
            "scope": grant.scope,
            "acr": acr,
            "sso": is_sso,
            **({"practice": practice, "structure": _structure(grant)} if practice else {}),
        },
    )
    return code


def _structure(grant: Grant) -> str:
    """Where, for who reads the audit log years later."""
    activity = grant.professional.first_activity
    return activity.identifiant_technique_structure if activity else ""
