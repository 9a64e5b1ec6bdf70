"""`manage.py crl import|refresh`: the lists of opposed cards."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from idp.cardbridge.flows.crl import import_list, refresh_due_crls
from idp.core.errors import IdpError


class Command(BaseCommand):
    help = "Imports a revocation list from a file, or fetches those that are due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        bring = actions.add_parser("import", help="verify and keep the list of a file")
        bring.add_argument("file", type=Path, help="DER or PEM")
        actions.add_parser("refresh", help="fetch the lists that are due, as the worker does")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "refresh":
            self._refresh()
            return
        try:
            row = import_list(data=options["file"].read_bytes())
        except IdpError as error:
            raise CommandError(error.detail) from error
        except OSError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{row.issuer.subject}: list number {row.number} kept")

    def _refresh(self) -> None:
        done = refresh_due_crls()
        self.stdout.write(f"{done.fetched} fetched, {done.failed} failed")
        if done.failed:
            raise CommandError("some lists could not be fetched; the log says why")
