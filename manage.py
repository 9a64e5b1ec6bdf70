#!/usr/bin/env python
"""Django's command line for Hygie."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
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


def main() -> None:
    choose_mode()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "idp.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # Said to whoever sets the environment: where in the code it was found helps nobody.
        sys.exit(str(error))


if __name__ == "__main__":
    main()
