"""`manage.py revoke`, as an operator types it."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from idp.directory.models import Person
from tests.login.conftest import session_of


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("revoke", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_orders_lists_and_lifts(person: Person) -> None:
    session_of(person)
    said = run("person", person.national_id[1:], "--reason", "ticket 17", "--by", "Ana")
    assert "sessions: 1" in said
    assert "by Ana: ticket 17" in run("list")
    run("person", person.national_id, "--reason", "mistake", "--undo")
    assert run("list") == ""


def test_the_command_says_of_a_card_that_it_is_not_known(db: None) -> None:
    err = StringIO()
    call_command("revoke", "card", "2900000017", reason="x", stdout=StringIO(), stderr=err)
    assert "No card 2900000017 is known here" in err.getvalue()
    assert "2900000017" in run("list")


def test_the_command_needs_a_reason(person: Person) -> None:
    with pytest.raises(CommandError, match="reason"):
        run("person", person.national_id)


def test_the_command_says_who_is_unknown(db: None) -> None:
    with pytest.raises(CommandError, match="nobody"):
        run("person", "899900000037", "--reason", "x")
