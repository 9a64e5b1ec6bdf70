#!/usr/bin/env python
"""Django's command line for Hygie."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
# As a shell says of a command that a signal ended: Ctrl-C; nobody who reads what it writes.
INTERRUPTED, BROKEN_PIPE = 128 + 2, 128 + 13
PRODUCTION_SETTINGS = ("HYGIE_SECRET_KEY", "HYGIE_ENCRYPTION_KEY", "HYGIE_BASE_URL", "DATABASE_URL")


def choose_mode() -> None:
    """Commands typed beside a demo work on the demo's data.

    Only where ./run demo has left its mark in the data folder, and only where nothing was set that
    a production deployment must set. Servers never pass here: they have no default mode.
    """
    data_dir = Path(os.environ.get("HYGIE_DATA_DIR", ROOT / "var"))
    said = "HYGIE_MODE" in os.environ or any(name in os.environ for name in PRODUCTION_SETTINGS)
    if not said and (data_dir / "sandbox" / "TEST").exists():
        os.environ["HYGIE_MODE"] = "sandbox"


def refuse_broken_arguments() -> None:
    """What the terminal sent that is no UTF-8, as an old file's name: no database would keep it."""
    for argument in sys.argv[1:]:
        if any("\ud800" <= character <= "\udfff" for character in argument):
            sys.exit(f"Not UTF-8: {argument!a}. Nothing was done: rename the file, or retype it.")


def main() -> None:
    refuse_broken_arguments()
    choose_mode()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "idp.settings")
    try:
        _execute()
    except BrokenPipeError:
        # `… | head` has read enough. What Python still holds for it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except KeyboardInterrupt:
        # Whoever stopped it knows why: what was not finished is undone by its transaction.
        sys.stderr.write("\nInterrupted: what was not finished is not done.\n")
        sys.exit(INTERRUPTED)


def _execute() -> None:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, ProgrammingError

    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except ImproperlyConfigured as error:
        # Said to whoever sets the environment: where in the code it was found helps nobody.
        sys.exit(str(error))
    except (OperationalError, ProgrammingError) as error:
        if "--traceback" in sys.argv:
            raise
        # The first line: what follows may quote a row.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        sys.exit(
            f"The database: {reason}. Does it run, may this account write there, "
            "was `./run manage migrate` run since the last update? (--traceback: where)"
        )


if __name__ == "__main__":
    main()
