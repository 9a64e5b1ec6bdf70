"""Client profiles: rows of switches that the checks read; what a portal may do is its row."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class ProfileName(StrEnum):
    """`psc`: portals that speak to Pro Santé Connect already. `standard`: every new portal."""

    PSC = "psc"
    STANDARD = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One row. A switch says what is done, never for whom."""

    # RFC 9700 §2.1.1 asks for PKCE; PSC's portals often have none (PSC facts §3).
    requires_pkce: bool
    allows_plain_challenge: bool
    # OIDC Core §3.1.2.1; one published client library of PSC asks `scope_all` alone.
    requires_openid_scope: bool
    # Another published library sends the secret twice, in the header and in the body.
    accepts_secret_twice: bool
    # RFC 6749 §6: a scope beyond the granted one is refused; else it is left out.
    refuses_excess_scope_at_refresh: bool
    # PSC clients throw when the key is missing (PSC facts §5.5).
    emits_blank_nonce: bool
    emits_session_state_in_response: bool
    # PSC answers a refresh with all keys; OIDC Core §12.2 makes the id_token optional.
    emits_id_token_at_refresh: bool
    # `name` (OIDC Core §5.1) is no key of PSC's UserInfo.
    emits_name: bool


PROFILES = MappingProxyType(
    {
        ProfileName.PSC: Profile(
            requires_pkce=False,
            allows_plain_challenge=True,
            requires_openid_scope=False,
            accepts_secret_twice=True,
            refuses_excess_scope_at_refresh=False,
            emits_blank_nonce=True,
            emits_session_state_in_response=True,
            emits_id_token_at_refresh=True,
            emits_name=False,
        ),
        ProfileName.STANDARD: Profile(
            requires_pkce=True,
            allows_plain_challenge=False,
            requires_openid_scope=True,
            accepts_secret_twice=False,
            refuses_excess_scope_at_refresh=True,
            emits_blank_nonce=False,
            emits_session_state_in_response=False,
            emits_id_token_at_refresh=False,
            emits_name=True,
        ),
    }
)
