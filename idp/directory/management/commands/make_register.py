"""`manage.py make_register`: a register file of fictitious people, to test at any size."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from idp.directory.rules.made_register import Recipe, made_lines
from idp.directory.rules.official_headers import (
    OPEN_FILE,
    RESTRICTED_FILE,
    SAVOIR_FAIRE_FILE,
)

KINDS = {
    "personne_activite": OPEN_FILE,
    "psc": RESTRICTED_FILE,
    "savoir_faire": SAVOIR_FAIRE_FILE,
}


def share(text: str) -> float:
    """`1%` or `0.01`."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError as error:
        raise ArgumentTypeError(f"{text}: a share, as 1% or 0.01") from error
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text}: from 0% to 100%")
    return value


class Command(BaseCommand):
    help = (
        "Write a register file of fictitious people in the official format. The same seed gives "
        "the same bytes, and the same people whatever the kind. Import it with --test-identities, "
        "in sandbox mode."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, required=True, help="how many")
        parser.add_argument("--seed", type=int, default=1, help="another one, other people: 1")
        parser.add_argument("--output", type=Path, required=True, help="this file, replaced")
        parser.add_argument(
            "--kind",
            choices=KINDS,
            default="personne_activite",
            help="the open file, the restricted extraction, or the file of savoir-faire",
        )
        parser.add_argument("--changed", type=share, default=0.0, help="share renamed, as 1%%")
        parser.add_argument("--ended", type=share, default=0.0, help="share left out, as 1%%")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not 0 < options["people"] <= 20_000_000:
            raise CommandError("--people goes from 1 to 20,000,000")
        recipe = Recipe(
            people=options["people"],
            seed=options["seed"],
            changed=options["changed"],
            ended=options["ended"],
        )
        try:
            rows = _write(options["output"], KINDS[options["kind"]], recipe)
        except OSError as error:
            raise CommandError(f"not written: {error}") from error
        self.stdout.write(f"{options['output']}: {rows} rows")


def _write(path: Path, columns: tuple[str, ...], recipe: Recipe) -> int:
    """How many rows."""
    rows = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        try:
            file.write("|".join((*columns, "")) + "\n")
            for line in made_lines(recipe, list(columns)):
                file.write(line + "\n")
                rows += 1
            file.flush()
        except (KeyboardInterrupt, OSError):
            # A part of a register would pass for a shorter one.
            if path.is_file():
                path.unlink()
            raise
    return rows
