"""A portal's registration at a running demo, as an operator makes it."""

import json
from typing import Any

from tests.journeys.demo import Demo


def add_client(demo: Demo, *options: str) -> dict[str, Any]:
    """`manage.py client add`, as an operator would."""
    done = demo.manage("client", "add", *options)
    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


def issuer_of(demo: Demo) -> str:
    return f"{demo.base_url}/auth/realms/esante-wallet"
