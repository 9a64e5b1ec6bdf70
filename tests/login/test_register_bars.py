"""Whom the register bars: who left it, and by policy whose every practice ended."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from pytest_django import Settings

from idp.audit.models import AuditRow
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.enrollment.models import Device
from idp.login import flows as login
from idp.login.flows.withdrawal import withdraw_barred_people
from tests.login.conftest import is_over, open_one, proof_of, session_of


def leave(person: Person, **changes: object) -> None:
    Person.objects.filter(pk=person.pk).update(left_register_at=clock.now(), **changes)


def assert_all_ends(person: Person, bar: Callable[[Person], None], cause: str) -> None:
    """What they have is dead at once, and is over when the worker has told the portals."""
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    attempt.refresh_from_db()
    session, cookie = login.finish(attempt=attempt)
    assert login.current_session(cookie_secret=cookie) is not None
    bar(person)
    assert login.current_session(cookie_secret=cookie) is None
    assert not is_over(session)
    assert withdraw_barred_people() == 1
    assert is_over(session)
    assert session.end_reason == cause
    assert AuditRow.objects.get(event="access_withdrawn").data["cause"] == cause


def test_who_left_the_register_has_no_session_from_that_moment(person: Person) -> None:
    assert_all_ends(person, leave, "left the register")


def test_who_left_does_not_log_in_and_who_came_back_does(person: Person) -> None:
    leave(person)
    with pytest.raises(IdpError) as refused:
        login.prove(attempt=open_one(), authentication=proof_of(person))
    assert "ne vous compte plus" in refused.value.description
    Person.objects.update(left_register_at=None)
    assert not is_over(session_of(person))


def test_phones_of_who_left_are_there_when_they_come_back(device: Device) -> None:
    leave(device.holder)
    withdraw_barred_people()
    device.refresh_from_db()
    assert device.state == "active"


def test_the_red_list_is_absent_from_the_register_and_has_not_left(person: Person) -> None:
    session = session_of(person)
    leave(person, is_red_listed=True)
    assert withdraw_barred_people() == 0
    assert not is_over(session)
    assert not is_over(session_of(person))


def test_the_policy_may_let_them_in(person: Person, settings: Settings) -> None:
    settings.HYGIE = replace(settings.HYGIE, refuses_who_left_the_register=False)
    leave(person)
    session = session_of(person)
    assert withdraw_barred_people() == 0
    assert not is_over(session)


PRACTICES_ENDED = "every practice ended"


def end_practices(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(practices_ended_on=clock.now().date())


@pytest.fixture
def refuses_practices_ended(settings: Settings) -> None:
    settings.HYGIE = replace(settings.HYGIE, refuses_whose_practices_ended=True)


def test_who_practises_nowhere_any_more_logs_in_unless_the_policy_refuses(person: Person) -> None:
    end_practices(person)
    session = session_of(person)
    assert withdraw_barred_people() == 0
    assert not is_over(session)


@pytest.mark.usefixtures("refuses_practices_ended")
def test_the_policy_ends_what_they_have_from_that_moment(device: Device) -> None:
    assert_all_ends(device.holder, end_practices, PRACTICES_ENDED)
    device.refresh_from_db()
    assert device.state == "active"


@pytest.mark.usefixtures("refuses_practices_ended")
def test_of_who_is_in_no_file_the_policy_says_nothing(person: Person, settings: Settings) -> None:
    """The red list, and where people who left log in all the same."""
    end_practices(person)
    leave(person, is_red_listed=True)
    session = session_of(person)
    leave(person, is_red_listed=False)
    settings.HYGIE = replace(settings.HYGIE, refuses_who_left_the_register=False)
    assert withdraw_barred_people() == 0
    assert not is_over(session)
    assert not is_over(session_of(person))


@pytest.mark.usefixtures("refuses_practices_ended")
def test_the_policy_refuses_them_until_they_practise_again(person: Person) -> None:
    end_practices(person)
    with pytest.raises(IdpError) as refused:
        login.prove(attempt=open_one(), authentication=proof_of(person))
    assert "n’exercez plus nulle part" in refused.value.description
    assert refused.value.detail == PRACTICES_ENDED
    Person.objects.update(practices_ended_on=None)
    assert not is_over(session_of(person))
