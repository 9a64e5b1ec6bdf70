"""`manage.py red_list add|remove IDENTIFIER… [--file FILE]`, `manage.py red_list list`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from idp.core.errors import IdpError
from idp.directory.flows.red_list import red_listed, set_red_list

_ACTIONS = {
    "add": "found by nobody from now on: all of them, or none",
    "remove": "found again: all of them, or none",
}


class Command(BaseCommand):
    help = "Who is on the « liste rouge »: found by nobody, logging in as before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for action, what in _ACTIONS.items():
            one = actions.add_parser(action, help=what)
            one.add_argument("identifiers", nargs="*", metavar="IDENTIFIER", help="RPPS or other")
            one.add_argument("--file", type=Path, help="one identifier a line")
            one.add_argument("--by", default="operator, by command", help="who orders it")
        actions.add_parser("list", help="who is on it")

    def handle(self, *_args: Any, action: str, **options: Any) -> None:
        if action == "list":
            for identifier in red_listed():
                self.stdout.write(identifier)
            return
        identifiers = [*options["identifiers"], *_lines(options["file"])]
        if not identifiers:
            raise CommandError("nothing has changed: no identifier is given")
        try:
            changed = set_red_list(
                identifiers=identifiers,
                is_listed=action == "add",
                by=options["by"],
            )
        except IdpError as error:
            raise CommandError(f"nothing has changed: {error.description}") from error
        self.stdout.write(f"{changed} changed")


def _lines(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"nothing has changed: {path}: {error}") from error
    return [line.strip() for line in text.splitlines() if line.strip()]
