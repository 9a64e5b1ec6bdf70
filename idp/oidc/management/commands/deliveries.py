"""`manage.py deliveries list|retry`: messages to portals' servers, and what became of them."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from idp.core.errors import IdpError
from idp.oidc.flows.deliveries import list_deliveries, retry
from idp.oidc.models import Delivery
from idp.oidc.rules.delivery import DeliveryState


class Command(BaseCommand):
    help = "Lists what was sent to portals (logouts, pings), or sends again what was given up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="newest first")
        listing.add_argument("--state", choices=[str(state) for state in DeliveryState])
        listing.add_argument("--limit", type=int, default=50)
        again = actions.add_parser("retry", help="one that failed or was given up")
        again.add_argument("id")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "retry":
            self.stdout.write(_line(self._retry(options["id"])))
            return
        state = DeliveryState(options["state"]) if options["state"] else None
        for delivery in list_deliveries(state=state)[: options["limit"]]:
            self.stdout.write(_line(delivery))

    def _retry(self, delivery_id: str) -> Delivery:
        try:
            return retry(delivery_id=delivery_id)
        except IdpError as error:
            raise CommandError(error.description) from error
        except ValidationError as error:
            raise CommandError(f"not an identifier: {delivery_id}") from error


def _line(delivery: Delivery) -> str:
    return (
        f"{delivery.id} {delivery.created_at:%Y-%m-%d %H:%M:%S} {delivery.kind:18} "
        f"{delivery.state:9} {delivery.attempts} {delivery.client.client_id} {delivery.target} "
        f"{delivery.last_error}"
    ).rstrip()
