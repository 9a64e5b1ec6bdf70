"""Options of `manage.py client add` about logins without a browser, and how they are shown."""

from argparse import ArgumentParser
from typing import Any

from idp.oidc.models import Client
from idp.oidc.rules.ciba_request import CIBA_GRANT
from idp.oidc.rules.client_ciba import CibaMetadata


def add_ciba_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--ciba-notification-endpoint",
        default="",
        metavar="URI",
        help="where CIBA tells that there is an answer (ping); without it the portal polls",
    )


def ciba_of(options: dict[str, Any]) -> CibaMetadata:
    return CibaMetadata(
        backchannel_client_notification_endpoint=options["ciba_notification_endpoint"]
    )


def shown_ciba(client: Client) -> dict[str, Any]:
    """CIBA §4 names, for a portal that registered the grant."""
    if not client.check_grant_type(CIBA_GRANT):
        return {}
    told = {
        "backchannel_token_delivery_mode": client.backchannel_token_delivery_mode,
        "backchannel_client_notification_endpoint": client.backchannel_client_notification_endpoint,
    }
    return {name: value for name, value in told.items() if value}
