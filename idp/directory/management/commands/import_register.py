"""`manage.py import_register FILE`: the directory becomes what the register file says.

Exit status: 0 everything was imported; 1 the file was refused and nothing has changed; 2 the file
was imported except for malformed rows, the first twenty of which are named on stderr.
"""

import getpass
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from idp.core.errors import IdpError
from idp.directory.flows.batches import OUTAGES, outage
from idp.directory.flows.import_cards import import_cards
from idp.directory.flows.import_register import import_register
from idp.directory.flows.import_savoir_faire import import_savoir_faire
from idp.directory.flows.importing import ImportSummary, NoRowError, Options, TooManyChangesError
from idp.directory.flows.roll_back_import import roll_back_import
from idp.directory.gateways.register_file import first_line, open_register
from idp.directory.models import ImportBatch
from idp.directory.rules.card_row import holds_cards
from idp.directory.rules.register_columns import RefusedFileError, holds_savoir_faire


class Command(BaseCommand):
    help = (
        "Import a PS_LibreAcces_Personne_activite file or the restricted Pro Santé Connect "
        "extraction, then PS_LibreAcces_SavoirFaire; Porteurs_CPS_CPF (plain, gzip or zip). "
        "Exit status: 0 all imported, 1 file refused and nothing changed, "
        "2 imported except for malformed rows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file",
            type=Path,
            nargs="?",
            help="of people, savoir-faire or cards: told apart by its header",
        )
        parser.add_argument(
            "--accept-changes",
            action="store_true",
            help="import though more than 5%% of the people known would change or end",
        )
        parser.add_argument(
            "--allow-older", action="store_true", help="import though the last file was younger"
        )
        parser.add_argument(
            "--savoir-faire",
            action="store_true",
            help="of an archive of several files, import PS_LibreAcces_SavoirFaire",
        )
        parser.add_argument(
            "--list", action="store_true", help="show the last twenty imports, by their number"
        )
        parser.add_argument(
            "--rollback",
            type=int,
            metavar="BATCH",
            help="take back the import of this number, the last of its kind",
        )
        parser.add_argument(
            "--test-identities",
            action="store_true",
            help="the file holds fictitious people (RPPS 997… and 999…) and nobody else; "
            "sandbox mode only",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["file"] and (options["list"] or options["rollback"] is not None):
            raise CommandError("--list and --rollback take no file; nothing has changed")
        if options["list"]:
            self._list()
        elif options["rollback"] is not None:
            self._roll_back(options["rollback"])
        elif options["file"]:
            self._import(options["file"], options)
        else:
            raise CommandError("which file? (or --list, or --rollback BATCH)")

    def _import(self, path: Path, options: dict[str, Any]) -> None:
        choices = Options(
            test_identities=options["test_identities"],
            accept_changes=options["accept_changes"],
            allow_older=options["allow_older"],
            actor=_actor(),
            progress=self._progress(path),
        )
        try:
            run = _flow(path, options)
            summary = run(path=path, options=choices)
        except RefusedFileError as error:
            if isinstance(error, TooManyChangesError):
                self._differences(error.summary)
            if isinstance(error, TooManyChangesError | NoRowError):
                self._name_malformed(error.summary)
            raise CommandError(f"{path}: refused, nothing has changed: {error}") from error
        except IdpError as error:
            raise CommandError(f"{path}: refused, nothing has changed: {error}") from error
        except OUTAGES as error:
            raise CommandError(
                f"{path}: broke off, nothing is half done: {outage(error)}; run it again"
            ) from error
        finally:
            if self.stderr.isatty():
                # Below the progress.
                self.stderr.write("")
        self._report(path, summary, "cards" if run is import_cards else "persons")

    def _list(self) -> None:
        for batch in ImportBatch.objects.order_by("-pk")[:20]:
            counts = batch.counts
            what = counts.get("reason") or ", ".join(
                f"{counts.get(key, 0)} {key}" for key in ("created", "changed", "ended")
            )
            self.stdout.write(
                f"{batch.pk}  {batch.started_at:%Y-%m-%d %H:%M}  {batch.kind}  {batch.state}  "
                f"{batch.file_name}  {what}  {batch.actor}"
            )

    def _roll_back(self, batch_id: int) -> None:
        try:
            people = roll_back_import(batch_id=batch_id)
        except IdpError as error:
            raise CommandError(f"not rolled back: {error}") from error
        self.stdout.write(f"import {batch_id} taken back: {people} people as before")

    def _progress(self, path: Path) -> Callable[[str, int], None]:
        if not self.stderr.isatty():
            return lambda _phase, _done: None
        started: dict[str, float] = {}
        size = _size(path)

        def show(phase: str, done: int) -> None:
            now = time.monotonic()
            seconds = now - started.setdefault(phase, now)
            text = phase
            if done and seconds:
                rate = done / seconds
                left = f", {(size - done) / rate:.0f} s left" if done <= size else ""
                text = f"{phase}: {done >> 20} MB, {rate / 1e6:.0f} MB/s{left}"
            self.stderr.write(f"\r{text:<60}", style_func=str, ending="")

        return show

    def _differences(self, summary: ImportSummary) -> None:
        for what, professions in summary.by_profession.items():
            codes = ", ".join(f"{code or '?'}: {count}" for code, count in professions.items())
            self.stdout.write(f"  {what} by profession: {codes}")

    def _report(self, path: Path, summary: ImportSummary, of_what: str) -> None:
        if summary.skipped:
            self.stdout.write(f"{path.name}: the very file of import {summary.batch}, skipped")
        self.stdout.write(
            f"{path.name}: {summary.rows} rows; {of_what}: {summary.created} created, "
            f"{summary.changed} changed, {summary.unchanged} unchanged, {summary.ended} ended"
        )
        self._differences(summary)
        if summary.left_out:
            reasons = ", ".join(f"{rows} {why}" for why, rows in summary.left_out.items())
            self.stdout.write(f"  rows left out: {reasons}")
        self._name_malformed(summary)
        if summary.malformed_rows:
            raise CommandError(f"{summary.malformed_rows} malformed rows left out", returncode=2)

    def _name_malformed(self, summary: ImportSummary) -> None:
        for number, reason in summary.malformed:
            self.stderr.write(f"line {number}: {reason}")
        if unnamed := summary.malformed_rows - len(summary.malformed):
            self.stderr.write(f"… and {unnamed} more")


def _flow(path: Path, options: dict[str, Any]) -> Callable[..., ImportSummary]:
    """Which import this file is for, by its first line."""
    if options["savoir_faire"]:
        return import_savoir_faire
    with open_register(path) as lines:
        header = first_line(lines)
    if holds_cards(header):
        return import_cards
    return import_savoir_faire if holds_savoir_faire(header) else import_register


def _size(path: Path) -> int:
    """In bytes; 0 where it cannot be told, as of what a packed file holds."""
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) in (b"\x1f\x8b", b"PK")
            return 0 if is_packed else path.stat().st_size
    except OSError:
        return 0


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
