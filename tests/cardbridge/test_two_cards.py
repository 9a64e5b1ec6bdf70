"""Two live cards in the thirty days of a renewal: what the end of one means for the rest."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from idp.audit.models import AuditRow
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.models import IssuedCard, Person
from idp.enrollment.flows import device_life
from idp.enrollment.models import Device, Enrolment
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.sandbox.pki.store import Credential
from tests.cardbridge.opposition import numbered, oppose, session_by
from tests.cardbridge.steps import log_in
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.login.conftest import open_one

OLD, NEW = "8025000001/9900000011", "8025000001/9900000012"


def phone_enrolled_by(session: SsoSession) -> Device:
    """The ceremony, in a session that this card opened."""
    workstation = Workstation()
    person = Person.objects.get(pk=session.person_id)
    mine = workstation.log_in_by_card(person)
    SsoSession.objects.filter(pk=mine.pk).update(card=session.card_id)
    workstation.activate(SoftPhone(Browser()))
    SsoSession.objects.filter(pk=mine.pk).update(card=None)
    return Device.objects.get(holder=person)


def opened_by(device: Device) -> SsoSession:
    """A session that this phone proved."""
    return SsoSession.objects.create(
        cookie_digest=b"p" * 32,
        person_id=device.holder_id,
        national_id=device.holder.national_id,
        method="phone",
        auth_mode="MOBILE",
        amr=["swk"],
        level="eidas2",
        auth_time=clock.now(),
        device=str(device.pk),
        last_seen_at=clock.now(),
        expires_at=clock.now() + timedelta(hours=1),
    )


def states() -> set[str]:
    return set(Device.objects.values_list("state", flat=True))


def is_over(session: SsoSession) -> bool:
    session.refresh_from_db()
    return session.ended_at is not None


def long_before() -> None:
    """Phones and cards are from before the opposition."""
    Device.objects.update(activated_at=clock.now() - timedelta(days=40))


def test_a_new_card_disturbs_neither_phone_nor_session(fort: Credential) -> None:
    session = session_by(numbered(fort, OLD))
    phone_enrolled_by(session)
    session_by(numbered(fort, NEW))
    assert states() == {"active"}
    assert not is_over(session)


def test_of_two_cards_the_opposed_one_ends_its_sessions_and_leaves_the_phones(
    fort: Credential,
) -> None:
    old, new = numbered(fort, OLD), numbered(fort, NEW)
    first, second = session_by(old), session_by(new)
    device = phone_enrolled_by(first)
    by_phone = opened_by(device)
    long_before()
    oppose(fort, old)
    assert is_over(first)
    assert not is_over(second)
    assert not is_over(by_phone)
    assert states() == {"active"}
    assert AuditRow.objects.get(event="card_opposed").data["ended"] == {
        "sessions": 1,
        "logins": 0,
        "phones": 0,
    }


def test_the_last_card_takes_every_phone_and_session_along(fort: Credential) -> None:
    old, new = numbered(fort, OLD), numbered(fort, NEW)
    sessions = [session_by(old), session_by(new)]
    phone_enrolled_by(sessions[0])
    long_before()
    oppose(fort, old, number=300)
    assert states() == {"active"}
    oppose(fort, old, new, number=301)
    assert states() == {"suspended"}
    assert all(map(is_over, sessions))
    assert AuditRow.objects.get(event="device_suspended").data["code"] == "card opposed"


def test_two_cards_of_one_list_are_the_last_together(fort: Credential) -> None:
    old, new = numbered(fort, OLD), numbered(fort, NEW)
    phone_enrolled_by(session_by(old))
    session_by(new)
    long_before()
    oppose(fort, old, new)
    assert states() == {"suspended"}


def test_a_card_that_only_the_register_knows_certifies_too(fort: Credential) -> None:
    old = numbered(fort, OLD)
    session = session_by(old)
    phone_enrolled_by(session)
    long_before()
    IssuedCard.objects.create(
        number="9900000012",
        national_id=session.national_id,
        kind="CPS",
        source="register",
        updated_at=clock.now(),
    )
    oppose(fort, old)
    assert states() == {"active"}
    assert is_over(session)


@pytest.mark.parametrize("number", ["9900000011", OLD, OLD.replace("/", "")])
def test_the_register_being_a_day_late_does_not_keep_the_opposed_card_alive(
    fort: Credential, number: str
) -> None:
    old = numbered(fort, OLD)
    session = session_by(old)
    phone_enrolled_by(session)
    long_before()
    IssuedCard.objects.create(
        number=number,
        person_id=session.person_id,
        national_id=session.national_id,
        kind="CPS",
        source="register",
        updated_at=clock.now(),
    )
    oppose(fort, old)
    assert states() == {"suspended"}


def test_a_phone_that_the_card_enrolled_when_it_was_opposed_already_is_revoked(
    fort: Credential,
) -> None:
    """Whoever had the card and its code may have enrolled a phone of theirs."""
    old, new = numbered(fort, OLD), numbered(fort, NEW)
    kept = session_by(new)
    theirs = opened_by(phone_enrolled_by(session_by(old)))
    Device.objects.update(activated_at=clock.now() + timedelta(minutes=1))
    oppose(fort, old)
    assert states() == {"revoked"}
    # With what it had opened meanwhile.
    assert is_over(theirs)
    assert not is_over(kept)


def test_what_was_being_enrolled_with_the_opposed_card_ends(fort: Credential) -> None:
    old, new = numbered(fort, OLD), numbered(fort, NEW)
    session_by(new)
    opened = session_by(old)
    workstation = Workstation()
    mine = workstation.log_in_by_card(Person.objects.get(pk=opened.person_id))
    SsoSession.objects.filter(pk=mine.pk).update(card=opened.card_id)
    waiting = workstation.begin_activation()
    oppose(fort, old)
    assert Enrolment.objects.get(pk=waiting.pk).state == "cancelled"


def test_what_grew_from_an_opposed_card_ends_though_another_means_took_the_session_over(
    fort: Credential,
) -> None:
    old, new = numbered(fort, OLD), numbered(fort, NEW)
    attempt = open_one()
    assert log_in(attempt, old) == ""
    session, cookie = login.finish(attempt=attempt)
    attempt = open_one()
    assert log_in(attempt, new) == ""
    again, _cookie = login.finish(attempt=attempt, previous_secret=cookie)
    assert again.pk == session.pk
    oppose(fort, old)
    assert is_over(session)


# ---- a suspended phone -------------------------------------------------------------------------


def suspended(fort: Credential) -> Device:
    old = numbered(fort, OLD)
    device = phone_enrolled_by(session_by(old))
    long_before()
    oppose(fort, old)
    device.refresh_from_db()
    assert device.state == "suspended"
    return device


def test_its_holder_puts_it_back_into_service_with_the_new_card(fort: Credential) -> None:
    device = suspended(fort)
    workstation = Workstation()
    workstation.log_in_by_card(device.holder)
    home = workstation.client.get(reverse("enrollment:home"))
    assert f'id="resume-{device.pk}"' in home.content.decode()
    done = workstation.client.post(reverse("enrollment:put_back", args=[device.pk]))
    assert done["Location"].endswith("?resumed")
    device.refresh_from_db()
    assert (device.state, device.end_reason) == ("active", "")
    assert AuditRow.objects.filter(event="device_resumed").count() == 1


def test_not_without_a_card_of_the_last_minutes(fort: Credential) -> None:
    device = suspended(fort)
    workstation = Workstation()
    session = workstation.log_in_by_card(device.holder)
    with (
        clock.frozen(clock.now() + timedelta(minutes=6)),
        pytest.raises(IdpError, match="carte"),
    ):
        device_life.resume(device_id=device.pk, session=session)
    assert states() == {"suspended"}


def test_not_by_somebody_else(fort: Credential) -> None:
    device = suspended(fort)
    workstation = Workstation()
    workstation.log_in_by_card(Person.objects.exclude(pk=device.holder_id)[0])
    assert (
        workstation.client.post(reverse("enrollment:put_back", args=[device.pk])).status_code >= 400
    )
    assert states() == {"suspended"}


def test_not_one_that_was_suspended_for_a_copied_key(fort: Credential) -> None:
    device = phone_enrolled_by(session_by(numbered(fort, OLD)))
    Device.objects.update(state="suspended", end_reason="cloned passkey")
    workstation = Workstation()
    workstation.log_in_by_card(device.holder)
    home = workstation.client.get(reverse("enrollment:home"))
    assert f'id="resume-{device.pk}"' not in home.content.decode()
    assert (
        workstation.client.post(reverse("enrollment:put_back", args=[device.pk])).status_code >= 400
    )
    assert states() == {"suspended"}


def test_the_sessions_card_is_the_one_that_logged_in(fort: Credential) -> None:
    session = session_by(numbered(fort, OLD))
    assert session.card is not None
    assert session.card.number == OLD
