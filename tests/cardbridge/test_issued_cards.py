"""Oppositions that the register of issued cards names, beside revocation lists."""

from datetime import timedelta

import pytest

from idp.audit.models import AuditRow
from idp.cardbridge.flows.issued import withdraw_opposed_issued
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows.live_cards import today
from idp.directory.models import Card, IssuedCard
from idp.directory.rules.card_numbers import card_number_forms, short_card_number
from idp.enrollment.models import Device
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.login.rules.revocation import Cause, Order, TargetKind
from idp.sandbox.pki.store import Credential
from tests.cardbridge.opposition import numbered, session_by
from tests.cardbridge.steps import log_in
from tests.cardbridge.test_two_cards import NEW, OLD, long_before, phone_enrolled_by, states
from tests.login.conftest import open_one


def issued(number: str, session: SsoSession | None = None, **changes: object) -> IssuedCard:
    return IssuedCard.objects.create(
        **{
            "number": number,
            "person_id": session.person_id if session else None,
            "national_id": "899900000011",
            "kind": "CPS",
            "source": "register",
            "updated_at": clock.now(),
            **changes,
        }
    )


@pytest.mark.parametrize("form", ["9900000011", "8025000001/9900000011", "80250000019900000011"])
def test_an_opposed_card_is_refused_with_the_day_however_its_number_is_written(
    fort: Credential, form: str
) -> None:
    issued(form, opposed_on=today() - timedelta(days=3))
    attempt = open_one()
    assert log_in(attempt, numbered(fort, OLD)) == "card_revoked"
    row = AuditRow.objects.filter(event="login").latest("pk")
    assert row.data["code"] == "card_revoked"


@pytest.mark.parametrize("opposed_on", [None, timedelta(days=1)])
def test_one_that_is_not_opposed_or_not_yet_logs_in(
    fort: Credential, opposed_on: timedelta | None
) -> None:
    issued("9900000011", opposed_on=opposed_on and today() + opposed_on)
    assert log_in(open_one(), numbered(fort, OLD)) == ""
    assert withdraw_opposed_issued() == 0


def test_the_sweep_ends_what_the_card_opened_once(fort: Credential) -> None:
    session = session_by(numbered(fort, OLD))
    row = issued(
        "9900000011", session, opposed_on=today(), opposition_reason="perte", source="register"
    )
    assert withdraw_opposed_issued() == 1
    assert withdraw_opposed_issued() == 0
    session.refresh_from_db()
    row.refresh_from_db()
    assert session.end_reason == "card opposed"
    assert row.withdrawn_at is not None
    assert Card.objects.get().opposed_at is not None
    data = AuditRow.objects.get(event="card_opposed").data
    assert (data["source"], data["reason"]) == ("register", "perte")


def test_a_card_never_used_here_that_was_the_last_one_suspends_the_phones(
    fort: Credential,
) -> None:
    session = session_by(numbered(fort, OLD))
    phone_enrolled_by(session)
    long_before()
    # The old card is past its date, and forgotten here.
    Card.objects.all().delete()
    row = issued("9900000012", session, opposed_on=today())
    assert withdraw_opposed_issued() == 1
    assert states() == {"suspended"}
    row.refresh_from_db()
    assert row.withdrawn_at is not None


def test_the_import_may_not_have_linked_the_card_to_its_holder(fort: Credential) -> None:
    session = session_by(numbered(fort, OLD))
    phone_enrolled_by(session)
    long_before()
    Card.objects.all().delete()
    issued("9900000012", opposed_on=today())
    assert withdraw_opposed_issued() == 1
    assert states() == {"suspended"}


def test_a_card_never_used_here_disturbs_no_phone_while_another_is_good(fort: Credential) -> None:
    session = session_by(numbered(fort, OLD))
    phone_enrolled_by(session)
    issued("9900000012", session, opposed_on=today())
    assert withdraw_opposed_issued() == 0
    assert states() == {"active"}
    session.refresh_from_db()
    assert session.ended_at is None


def test_many_opposed_cards_of_strangers_are_marked_in_few_statements(
    db: None, django_assert_max_num_queries: object
) -> None:
    IssuedCard.objects.bulk_create(
        IssuedCard(
            number=str(number),
            national_id="8",
            kind="CPS",
            source="register",
            opposed_on=today(),
            updated_at=clock.now(),
        )
        for number in range(2500)
    )
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        withdraw_opposed_issued()
    assert not IssuedCard.objects.filter(withdrawn_at__isnull=True).exists()


