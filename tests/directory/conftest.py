"""Fixtures of the directory: a register file to write, the sandbox people, production mode."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from idp.configuration import Mode
from idp.directory.flows.import_register import ImportSummary, Options, import_register
from tests.directory.register import SANDBOX_FILE


@pytest.fixture
def import_bytes(tmp_path: Path, db: None) -> Callable[..., ImportSummary]:
    """Imports a register file of these bytes."""

    def do(
        content: bytes, *, test_identities: bool = False, name: str = "register.txt"
    ) -> ImportSummary:
        path = tmp_path / name
        path.write_bytes(content)
        return import_register(
            path=path, options=Options(test_identities=test_identities, accept_changes=True)
        )

    return do


@pytest.fixture
def sandbox_people(db: None) -> ImportSummary:
    """The directory holds the people of the sandbox."""
    return import_register(path=SANDBOX_FILE, test_identities=True)


@pytest.fixture
def production(settings: Settings) -> None:
    """As if this were a production node."""
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION)
