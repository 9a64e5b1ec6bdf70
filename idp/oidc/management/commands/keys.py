"""`manage.py keys list|rotate`: the signing keys."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from idp.oidc.flows.keys import TooSoonError, list_keys, rotate_keys
from idp.oidc.gateways.keys import SIGNING_ALGS


class Command(BaseCommand):
    help = "Lists the signing keys, or rotates them: the published next key begins to sign."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="every key and its state")
        rotate = actions.add_parser("rotate", help="next signs, current is kept for verification")
        rotate.add_argument("--alg", choices=SIGNING_ALGS, default="RS256")
        rotate.add_argument(
            "--force",
            action="store_true",
            help="even soon after the last rotation: for a key that leaked, once for each of two",
        )

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "rotate":
            try:
                key = rotate_keys(alg=options["alg"], is_forced=options["force"])
            except TooSoonError as error:
                raise CommandError(error.description) from error
            self.stdout.write(self.style.SUCCESS(f"{key.alg} {key.kid} signs from now on"))
            return
        for row in list_keys():
            self.stdout.write(
                f"{row.alg:6} {row.state:9} {row.created_at:%Y-%m-%d %H:%M} {row.kid}"
            )
