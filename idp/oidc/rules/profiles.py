"""Client profiles: rows of switches that the checks read; what a portal may do is its row."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class ProfileName(StrEnum):
    """`psc`: portals that speak to Pro Santé Connect already. `standard`: every new portal.

    `fapi2`: portals held to the FAPI 2.0 Security Profile.
    """

    PSC = "psc"
    STANDARD = "standard"
    FAPI2 = "fapi2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One row. A switch says what is done, never for whom."""

    # RFC 9700 §2.1.1 asks for PKCE; PSC's portals often have none.
    requires_pkce: bool
    allows_plain_challenge: bool
    # OIDC Core §3.1.2.1; one published client library of PSC asks `scope_all` alone.
    requires_openid_scope: bool
    # Another published library sends the secret twice, in the header and in the body.
    accepts_secret_twice: bool
    # RFC 6749 §6: a scope beyond the granted one is refused; else it is left out.
    refuses_excess_scope_at_refresh: bool
    # PSC clients throw when the key is missing.
    emits_blank_nonce: bool
    emits_session_state_in_response: bool
    # PSC answers a refresh with all keys; OIDC Core §12.2 makes the id_token optional.
    emits_id_token_at_refresh: bool
    # `name` (OIDC Core §5.1) is no key of PSC's UserInfo.
    emits_name: bool
    # FAPI 2.0 Security Profile §5.3.2.1 and §5.3.2.2: one row of what it asks.
    requires_pushed_requests: bool = False
    requires_sender_constraint: bool = False
    allows_secret: bool = True
    requires_dpop_nonce: bool = False
    # §5.3.2.1: the issuer identifier as the one audience of an assertion, as a string.
    requires_issuer_audience: bool = False
    # RFC 9101 §6.1 leaves the window of a request object to its reader.
    requires_request_object_times: bool = False
    # CIBA §13: whether `unknown_user_id` may tell that nobody has an identifier. Where it may not,
    # the request of nobody looks like one that is never answered.
    tells_unknown_persons: bool = False
    # Pro Santé Connect: `channel=CARD` wishes for a card in a reader, which no server can reach:
    # whether the phone is asked in its place (`authMode` is then MOBILE), or the portal told no.
    asks_phone_for_card: bool = False
    # FAPI-CIBA §5.2.2: authentication requests are signed.
    requires_signed_backchannel_requests: bool = False
    # Algorithms a portal may sign with; FAPI §5.4.1 leaves RS256 out.
    client_algs: tuple[str, ...] = ("PS256", "ES256", "EdDSA", "RS256")

    @property
    def default_alg(self) -> str:
        """RS256 as PSC signs, where the profile believes it."""
        return "RS256" if "RS256" in self.client_algs else "ES256"


FAPI_ALGS = ("PS256", "ES256", "EdDSA")
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
            asks_phone_for_card=True,
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
        ProfileName.FAPI2: Profile(
            requires_pkce=True,
            allows_plain_challenge=False,
            requires_openid_scope=False,
            accepts_secret_twice=False,
            refuses_excess_scope_at_refresh=True,
            emits_blank_nonce=False,
            emits_session_state_in_response=False,
            emits_id_token_at_refresh=False,
            emits_name=True,
            requires_pushed_requests=True,
            requires_sender_constraint=True,
            allows_secret=False,
            requires_dpop_nonce=True,
            tells_unknown_persons=True,
            requires_signed_backchannel_requests=True,
            requires_issuer_audience=True,
            requires_request_object_times=True,
            client_algs=FAPI_ALGS,
        ),
    }
)
