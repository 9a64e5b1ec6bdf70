"""The card signs what an activation compared: its own holder's card, that activation, once."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from idp.audit.flows.verification import verify
from idp.audit.models import AuditRow
from idp.core import clock
from idp.enrollment.flows.tokens import typed_code
from idp.enrollment.models import Device, Enrolment
from idp.enrollment.rules.states import EnrolmentState
from idp.login import flows as login
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import ReturnAddress
from tests.cardbridge.conftest import sandbox, tray
from tests.cardbridge.steps import log_in
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation

__all__ = ["sandbox", "tray"]


class Desk(Workstation):
    """A workstation whose person has a real card."""

    def show_card(self, card: Path, attempt: LoginAttempt) -> str:
        """Card in, code typed: where the browser is sent then."""
        assert log_in(attempt, card) == ""
        finish = reverse("login:finish", args=[attempt.pk])
        done = self.client.get(finish)
        if done.status_code == 200:
            # Another person's session stands here: « yes, go on as me ».
            done = self.client.post(finish)
        back: str = done["Location"]
        return back

    def sit_down(self, card: Path) -> None:
        attempt = self.open_login()
        self.show_card(card, attempt)

    def compare(self, phone: SoftPhone) -> Enrolment:
        """The activation up to the six digits."""
        enrolment = self.begin_activation()
        digits = phone.enrol(code=typed_code(enrolment.pk))
        assert self.confirm(enrolment, digits) == 303
        enrolment.refresh_from_db()
        return enrolment


@pytest.fixture
def cards(sandbox: Path) -> dict[str, Path]:
    return {"doctor": sandbox / "doctor", "other": sandbox / "midwife"}


@pytest.fixture
def desk(cards: dict[str, Path]) -> Desk:
    """The doctor has just logged in here by card."""
    station = Desk()
    station.sit_down(cards["doctor"])
    return station


@pytest.fixture
def phone() -> SoftPhone:
    return SoftPhone(Client())


def certifying(enrolment: Enrolment) -> LoginAttempt:
    enrolment.refresh_from_db()
    return LoginAttempt.objects.get(pk=str(enrolment.certifying_id))


def test_the_right_digits_alone_activate_nothing(desk: Desk, phone: SoftPhone) -> None:
    enrolment = desk.compare(phone)
    assert enrolment.state == EnrolmentState.COMPARED
    assert Device.objects.get().state == "pending"
    page = desk.client.get(reverse("enrollment:show", args=[enrolment.pk]))
    assert page.context["state"] == "compared"


def test_the_card_activates_and_certifies(
    desk: Desk, phone: SoftPhone, cards: dict[str, Path]
) -> None:
    enrolment = desk.compare(phone)
    back = desk.client.get(desk.show_card(cards["doctor"], certifying(enrolment)))
    assert back["Location"] == reverse("enrollment:show", args=[enrolment.pk])
    assert phone.me()["state"] == "active"
    row = AuditRow.objects.get(event="device_activated")
    assert row.evidence is not None
    signed = AuditRow.objects.get(reference=row.evidence["certified"]["reference"])
    assert signed.evidence is not None
    assert signed.evidence["kind"] == "card"
    assert verify().first_bad is None


@pytest.mark.parametrize("kind", ["passkey", "pin"])
def test_a_certificate_that_was_taken_from_another_activation_is_found(
    desk: Desk, cards: dict[str, Path], kind: str
) -> None:
    for _nth in range(2):
        phone = SoftPhone(Client(), kind=kind, pin_rounds=10)
        enrolment = desk.compare(phone)
        desk.client.get(desk.show_card(cards["doctor"], certifying(enrolment)))
    assert verify().first_bad is None
    first, second = AuditRow.objects.filter(event="device_activated").order_by("id")
    assert first.evidence is not None
    assert second.evidence is not None
    second.evidence["certified"]["sealed"] = first.evidence["certified"]["sealed"]
    AuditRow.objects.filter(pk=second.pk).update(evidence=second.evidence)
    assert "certified by no card" in (verify().first_bad or "")


def test_an_activation_whose_card_row_is_gone_is_found(
    desk: Desk, phone: SoftPhone, cards: dict[str, Path]
) -> None:
    enrolment = desk.compare(phone)
    desk.client.get(desk.show_card(cards["doctor"], certifying(enrolment)))
    row = AuditRow.objects.get(event="device_activated")
    assert row.evidence is not None
    AuditRow.objects.filter(reference=row.evidence["certified"]["reference"]).delete()
    assert verify().first_bad is not None


def test_another_persons_card_activates_nothing(
    desk: Desk, phone: SoftPhone, cards: dict[str, Path]
) -> None:
    enrolment = desk.compare(phone)
    page = desk.client.get(desk.show_card(cards["other"], certifying(enrolment)))
    assert page.status_code == 403
    assert page.context["error"].code == "other_card"
    assert Device.objects.get().state == "pending"


def another_login(desk: Desk, enrolment: Enrolment, card: Path) -> str:
    """A login by the right card that signed something else."""
    attempt = login.open_attempt(
        portal=certifying(enrolment).portal,
        policy=certifying(enrolment).login_policy,
        return_to=login_return(enrolment),
        browser=desk.browser,
    )
    return desk.show_card(card, attempt)


def login_return(enrolment: Enrolment) -> ReturnAddress:
    return ReturnAddress(
        url_name="enrollment:certified", kwargs={"enrolment_id": str(enrolment.pk)}
    )


def an_earlier_try(desk: Desk, enrolment: Enrolment, card: Path) -> str:
    """The card's page in another tab, begun before the one that counts."""
    earlier = certifying(enrolment)
    desk.client.post(reverse("enrollment:certify", args=[enrolment.pk]))
    assert certifying(enrolment).pk != earlier.pk
    return desk.show_card(card, earlier)


