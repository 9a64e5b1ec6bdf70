"""UserInfo: what an access token opens."""

from typing import Any

from django.conf import settings

from idp.oidc.flows.answers import userinfo_for
from idp.oidc.flows.sender import check_sender
from idp.oidc.flows.subjects import subject_of
from idp.oidc.flows.token_reading import read_access_token
from idp.oidc.gateways.server import Call
from idp.oidc.rules.answers import UserInfoShape
from idp.oidc.rules.claims import Suffixes, userinfo
from idp.oidc.rules.scopes import open_claims


def tell_userinfo(*, access_token: str, call: Call) -> dict[str, Any] | str:
    """The claims that the token's scopes open (one statement for a Bearer token).

    A JWT where the portal registered one. InvalidTokenError, or BackchannelError where the token
    is bound to another than the caller.
    """
    token = read_access_token(access_token)
    grant = token.grant
    check_sender(
        call,
        token.claims,
        requires_nonce=grant.client.profile.requires_dpop_nonce,
    )
    claims = userinfo(
        grant.professional,
        subject=subject_of(client=grant.client, person=grant.session.person),
        auth_mode=grant.auth_mode,
        open_claims=open_claims(
            scopes=str(token.claims["scope"]).split(),
            requested=grant.requested_claims.get("userinfo", []),
        ),
        emits_name=grant.client.profile.emits_name,
        shape=UserInfoShape(grant.client.userinfo_shape),
        suffixes=Suffixes(
            subject_role=settings.HYGIE.subject_role_oid,
            secteur_activite=settings.HYGIE.secteur_activite_oid,
        ),
    )
    return userinfo_for(grant.client, claims)
