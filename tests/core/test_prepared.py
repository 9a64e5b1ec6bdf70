"""Statements made once: they find, lock and change what the same queryset would."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from idp.audit.models import AuditRow
from idp.core.prepared import Given, Prepared, PreparedInsert, PreparedUpdate
from idp.directory.models import AlternativeIdentifier, Person
from tests.people import make_person

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
BY_KEY = Prepared(lambda: Person.objects.filter(pk=Given("key", Person._meta.pk)))
IDENTIFIERS = Prepared(
    lambda: (
        AlternativeIdentifier.objects.select_related("person")
        .defer("person__snapshot")
        .filter(person_id=Given("key", Person._meta.pk))
        .order_by("identifier")
    )
)
LEAVE = PreparedUpdate(
    lambda: (
        Person.objects.filter(pk=Given("key", Person._meta.pk), is_test=True),
        {
            "left_register_at": Given("at", Person._meta.get_field("left_register_at")),
            "snapshot": Given("snapshot", Person._meta.get_field("snapshot")),
            "source": "test",
        },
    )
)

pytestmark = pytest.mark.django_db


def test_each_run_finds_what_its_own_values_name() -> None:
    one, other = make_person(), make_person("899900000029")
    assert BY_KEY.rows(key=one.pk) == [one]
    assert BY_KEY.rows(key=other.pk) == [other]
    assert BY_KEY.rows(key=uuid4()) == []


def test_a_row_is_the_same_as_djangos_own() -> None:
    person = make_person()
    (found,) = BY_KEY.rows(key=person.pk)
    ordinary = Person.objects.get(pk=person.pk)
    for field in Person._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(ordinary, field.attname)


def test_related_rows_come_with_it_and_deferred_columns_do_not() -> None:
    person = make_person()
    with CaptureQueriesContext(connection) as queries:
        found = IDENTIFIERS.rows(key=person.pk)
        assert {each.person.national_id for each in found} == {person.national_id}
    assert len(queries) == 1
    assert "snapshot" in found[0].person.get_deferred_fields()
    assert found == list(AlternativeIdentifier.objects.order_by("identifier"))


def test_what_is_given_is_never_sql() -> None:
    make_person()
    named = Prepared(
        lambda: Person.objects.filter(
            national_id=Given("name", Person._meta.get_field("national_id"))
        )
    )
    assert named.rows(name="' OR '1'='1") == []


@pytest.mark.django_db(transaction=True)
def test_a_row_is_locked_in_a_transaction_only() -> None:
    locked = Prepared(
        lambda: Person.objects.select_for_update().filter(pk=Given("key", Person._meta.pk))
    )
    person = make_person()
    with transaction.atomic():
        assert locked.rows(key=person.pk) == [person]
    with pytest.raises(TransactionManagementError):
        locked.rows(key=person.pk)


def test_a_change_says_how_many_rows_it_found() -> None:
    person, other = make_person(), make_person("899900000029")
    values = {"at": NOW, "snapshot": {"a": ["é", 1]}}
    assert LEAVE.run(key=person.pk, **values) == 1
    assert LEAVE.run(key=uuid4(), **values) == 0
    person.refresh_from_db()
    assert (person.left_register_at, person.snapshot, person.source) == (
        NOW,
        values["snapshot"],
        "test",
    )
    other.refresh_from_db()
    assert other.left_register_at is None


def test_a_new_row_is_the_same_as_djangos_own() -> None:
    rows = PreparedInsert(AuditRow)
    values: dict[str, Any] = {"at": NOW, "event": "é", "outcome": "x", "reference": "R"}
    some = rows.insert(AuditRow(**values, data={"a": [1, None, "é"]}, evidence={"k": "v"}))
    none = rows.insert(AuditRow(**values))
    assert some.pk != none.pk
    for made in (some, none):
        kept = AuditRow.objects.get(pk=made.pk)
        assert kept == made
        assert kept.content() == made.content()
    assert AuditRow.objects.filter(evidence__isnull=True).get().pk == none.pk
    # Not new any more: saved again it is the same row.
    none.outcome = "y"
    none.save()
    assert AuditRow.objects.count() == 2


def test_a_new_row_that_may_not_be_is_refused() -> None:
    rows = PreparedInsert(AuditRow)
    row = AuditRow(at=NOW, event="e", outcome="x", reference="R")
    rows.insert(row)
    again = AuditRow(at=NOW, event="e", outcome="x", reference="R", uid=row.uid)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.insert(again)


def test_a_change_to_nothing_is_null() -> None:
    person = make_person()
    LEAVE.run(key=person.pk, at=NOW, snapshot={})
    assert LEAVE.run(key=person.pk, at=None, snapshot={}) == 1
    person.refresh_from_db()
    assert person.left_register_at is None
