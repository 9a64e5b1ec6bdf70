"""`manage.py red_list add|remove IDENTIFIER… [--file FILE]`, `manage.py red_list list`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from idp.core.errors import IdpError
from idp.directory.flows.red_list import red_listed, set_red_list


class Command(BaseCommand):
    help = "Who is on the « liste rouge »: found by nobody, logging in as before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for action in ("add", "remove"):
            one = actions.add_parser(action)
            one.add_argument("identifiers", nargs="*", metavar="IDENTIFIER", help="RPPS or other")
            one.add_argument("--file", type=Path, help="one identifier a line")
            one.add_argument("--by", default="operator, by command")
        actions.add_parser("list")

    def handle(self, *_args: Any, action: str, **options: Any) -> None:
        if action == "list":
            for identifier in red_listed():
                self.stdout.write(identifier)
            return
        try:
            changed = set_red_list(
                identifiers=[*options["identifiers"], *_lines(options["file"])],
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
