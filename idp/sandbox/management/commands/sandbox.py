"""`manage.py sandbox setup|revoke-card|reset`: the test PKI, the test cards, the test people."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from idp.core.errors import IdpError
from idp.sandbox.pki.installation import cards_directory, reset, revoke_card, set_up


class Command(BaseCommand):
    help = "Makes the test cards and people of the sandbox, opposes a card, or starts afresh."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("setup", help="make what is missing; quick when nothing is")
        oppose = actions.add_parser("revoke-card", help="put a card on the revocation list")
        oppose.add_argument("card", metavar="ID", help="a folder of sandbox/cards, as doctor")
        actions.add_parser("reset", help="throw the test PKI and the cards away, make new ones")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            match action:
                case "setup":
                    done = set_up()
                    self.stdout.write(
                        f"TEST: {len(done.new_cards)} new cards in {cards_directory()}, "
                        f"{done.people} people"
                    )
                case "revoke-card":
                    revoke_card(card_id=options["card"])
                    self.stdout.write(f"TEST: card {options['card']} is opposed")
                case _:
                    reset()
                    self.stdout.write(f"TEST: new PKI and cards in {cards_directory()}")
        except IdpError as error:
            raise CommandError(error.detail or error.code) from error
