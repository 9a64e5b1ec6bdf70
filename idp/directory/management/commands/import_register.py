"""`manage.py import_register FILE`: the directory becomes what the register file says.

Exit status: 0 everything was imported; 1 the file was refused and nothing has changed; 2 the file
was imported except for malformed rows, the first twenty of which are named on stderr.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from idp.core.errors import IdpError
from idp.directory.flows.import_register import ImportSummary, import_register
from idp.directory.rules.register_columns import RefusedFileError


class Command(BaseCommand):
    help = (
        "Import a PS_LibreAcces_Personne_activite file (plain, gzip or zip). "
        "Exit status: 0 all imported, 1 file refused and nothing changed, "
        "2 imported except for malformed rows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the register file")
        parser.add_argument(
            "--test-identities",
            action="store_true",
            help="the file holds fictitious people (RPPS 997… and 999…) and nobody else; "
            "sandbox mode only",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            summary = import_register(path=path, test_identities=options["test_identities"])
        except RefusedFileError as error:
            raise CommandError(f"{path}: refused, nothing has changed: {error}") from error
        except IdpError as error:
            raise CommandError(f"{path}: refused, nothing has changed: {error.code}") from error
        self._report(path, summary)

    def _report(self, path: Path, summary: ImportSummary) -> None:
        self.stdout.write(
            f"{path.name}: {summary.rows} rows; persons: {summary.created} created, "
            f"{summary.changed} changed, {summary.unchanged} unchanged"
        )
        if not summary.malformed_rows:
            return
        for number, reason in summary.malformed:
            self.stderr.write(f"line {number}: {reason}")
        if unnamed := summary.malformed_rows - len(summary.malformed):
            self.stderr.write(f"… and {unnamed} more")
        raise CommandError(f"{summary.malformed_rows} malformed rows left out", returncode=2)
