"""An import that breaks off for a reason of its own: the reason is kept with it, at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import Error, connection

from idp.directory.flows.import_cards import import_cards
from idp.directory.flows.import_register import import_register
from idp.directory.flows.import_savoir_faire import import_savoir_faire
from idp.directory.flows.importing import ImportSummary, Options
from tests.directory.digest import directory_digest
from tests.directory.importing import Importing, state
from tests.directory.register import PRACTICE, register, row
from tests.directory.savoir_faire import HEADER, skill
from tests.directory.test_bad_card_files import card, content
from tests.directory.test_import_processes import batches, imported, registers, today

__all__ = ["registers", "today"]
pytestmark = pytest.mark.django_db(transaction=True)
Flow = Callable[..., ImportSummary]
IMPORTS: dict[str, tuple[Flow, bytes]] = {
    "directory_practice": (import_register, register(row(**PRACTICE))),
    "directory_savoirfaire": (import_savoir_faire, register(skill(), header=HEADER)),
    "directory_issuedcard": (import_cards, content(card())),
}
BREAKS = {
    "sqlite": """
CREATE TRIGGER breaks BEFORE {event} ON {table} BEGIN SELECT RAISE(FAIL, 'it breaks'); END
""",
    "postgresql": """
CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
RAISE EXCEPTION 'it breaks' USING DETAIL = 'row of ' || NEW; END $$;
CREATE TRIGGER breaks BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION breaks()
""",
}
MENDS = {"sqlite": "DROP TRIGGER breaks", "postgresql": "DROP FUNCTION breaks CASCADE"}


@contextmanager
def broken(table: str, event: str = "INSERT") -> Iterator[None]:
    """The database takes no row of this table, half-way through an import."""
    with connection.cursor() as cursor:
        cursor.execute(BREAKS[connection.vendor].format(table=table, event=event))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(MENDS[connection.vendor])


@pytest.fixture
def known(tmp_path: Path) -> None:
    """One physician, who practises nowhere yet."""
    path = tmp_path / "yesterday.txt"
    path.write_bytes(register(row()))
    import_register(path=path)


@pytest.mark.parametrize("table", IMPORTS)
@pytest.mark.usefixtures("known")
def test_what_the_database_says_is_the_reason_of_the_batch(tmp_path: Path, table: str) -> None:
    flow, whole = IMPORTS[table]
    path = tmp_path / "today.txt"
    path.write_bytes(whole)
    before = directory_digest()
    options = Options(accept_changes=True)
    with broken(table), pytest.raises(Error, match="it breaks"):
        flow(path=path, options=options)
    assert batches()[1:] == [("refused", "broke off: it breaks")]
    assert directory_digest() == before
    summary = flow(path=path, options=options)
    assert summary.created + summary.changed == 1
    assert batches()[2:] == [("done", None)]


@pytest.mark.parametrize("unforeseen", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("phase", ["looking over", "reading", "writing"])
@pytest.mark.usefixtures("known")
def test_what_nobody_foresaw_is_named_and_goes_on(
    tmp_path: Path, phase: str, unforeseen: type[BaseException]
) -> None:
    path = tmp_path / "today.txt"
    path.write_bytes(register(row(nom="DURAND")))
    before = directory_digest()

    def progress(shown: str, _done: int) -> None:
        if shown == phase:
            raise unforeseen("DURAND")

    options = Options(accept_changes=True, progress=progress)
    with pytest.raises(unforeseen, match="DURAND"):
        import_register(path=path, options=options)
    # What it says of itself may be about a person.
    assert batches()[1:] == [("refused", f"broke off: {unforeseen.__name__}")]
    assert directory_digest() == before


@pytest.mark.usefixtures("known")
def test_where_not_even_the_reason_can_be_kept_it_is_said_and_the_next_import_goes_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "today.txt"
    path.write_bytes(register(row(nom="DURAND")))
    before = directory_digest()

    def progress(_phase: str, _done: int) -> None:
        raise RuntimeError("the first error")

    options = Options(accept_changes=True, progress=progress)
    with (
        broken("directory_importbatch", "UPDATE"),
        pytest.raises(RuntimeError, match="the first error"),
    ):
        import_register(path=path, options=options)
    assert batches()[1:] == [("running", None)]
    assert directory_digest() == before
    import_register(path=path, options=Options(accept_changes=True))
    assert batches()[1:] == [("refused", "interrupted"), ("done", None)]


def cut_off() -> None:
    """The server ends the connection of the import."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database "
            "WHERE locktype = 'advisory' AND datname = current_database()"
        )


@pytest.mark.parametrize("phase", ["looking over", "reading", "writing"])
def test_a_connection_that_is_cut_is_said_and_noted_by_another(today: Path, phase: str) -> None:
    if connection.vendor != "postgresql":
        # SQLite is a file: there is no connection to cut.
        return
    before, digest = state(), directory_digest()
    with Importing(str(today), "--accept-changes") as importing:
        importing.shows(phase)
        with importing.stopped():
            cut_off()
        status, out, screen = importing.finished()
    assert (status, out) == (1, "")
    reason = "terminating connection due to administrator command"
    assert f"broke off, nothing is half done: {reason}; run it again" in screen.splitlines()[-1]
    assert "Traceback" not in screen
    assert batches()[1:] == [("refused", f"broke off: {reason}")]
    assert (state(), directory_digest()) == (before, digest)
    imported(today)
    assert batches()[2:] == [("done", None)]
