"""`manage.py translations [--check]`: French is the source, English must be complete."""

import re
import subprocess
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

IGNORED = [".venv/*", "var/*", "tests/*", "bridge/*", "examples/*", "docs/*"]


class Command(BaseCommand):
    help = "Collects the French strings and compiles the English ones; --check changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="fail when English is not complete"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        catalogue = Path(settings.LOCALE_PATHS[0]) / "en" / "LC_MESSAGES" / "django.po"
        compiled = catalogue.with_suffix(".mo")
        before = (catalogue.read_bytes(), compiled.read_bytes()) if check else None
        self._collect()
        fresh = self._compile(catalogue, compiled)
        complete = self._untranslated(catalogue) == 0
        if before is not None:
            is_current = _messages(catalogue.read_bytes()) == _messages(before[0])
            catalogue.write_bytes(before[0])
            compiled.write_bytes(before[1])
            if not is_current or fresh != before[1]:
                raise CommandError("The English catalogue is old. Run: ./run manage translations")
        if not complete:
            raise CommandError(f"Strings without English remain in {catalogue.name}.")
        self.stdout.write("English is complete.")

    def _collect(self) -> None:
        call_command(
            "makemessages",
            locale=["en"],
            ignore_patterns=IGNORED,
            add_location="file",
            no_obsolete=True,
            no_wrap=True,
            verbosity=0,
        )

    def _compile(self, catalogue: Path, compiled: Path) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "django.mo"
            _run("msgfmt", "--check-format", "-o", str(target), str(catalogue))
            compiled.write_bytes(target.read_bytes())
        return compiled.read_bytes()

    def _untranslated(self, catalogue: Path) -> int:
        """Fuzzy and empty entries, as gettext's own tool counts them."""
        summary = _run("msgfmt", "--statistics", "-o", "/dev/null", str(catalogue))
        return sum(int(count) for count in re.findall(r"(\d+) (?:fuzzy|untranslated)", summary))


def _messages(catalogue: bytes) -> bytes:
    """The catalogue without the dates that change at each collection."""
    return re.sub(rb'"(POT-Creation|PO-Revision)-Date:[^"]*"\n', b"", catalogue)


def _run(*command: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    if done.returncode != 0:
        raise CommandError(done.stderr)
    return done.stderr + done.stdout
