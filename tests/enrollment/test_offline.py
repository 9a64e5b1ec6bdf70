"""The code of a phone without network: once, bounded, the same refusal for every reason."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.test import Client
from django.urls import reverse

from idp.audit.flows.verification import verify
from idp.audit.models import AuditRow
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.enrollment.flows.offline import prove_by_code
from idp.enrollment.gateways.otp import code_of
from idp.enrollment.models import OfflineSeed
from idp.enrollment.rules.encoding import from_b64u
from idp.enrollment.rules.offline import step_at
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import LoginPolicy
from idp.login.rules.ecps import EcpsPolicy
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.mobileapi.screen import refusal
from tests.people import make_person

PATH = "/devices/me/offline"
REFUSED = "Identifiant ou code non reconnu"


@pytest.fixture(autouse=True)
def _turned_on(settings: Any) -> None:
    settings.HYGIE = replace(settings.HYGIE, offline_codes=True)


@pytest.fixture
def seed(phone: SoftPhone) -> bytes:
    """What the doctor's phone keeps."""
    secret: str = phone.signed_call("PUT", PATH)["secret"]
    return from_b64u(secret)


def code(seed: bytes, *, steps: int = 0) -> str:
    return code_of(seed, step_at(clock.now()) + steps)


class Login:
    """One login at a workstation, by code."""

    def __init__(self, policy: LoginPolicy | None = None) -> None:
        self.station = Workstation()
        self.attempt: LoginAttempt = self.station.open_login(policy)

    def type(self, person: Person | str, code: str) -> Any:
        login = person if isinstance(person, str) else person.national_id
        address = reverse("enrollment:offline_start", args=[self.attempt.pk])
        return self.station.client.post(address, {"login": login, "code": code})

    @property
    def proof(self) -> Any:
        self.attempt.refresh_from_db()
        return self.attempt.proof


def is_refused(response: Any) -> bool:
    return response.status_code == 403 and REFUSED in response.content.decode()


def test_the_code_of_the_phone_logs_in_at_the_lowest_level(person: Person, seed: bytes) -> None:
    login = Login()
    assert login.type(person, code(seed)).status_code == 303
    assert (login.proof.method, login.proof.level, login.proof.amr) == (
        "offline",
        "eidas1",
        ("otp",),
    )
    assert (login.proof.auth_mode, login.proof.ecps_grade) == ("MOBILE", "plain")


def test_the_audit_log_stays_whole_after_a_login_that_signs_nothing(
    phone: SoftPhone, person: Person, seed: bytes
) -> None:
    Login().type(person, code(seed))
    assert verify().first_bad is None
    row = AuditRow.objects.get(event="login", outcome="accepted", data__method="offline")
    assert row.data["device"] == str(phone.device_id)


def test_a_row_of_a_higher_level_must_bring_its_evidence(person: Person, seed: bytes) -> None:
    Login().type(person, code(seed))
    row = AuditRow.objects.get(event="login", outcome="accepted", data__method="offline")
    AuditRow.objects.filter(pk=row.pk).update(data={**row.data, "level": "eidas2"})
    assert "evidence is missing" in str(verify().first_bad)


def test_another_application_makes_the_same_code(phone: SoftPhone, person: Person) -> None:
    address = phone.signed_call("PUT", PATH)["address"]
    totp = pyotp.parse_uri(address)
    assert isinstance(totp, pyotp.TOTP)
    assert Login().type(person, totp.at(clock.now())).status_code == 303


def test_spaces_are_forgiven(person: Person, seed: bytes) -> None:
    digits = code(seed)
    assert Login().type(person, f" {digits[:4]} {digits[4:]}").status_code == 303


@pytest.mark.parametrize("steps", [-1, 1])
def test_a_clock_that_differs_by_one_step_is_forgiven(
    person: Person, seed: bytes, steps: int
) -> None:
    with clock.frozen(clock.now()):
        assert Login().type(person, code(seed, steps=steps)).status_code == 303


@pytest.mark.parametrize("steps", [-3, 3])
def test_an_old_or_future_code_is_refused(person: Person, seed: bytes, steps: int) -> None:
    login = Login()
    assert is_refused(login.type(person, code(seed, steps=steps)))
    assert login.proof is None


def test_a_code_serves_once(person: Person, seed: bytes) -> None:
    now = clock.now()
    with clock.frozen(now):
        digits = code(seed)
        assert Login().type(person, digits).status_code == 303
        assert is_refused(Login().type(person, digits))
        # Nor does an older one that was not used yet.
        assert is_refused(Login().type(person, code(seed, steps=-1)))
        assert Login().type(person, code(seed, steps=1)).status_code == 303


def test_a_form_sent_twice_goes_on_with_the_login(person: Person, seed: bytes) -> None:
    login = Login()
    digits = code(seed)
    assert login.type(person, digits).status_code == 303
    again = login.type(person, digits)
    dispatcher = reverse("login:dispatch", args=[login.attempt.pk])
    assert (again.status_code, again["Location"]) == (303, dispatcher)


