"""`manage.py import_nomenclatures FILE…`: the official tables; `--report`: what they do not know.

Exit status: 0 done; 1 a file was refused and nothing has changed.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from idp.directory.flows.nomenclatures import import_nomenclatures, missing_tables, unknown_codes
from idp.directory.models import Nomenclature
from idp.directory.rules.code_system import RefusedNomenclatureError


class Command(BaseCommand):
    help = (
        "Import tables of the NOS (FHIR CodeSystem, or a Bundle of them, JSON). All the files or "
        "none. With --report, or without files: the tables here and the unknown codes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help="JSON")
        parser.add_argument("--report", action="store_true", help="unknown codes, after the import")
        parser.add_argument(
            "--allow-older", action="store_true", help="go back to an earlier version"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        files: list[Path] = options["files"]
        try:
            done = import_nomenclatures(paths=files, allows_older=options["allow_older"])
        except RefusedNomenclatureError as error:
            raise CommandError(f"refused, nothing has changed: {error}") from error
        for each in done:
            self.stdout.write(
                f"{each.table} version {each.version}: {each.codes} codes, "
                f"{each.deprecated} of them deprecated"
            )
        if options["report"] or not files:
            self._report()

    def _report(self) -> None:
        for table in Nomenclature.objects.order_by("table"):
            self.stdout.write(
                f"{table.table}: version {table.version}, {table.status}, "
                f"imported {table.imported_at:%Y-%m-%d}"
            )
        unknown = list(unknown_codes())
        for each in unknown:
            self.stdout.write(f"unknown {each.column} {each.code}: {each.rows} rows")
        self.stdout.write(f"{len(unknown)} unknown codes")
        if missing := missing_tables():
            self.stdout.write(f"not checked, as the table is not here: {', '.join(missing)}")
