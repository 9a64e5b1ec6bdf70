"""Revoking in the administration: by right, with a reason; orders are looked at, never changed."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client as Browser

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.flows.cards import SeenCard, note_card
from idp.directory.models import Card, Person
from idp.login.models import RevocationOrder
from tests.login.conftest import is_over, session_of
from tests.people import make_person

PEOPLE, CARDS = "/admin/directory/person/", "/admin/directory/card/"


@pytest.fixture
def person(db: None) -> Person:
    return make_person()


def staff(*permissions: str) -> Browser:
    user = User.objects.create_user("ana", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser = Browser()
    browser.force_login(user)
    return browser


def revoke(browser: Browser, page: str, key: object, reason: str = "ticket 17") -> Any:
    form = {"action": "revoke", "_selected_action": str(key), "reason": reason}
    return browser.post(page, form, follow=True)


def test_who_has_the_right_revokes_a_person(person: Person) -> None:
    session = session_of(person)
    browser = staff("view_person", "add_revocationorder")
    assert "Révocation faite" in revoke(browser, PEOPLE, person.pk).content.decode()
    assert is_over(session)
    row = AuditRow.objects.get(event="access_revoked")
    assert (row.data["by"], row.data["reason"]) == ("ana, in the administration", "ticket 17")


def test_and_a_card(person: Person) -> None:
    note_card(
        SeenCard(
            person_id=person.pk,
            issuer_sha256="0" * 64,
            serial="a1",
            number="8025000001/9900000011",
            kind="CPS",
            not_after=clock.now() + timedelta(days=9),
        )
    )
    revoke(staff("view_card", "add_revocationorder"), CARDS, Card.objects.get().pk)
    assert RevocationOrder.objects.get().target == "9900000011"


def test_a_reason_is_needed(person: Person) -> None:
    session = session_of(person)
    browser = staff("view_person", "add_revocationorder")
    assert "reason of 1 to 200" in revoke(browser, PEOPLE, person.pk, reason=" ").content.decode()
    assert not is_over(session)


def test_who_may_only_look_revokes_nobody(person: Person) -> None:
    session = session_of(person)
    browser = staff("view_person")
    assert "Révoquer" not in browser.get(PEOPLE).content.decode()
    revoke(browser, PEOPLE, person.pk)
    assert not is_over(session)
    assert not RevocationOrder.objects.exists()


def test_orders_are_shown_and_not_changed(person: Person) -> None:
    browser = staff("view_person", "add_revocationorder", "view_revocationorder")
    revoke(browser, PEOPLE, person.pk)
    page = "/admin/login/revocationorder/"
    assert person.national_id in browser.get(page).content.decode()
    assert browser.get(f"{page}add/").status_code == 403
    kept = RevocationOrder.objects.get()
    assert browser.post(f"{page}{kept.pk}/delete/", {"post": "yes"}).status_code == 403
    browser.post(f"{page}{kept.pk}/change/", {"reason": "other"})
    kept.refresh_from_db()
    assert kept.reason == "ticket 17"