def test_the_second_of_two_forms_at_once_counts_no_wrong_code(person: Person, seed: bytes) -> None:
    login = Login()
    form = {"identifier": person.national_id, "code": code(seed), "network": "192.0.2.1"}
    prove_by_code(attempt=login.attempt, **form)
    # The attempt as it was read before the first had decided.
    assert login.attempt.state == "open"
    with pytest.raises(IdpError) as refused:
        prove_by_code(attempt=login.attempt, **form)
    assert refused.value.code == "attempt_over"
    assert OfflineSeed.objects.get().wrong == 0
    assert not AuditRow.objects.filter(event="login", outcome="refused").exists()


def test_every_reason_gets_the_same_answer_and_a_row(person: Person, seed: bytes) -> None:
    without = make_person("899900000045", family_name="Le Goff")
    nobody = "899900000029"
    for who, typed in ((person, "00000000"), (without, code(seed)), (nobody, code(seed))):
        assert is_refused(Login().type(who, typed))
    codes = [row.data["code"] for row in AuditRow.objects.filter(event="login", outcome="refused")]
    assert codes == ["offline_code_refused"] * 3


@pytest.mark.parametrize("typed", ["", "1234567", "123456789", "12345a78", "١٢٣٤٥٦٧٨"])
def test_what_is_no_code_is_refused(person: Person, seed: bytes, typed: str) -> None:
    assert is_refused(Login().type(person, typed))


def test_after_five_wrong_codes_the_right_one_is_refused_for_a_while(
    person: Person, seed: bytes
) -> None:
    for _nth in range(5):
        Login().type(person, "00000000")
    assert is_refused(Login().type(person, code(seed)))
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        assert Login().type(person, code(seed)).status_code == 303
    assert OfflineSeed.objects.get().wrong == 0


def test_the_twenty_first_in_a_month_is_refused_and_says_why(person: Person, seed: bytes) -> None:
    OfflineSeed.objects.update(uses=20, uses_since=clock.now())
    response = Login().type(person, code(seed))
    assert response.status_code == 403
    assert "vingt codes" in response.content.decode()
    with clock.frozen(clock.now() + timedelta(days=31)):
        assert Login().type(person, code(seed)).status_code == 303


@pytest.mark.parametrize(
    "policy",
    [
        LoginPolicy(acr_values=("eidas2",)),
        LoginPolicy(ecps=EcpsPolicy.INSTANCE_BOUND),
        LoginPolicy(ecps=EcpsPolicy.CARD_ONLY),
    ],
    ids=["level", "instance_bound", "card_only"],
)
def test_a_portal_that_asks_more_neither_offers_nor_takes_it(
    person: Person, seed: bytes, policy: LoginPolicy
) -> None:
    login = Login(policy)
    page = login.station.client.get(f"/login/{login.attempt.pk}").content
    assert b"choose-offline" not in page
    assert login.type(person, code(seed)).status_code == 403
    assert login.proof is None


def test_it_is_offered_after_the_others(person: Person) -> None:
    login = Login()
    page = login.station.client.get(f"/login/{login.attempt.pk}").content.decode()
    assert page.index("choose-phone") < page.index("choose-offline") < page.index("choose-test")


def test_where_it_is_off_nothing_of_it_exists(
    person: Person, phone: SoftPhone, seed: bytes, settings: Any
) -> None:
    settings.HYGIE = replace(settings.HYGIE, offline_codes=False)
    login = Login()
    assert b"choose-offline" not in login.station.client.get(f"/login/{login.attempt.pk}").content
    assert login.type(person, code(seed)).status_code == 403
    assert refusal(phone.signed_call, "PUT", PATH).code == "offline_codes_off"
    assert phone.signed_call("GET", PATH) == {"is_available": False, "has_seed": True}


def test_a_new_seed_makes_the_former_worthless(
    person: Person, phone: SoftPhone, seed: bytes
) -> None:
    fresh = from_b64u(phone.signed_call("PUT", PATH)["secret"])
    assert is_refused(Login().type(person, code(seed)))
    assert Login().type(person, code(fresh)).status_code == 303


def test_taken_back_or_removed_no_code_is_right(
    person: Person, phone: SoftPhone, seed: bytes
) -> None:
    phone.signed_call("DELETE", PATH)
    assert is_refused(Login().type(person, code(seed)))
    fresh = from_b64u(phone.signed_call("PUT", PATH)["secret"])
    phone.signed_call("DELETE", "/devices/me")
    assert is_refused(Login().type(person, code(fresh)))
    assert refusal(phone.signed_call, "PUT", PATH).code == "unknown_device"


def test_each_phone_has_codes_of_its_own(
    person: Person, workstation: Workstation, seed: bytes
) -> None:
    second = workstation.activate(SoftPhone(Client()))
    theirs = from_b64u(second.signed_call("PUT", PATH)["secret"])
    assert Login().type(person, code(theirs)).status_code == 303
    assert Login().type(person, code(seed)).status_code == 303


def test_the_seed_does_not_lie_in_the_clear(seed: bytes) -> None:
    assert seed not in bytes(OfflineSeed.objects.get().sealed_seed)
