"""Fixtures of the directory: a register file to write, the sandbox people, production mode."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from idp.configuration import Mode
from idp.directory.flows.import_register import import_register
from idp.directory.flows.import_savoir_faire import import_savoir_faire
from idp.directory.flows.importing import ImportSummary, Options
from idp.directory.flows.toggle import Toggled, toggle_identifiers
from tests.directory.register import SANDBOX_FILE, register
from tests.directory.savoir_faire import HEADER, agree


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
def toggle(tmp_path: Path) -> Callable[..., Toggled]:
    """Brings a file of changed numbers, of these lines."""

    def do(*lines: str, header: str = "N° ADELI;N° RPPS", encoding: str = "latin-1") -> Toggled:
        path = tmp_path / "bascule.csv"
        path.write_bytes("".join(f"{line}\n" for line in (header, *lines)).encode(encoding))
        return toggle_identifiers(path=path, by="a test")

    return do


@pytest.fixture
def say(tmp_path: Path, db: None) -> Callable[..., ImportSummary]:
    """Imports a file of savoir-faire of these rows."""

    def say(
        *rows: str,
        name: str = "savoir.txt",
        header: str = HEADER,
        accept_changes: bool = True,
        allow_older: bool = False,
        test_identities: bool = False,
    ) -> ImportSummary:
        path = tmp_path / name
        path.write_bytes(register(*rows, header=header))
        options = Options(
            accept_changes=accept_changes, allow_older=allow_older, test_identities=test_identities
        )
        return import_savoir_faire(path=path, options=options)

    return say


@pytest.fixture
def agreement(db: None) -> Iterator[None]:
    """When a test is over, tables and snapshots say the same."""
    yield
    agree()


@pytest.fixture
def sandbox_people(db: None) -> ImportSummary:
    """The directory holds the people of the sandbox."""
    return import_register(path=SANDBOX_FILE, test_identities=True)


@pytest.fixture
def production(settings: Settings) -> None:
    """As if this were a production node."""
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION)