def test_a_login_that_raced_with_the_import_is_ended(fort: Credential) -> None:
    session = session_by(numbered(fort, OLD))
    issued("9900000011", session, opposed_on=today(), withdrawn_at=clock.now())
    assert withdraw_opposed_issued() == 1
    session.refresh_from_db()
    assert session.ended_at is not None


# ---- by order ----------------------------------------------------------------------------------


def order(target: str, **changes: object) -> Order:
    values: dict[str, object] = {
        "kind": TargetKind.CARD,
        "target": target,
        "reason": "ticket 17",
        "by": "admin",
        **changes,
    }
    return Order(**values)  # type: ignore[arg-type]


def test_an_order_bars_the_card_and_ends_its_sessions_until_it_is_lifted(fort: Credential) -> None:
    card, other = numbered(fort, OLD), numbered(fort, NEW)
    session, kept = session_by(card), session_by(other)
    assert login.revoke(order("9900000011"))["sessions"] == 1
    session.refresh_from_db()
    kept.refresh_from_db()
    assert (session.end_reason, kept.ended_at) == ("order of the operator", None)
    assert log_in(open_one(), card) == "card_revoked"
    login.lift(order("9900000011", reason="found again"))
    assert log_in(open_one(), card) == ""
    rows = AuditRow.objects.filter(event__in=["access_revoked", "access_restored"]).order_by("pk")
    assert [row.data["reason"] for row in rows] == ["ticket 17", "found again"]
    assert rows[0].subject == "899900000011"


# The last is how registers may write it: the operator copies it from there.
@pytest.mark.parametrize("form", ["9900000011", "8025000001/9900000011", "80250000019900000011"])
def test_an_order_bars_a_card_that_was_never_seen(fort: Credential, form: str) -> None:
    login.revoke(order(form))
    assert log_in(open_one(), numbered(fort, OLD)) == "card_revoked"
    login.lift(order("9900000011"))
    assert log_in(open_one(), numbered(fort, OLD)) == ""


def test_an_order_names_the_holder_however_the_register_writes_the_number(
    fort: Credential,
) -> None:
    issued("80250000019900000012", session_by(numbered(fort, OLD)))
    login.revoke(order("9900000012"))
    (kept,) = login.orders_in_force()
    assert kept.person is not None
    assert kept.person.national_id == "899900000011"


def test_an_order_against_the_last_card_suspends_the_phones(fort: Credential) -> None:
    phone_enrolled_by(session_by(numbered(fort, OLD)))
    assert login.revoke(order("9900000011"))["phones"] == 1
    assert states() == {"suspended"}


def test_a_loss_that_its_holder_reports_leaves_the_phones(fort: Credential) -> None:
    phone_enrolled_by(session_by(numbered(fort, OLD)))
    login.revoke(order("9900000011", cause=Cause.REPORTED_LOST))
    assert states() == {"active"}
    assert Device.objects.count() == 1


def test_what_is_not_in_force_cannot_be_lifted(fort: Credential) -> None:
    with pytest.raises(IdpError, match="no order in force"):
        login.lift(order("9900000011"))


@pytest.mark.parametrize("target", ["", "99 00/../x", "é12", "1" * 43])
def test_what_is_no_card_number_is_refused(db: None, target: str) -> None:
    with pytest.raises(IdpError, match="no card number"):
        login.revoke(order(target))


def test_the_forms_of_a_number() -> None:
    assert short_card_number(" 8025000001/29 00000017") == "2900000017"
    assert short_card_number("2900000017") == "2900000017"
    assert short_card_number("8025000001 2900000017") == "2900000017"
    # Nothing but an issuer: a serial like any other.
    assert short_card_number("8025000001") == "8025000001"
    # After the stroke stands the serial, whatever it begins with.
    assert short_card_number("1/80250000017") == "80250000017"
    forms = {"8025000001/2900000017", "2900000017", "80250000012900000017"}
    for form in forms:
        assert set(card_number_forms(form)) == forms
    assert set(card_number_forms("77/2900000017")) == {
        "77/2900000017",
        "2900000017",
        "772900000017",
    }
