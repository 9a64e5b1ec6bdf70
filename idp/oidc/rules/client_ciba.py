"""What a portal registers to ask for logins without a browser (CIBA Core 1.0 §4), checked."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from idp.core.errors import IdpError
from idp.login.rules.ecps import EcpsPolicy
from idp.oidc.rules.ciba_request import CIBA_GRANT, PING
from idp.oidc.rules.registration import check_uri


def _refused(detail: str) -> IdpError:
    return IdpError("invalid_client_metadata", detail, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class CibaMetadata:
    """A notification endpoint means ping; without one the portal polls."""

    backchannel_client_notification_endpoint: str = ""

    def check(
        self,
        *,
        grant_types: Collection[str],
        redirect_uris: Collection[str],
        allows_http: bool = False,
        ecps_policy: EcpsPolicy = EcpsPolicy.ANY,
    ) -> None:
        """Refused with the reason, for the operator."""
        if CIBA_GRANT in grant_types and not redirect_uris:
            raise _refused("the phone names the portal's host: a redirect URI is needed")
        if CIBA_GRANT in grant_types and not ecps_policy.accepts_phones:
            raise _refused("a portal that accepts the card only has no phone to ask")
        if not self.backchannel_client_notification_endpoint:
            return
        if CIBA_GRANT not in grant_types:
            raise _refused(f"a notification endpoint needs the grant {CIBA_GRANT}")
        check_uri(self.backchannel_client_notification_endpoint, allows_http=allows_http)
        # CIBA §4: an HTTPS address; on this machine or not.
        is_https = self.backchannel_client_notification_endpoint.startswith("https://")
        if not is_https and not allows_http:
            raise _refused("backchannel_client_notification_endpoint must be https")

    def columns(self) -> dict[str, Any]:
        endpoint = self.backchannel_client_notification_endpoint
        return {
            "backchannel_token_delivery_mode": PING if endpoint else "poll",
            "backchannel_client_notification_endpoint": endpoint,
        }
