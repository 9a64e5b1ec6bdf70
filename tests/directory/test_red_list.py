"""The « liste rouge »: found by nobody, logging in as before, and every change is a row."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.flows.cards import SeenCard, note_card
from idp.directory.flows.find import find_professional, list_test_professionals
from idp.directory.models import Person
from idp.login import flows as login
from tests.login.conftest import open_one, proof_of
from tests.people import make_person


@pytest.fixture
def person(db: None) -> Person:
    return make_person()


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("red_list", *arguments, stdout=out)
    return out.getvalue().strip()


def test_the_command_puts_on_the_list_and_takes_off(person: Person) -> None:
    assert run("add", "99900000011") == "1 changed"
    assert run("add", "899900000011") == "0 changed"
    assert run("list") == "899900000011"
    assert run("remove", "899900000011") == "1 changed"
    assert run("list") == ""
    rows = AuditRow.objects.filter(event="red_list").order_by("pk")
    assert [row.data["listed"] for row in rows] == [True, False]


def test_a_file_names_many_and_one_unknown_changes_none(person: Person, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("\ufeff899900000011\n\n899900000029\n")
    with pytest.raises(CommandError, match="nothing has changed: nobody is known as 899900000029"):
        run("add", "--file", str(path))
    assert run("list") == ""
    make_person("899900000029")
    assert run("add", "--file", str(path)) == "2 changed"


@pytest.mark.parametrize("typed", ["8 9990 0000 011", "999 000 000 11", " 99900000011"])
def test_a_number_is_known_as_people_write_it(person: Person, typed: str) -> None:
    assert run("add", typed) == "1 changed"
    assert run("list") == person.national_id


@pytest.mark.parametrize("action", ["add", "remove"])
def test_nobody_at_all_is_a_mistake(db: None, tmp_path: Path, action: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text("\n \n")
    for options in ((), ("--file", str(path))):
        with pytest.raises(CommandError, match="nothing has changed: no identifier is given"):
            run(action, *options)


def test_nothing_is_logged_that_is_not_done(
    person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError):
        run("add", person.national_id, "899900000029")
    assert "red_list" not in capsys.readouterr().out


def test_another_file_is_not_told_at_length(db: None, tmp_path: Path) -> None:
    path = tmp_path / "register.txt"
    path.write_text("Nom|" * 1000)
    with pytest.raises(CommandError) as refused:
        run("add", "--file", str(path))
    assert len(str(refused.value)) < 150


def test_logging_in_works_as_before(person: Person) -> None:
    run("add", person.national_id)
    assert find_professional(identifier=person.national_id) is not None
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    attempt.refresh_from_db()
    session, _secret = login.finish(attempt=attempt)
    assert session.person_id == person.pk


def test_no_list_of_people_holds_them(person: Person) -> None:
    make_person("899900000029")
    run("add", person.national_id)
    assert [each.national_id for each in list_test_professionals()] == ["899900000029"]


def test_the_administration_finds_them_under_a_known_identifier_only(person: Person) -> None:
    run("add", person.national_id)
    browser = Browser()
    browser.force_login(User.objects.create_superuser("admin"))
    page = "/admin/directory/person/"
    for query in ({}, {"q": "Lefèvre"}, {"q": "Lef"}, {"q": "8999"}):
        answer = browser.get(page, query)
        assert answer.status_code == 200
        assert person.national_id not in answer.content.decode()
    assert person.national_id in browser.get(page, {"q": person.national_id}).content.decode()
    assert browser.get(f"{page}{person.pk}/change/").status_code == 200


@pytest.mark.parametrize("typed", ["99900000011", "8 9990 0000 011"])
def test_a_number_is_searched_for_as_people_write_it(person: Person, typed: str) -> None:
    run("add", person.national_id)
    note_card(
        SeenCard(
            person_id=person.pk,
            issuer_sha256="0" * 64,
            serial="a1",
            number="2900000017",
            kind="CPS",
            not_after=clock.now() + timedelta(days=400),
        )
    )
    browser = Browser()
    browser.force_login(User.objects.create_superuser("admin"))
    for page in ("/admin/directory/person/", "/admin/directory/card/"):
        answer = browser.get(page, {"q": typed})
        assert person.national_id in answer.content.decode()


def test_no_list_of_cards_in_the_administration_shows_theirs(person: Person) -> None:
    other = make_person("899900000029")
    for holder, number in ((person, "2900000017"), (other, "2900000025")):
        note_card(
            SeenCard(
                person_id=holder.pk,
                issuer_sha256="0" * 64,
                serial=number,
                number=number,
                kind="CPS",
                not_after=clock.now() + timedelta(days=20),
            )
        )
    run("add", person.national_id)
    browser = Browser()
    browser.force_login(User.objects.create_superuser("admin"))
    page = "/admin/directory/card/"
    for query in ({}, {"state": "ends_soon"}, {"kind__exact": "CPS"}, {"q": ""}, {"q": "8999"}):
        shown = browser.get(page, query).content.decode()
        assert person.national_id not in shown
        assert "2900000017" not in shown
    assert other.national_id in browser.get(page).content.decode()
    # Under a number that is known already.
    assert person.national_id in browser.get(page, {"q": "2900000017"}).content.decode()
