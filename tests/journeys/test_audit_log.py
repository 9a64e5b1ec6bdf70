"""The audit log proves every login from the database alone, and betrays a change by hand."""

import sqlite3
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Page

from tests.journeys.card_desk import choose_card, expect_greeting, insert, renew_cards, type_pin
from tests.journeys.demo import Demo, running_demo

pytestmark = pytest.mark.journey


@pytest.fixture
def own() -> Iterator[Demo]:
    """A demo whose log may be spoilt."""
    with running_demo() as running:
        yield running


def alter(demo: Demo, statement: str) -> None:
    """Somebody with access to the database changes a row by hand."""
    url = demo.environment.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())
        return
    with sqlite3.connect(demo.data_dir / "hygie.sqlite3", timeout=20) as connection:
        connection.execute(statement)


def test_the_audit_log_proves_a_login_and_betrays_a_change(desk: Page, own: Demo) -> None:
    reader = desk.context.new_page()
    reader.goto(own.reader_url)
    renew_cards(reader)
    insert(reader, "doctor")
    choose_card(desk, own)
    type_pin(reader)
    expect_greeting(desk, "Lefèvre")
    own.manage("worker", "--once")
    verified = own.manage("audit", "verify")
    assert verified.returncode == 0, verified.stderr
    assert "audit log intact" in verified.stdout
    alter(
        own,
        "UPDATE audit_auditrow SET subject = '899999999999' WHERE sequence ="
        " (SELECT MAX(sequence) FROM audit_auditrow WHERE event = 'login')",
    )
    betrayed = own.manage("audit", "verify")
    assert betrayed.returncode == 1
    assert "FIRST BAD ROW" in betrayed.stderr
