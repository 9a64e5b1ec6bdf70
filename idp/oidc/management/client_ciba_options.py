"""Options of `manage.py client add` about logins without a browser."""

from argparse import ArgumentParser
from typing import Any

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
