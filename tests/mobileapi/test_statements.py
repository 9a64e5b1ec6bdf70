"""What the phone's calls cost the database, and in which order they ask."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from idp.directory.models import Person
from tests.emulators.phones import SoftPhone
from tests.mobileapi.screen import Screen


def test_the_list_costs_two_statements(
    person: Person, phone: SoftPhone, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Screen(person)
    phone.requests()
    with django_assert_num_queries(2):
        phone.requests()


# Who signs; the phone, then its request with what hangs on it, both locked; the key, and its
# counter; the request, the phone, the audit row and the login; around it the transaction.
@pytest.mark.parametrize(("kind", "statements"), [("phone", 11), ("pin_phone", 10)])
def test_an_approval_stays_within_its_statements(
    person: Person,
    kind: str,
    statements: int,
    request: pytest.FixtureRequest,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    phone: SoftPhone = request.getfixturevalue(kind)
    screen = Screen(person)
    (asked,) = phone.requests()
    challenge = phone.challenge(screen.asked.request_id, number=screen.asked.number)
    body = phone.approval(asked, challenge, number=screen.asked.number)
    with django_assert_num_queries(statements):
        phone.signed_call("POST", f"/requests/{screen.asked.request_id}/approve", body)


def test_what_the_phones_lock_protects_is_read_once_it_is_held(
    person: Person, phone: SoftPhone
) -> None:
    """A row joined to the one that waits for its lock would be of before the wait."""
    screen = Screen(person)
    (asked,) = phone.requests()
    challenge = phone.challenge(screen.asked.request_id, number=screen.asked.number)
    body = phone.approval(asked, challenge, number=screen.asked.number)
    with CaptureQueriesContext(connection) as queries:
        phone.signed_call("POST", f"/requests/{screen.asked.request_id}/approve", body)
    said = [each["sql"] for each in queries.captured_queries]
    (_who, lock, *_others) = [sql for sql in said if 'FROM "enrollment_device"' in sql]
    (key,) = [sql for sql in said if 'FROM "enrollment_passkeycredential"' in sql]
    assert "JOIN" not in lock
    assert said.index(lock) < said.index(key)
