"""Last of the journeys: the audit log of all of them proves every login, and betrays a change."""

import sqlite3

import psycopg
import pytest

from tests.journeys.demo import Demo

pytestmark = pytest.mark.journey


def alter(demo: Demo, statement: str) -> None:
    """Somebody with access to the database changes a row by hand."""
    url = demo.environment.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())
        return
    with sqlite3.connect(demo.data_dir / "hygie.sqlite3", timeout=20) as connection:
        connection.execute(statement)


def test_the_audit_log_proves_every_login_and_betrays_a_change(demo: Demo) -> None:
    demo.manage("worker", "--once")
    verified = demo.manage("audit", "verify")
    assert verified.returncode == 0, verified.stderr
    assert "audit log intact" in verified.stdout
    alter(
        demo,
        "UPDATE audit_auditrow SET subject = '899999999999' WHERE sequence ="
        " (SELECT MAX(sequence) FROM audit_auditrow WHERE event = 'login')",
    )
    betrayed = demo.manage("audit", "verify")
    assert betrayed.returncode == 1
    assert "FIRST BAD ROW" in betrayed.stderr