@pytest.mark.parametrize("arrive", [another_login, an_earlier_try])
def test_a_card_that_signed_something_else_activates_nothing(
    desk: Desk,
    phone: SoftPhone,
    cards: dict[str, Path],
    arrive: Callable[[Desk, Enrolment, Path], str],
) -> None:
    enrolment = desk.compare(phone)
    page = desk.client.get(arrive(desk, enrolment, cards["doctor"]))
    assert page.status_code == 410
    assert Device.objects.get().state == "pending"


def test_who_stops_at_the_reader_may_go_on(
    desk: Desk, phone: SoftPhone, cards: dict[str, Path]
) -> None:
    enrolment = desk.compare(phone)
    attempt = certifying(enrolment)
    away = desk.client.post(reverse("login:cancel", args=[attempt.pk]))
    back = desk.client.get(desk.client.get(away["Location"])["Location"])
    assert back["Location"] == reverse("enrollment:show", args=[enrolment.pk])
    again = desk.client.post(reverse("enrollment:certify", args=[enrolment.pk]))
    assert again.status_code == 303
    desk.client.get(desk.show_card(cards["doctor"], certifying(enrolment)))
    assert phone.me()["state"] == "active"


def test_who_cancels_is_not_certified(desk: Desk, phone: SoftPhone, cards: dict[str, Path]) -> None:
    enrolment = desk.compare(phone)
    attempt = certifying(enrolment)
    desk.client.post(reverse("enrollment:cancel", args=[enrolment.pk]))
    page = desk.client.get(desk.show_card(cards["doctor"], attempt))
    assert page.status_code == 410
    assert Device.objects.get().state == "revoked"


def test_an_activation_that_took_too_long_is_not_certified(
    desk: Desk, phone: SoftPhone, cards: dict[str, Path]
) -> None:
    enrolment = desk.compare(phone)
    attempt = certifying(enrolment)
    Enrolment.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    page = desk.client.get(desk.show_card(cards["doctor"], attempt))
    assert page.status_code == 410


@pytest.mark.parametrize("state", [EnrolmentState.WAITING, EnrolmentState.KEYS_RECEIVED])
def test_a_card_is_not_asked_before_the_digits(
    desk: Desk, phone: SoftPhone, state: EnrolmentState
) -> None:
    enrolment = desk.begin_activation()
    if state is EnrolmentState.KEYS_RECEIVED:
        phone.enrol(code=typed_code(enrolment.pk))
    page = desk.client.post(reverse("enrollment:certify", args=[enrolment.pk]))
    assert page.status_code == 410
    assert not LoginAttempt.objects.exclude(statement=b"").exists()


def test_what_the_card_signs_does_not_tell_the_transcript(
    desk: Desk, cards: dict[str, Path]
) -> None:
    """With the transcript, the PINs of a stolen phone could be tried."""
    phone = SoftPhone(Client(), kind="pin", pin_rounds=10)
    claimed = phone.claim(code=typed_code(desk.begin_activation().pk))
    keys, digits = phone.make_keys(claimed)
    phone.submit_keys(claimed["enrolment_id"], keys)
    enrolment = Enrolment.objects.get()
    desk.confirm(enrolment, digits)
    stated = [bytes(certifying(enrolment).statement)]
    desk.client.post(reverse("enrollment:certify", args=[enrolment.pk]))
    stated.append(bytes(certifying(enrolment).statement))
    assert len(set(stated)) == 2
    assert all(len(each) == 32 for each in stated)
