"""`manage.py toggle_identifiers FILE`: ADELI numbers that became RPPS numbers.

Exit status as of `import_register`: 0 all done, 1 refused and nothing changed, 2 done but for
malformed rows, the first twenty of which are named.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from idp.core.errors import IdpError
from idp.directory.flows.batches import OUTAGES, outage
from idp.directory.flows.toggle import toggle_identifiers
from idp.directory.rules.raw_people import NAMED_ROWS
from idp.directory.rules.register_columns import RefusedFileError


class Command(BaseCommand):
    help = "Bring identifiers to what a file « N° ADELI;N° RPPS » says: one person, one subject."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the columns N° ADELI and N° RPPS")
        parser.add_argument("--by", default="operator, by command", help="who orders it")
        parser.add_argument("--test-identities", action="store_true", help="sandbox mode only")

    def handle(self, *_args: Any, file: Path, **options: Any) -> None:
        try:
            done = toggle_identifiers(
                path=file, test_identities=options["test_identities"], by=options["by"]
            )
        except (RefusedFileError, IdpError) as error:
            raise CommandError(f"{file}: refused, nothing has changed: {error}") from error
        except OUTAGES as error:
            raise CommandError(
                f"{file}: broke off, nothing has changed: {outage(error)}"
            ) from error
        self.stdout.write(
            f"{file.name}: {done.renamed} renamed, {done.added} given their former number, "
            f"{done.fused} made one of two, {done.ended} ended beside the RPPS number's, "
            f"{done.already} known already, {done.unknown} unknown"
        )
        for number, reason in done.malformed[:NAMED_ROWS]:
            self.stderr.write(f"line {number}: {reason}")
        if done.malformed:
            raise CommandError(f"{len(done.malformed)} malformed rows left out", returncode=2)
