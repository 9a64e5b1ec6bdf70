"""A workstation in software: Django's test client with a browser's cookies and one person at it."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.test import Client
from django.urls import reverse

from idp.core import clock, secrets
from idp.core.identifiers import normalise_typed_identifier
from idp.directory.models import Person
from idp.enrollment.flows.tokens import request_number, typed_code
from idp.enrollment.models import ApprovalRequest, Enrolment
from idp.login import flows as login
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import (
    Authentication,
    AuthMode,
    LoginPolicy,
    MethodName,
    Portal,
    ReturnAddress,
)
from idp.login.rules.levels import Level
from tests.emulators.phones import SoftPhone

PORTAL = Portal(client_id="portal", name="Portail Santé", host="portail.example")
HERE = "127.0.0.1"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Workstation:
    """One browser. `client` sends its requests; `session` is who logged in there by card."""

    def __init__(self) -> None:
        self.client = Client(headers={"user-agent": FIREFOX})
        self.browser = login.Browser(secret=secrets.new_token())
        self.client.cookies[settings.HYGIE.cookie_name("browser")] = self.browser.secret
        self.session: SsoSession | None = None

    def log_in_by_card(self, person: Person, auth_mode: AuthMode = AuthMode.CARD) -> SsoSession:
        """An SSO session of now, by a test identity that stands for a card."""
        attempt = self.open_login()
        login.prove(
            attempt=attempt,
            authentication=Authentication(
                person_id=person.pk,
                national_id=person.national_id,
                method=MethodName.TEST,
                auth_mode=auth_mode,
                amr=("test",),
                level=Level.EIDAS2,
                at=clock.now(),
                is_test=person.is_test,
            ),
        )
        attempt.refresh_from_db()
        self.session, secret = login.finish(attempt=attempt)
        self.client.cookies[settings.HYGIE.cookie_name("sso")] = secret
        self.know(person)
        return self.session

    def know(self, person: Person, network: str = HERE) -> None:
        """This person proved who they are in this browser before."""
        name = settings.HYGIE.cookie_name("known")
        if name not in self.client.cookies:
            self.client.cookies[name] = secrets.new_token()
        login.remember_person(
            secret=self.client.cookies[name].value, person_id=person.pk, network=network
        )

    def open_login(self, policy: LoginPolicy | None = None) -> LoginAttempt:
        return login.open_attempt(
            portal=PORTAL,
            policy=policy or LoginPolicy(),
            return_to=ReturnAddress(url_name="help", final_url="https://portail.example/cb"),
            browser=self.browser,
        )

    def begin_activation(self) -> Enrolment:
        """Presses « Activer un téléphone »."""
        response = self.client.post(reverse("enrollment:start"))
        assert response.status_code == 303, response.content
        return Enrolment.objects.get(pk=response["Location"].rsplit("/", 1)[1])

    def confirm(self, enrolment: Enrolment, digits: str) -> int:
        """Types the phone's digits; the status of the answer."""
        address = reverse("enrollment:confirm", args=[enrolment.pk])
        return self.client.post(address, {"fingerprint": digits}).status_code

    def activate(self, phone: SoftPhone) -> SoftPhone:
        """The whole ceremony, by typed code."""
        enrolment = self.begin_activation()
        digits = phone.enrol(code=typed_code(enrolment.pk))
        assert self.confirm(enrolment, digits) == 303
        return phone

    def ask_phone(self, identifier: str, attempt: LoginAttempt | None = None) -> "Asked":
        """Types the identifier of a person known here: the request and the number on the screen."""
        named = normalise_typed_identifier(identifier)
        self.know(Person.objects.get(alternative_identifiers__identifier=named))
        attempt = attempt or self.open_login()
        address = reverse("enrollment:phone_start", args=[attempt.pk])
        response = self.client.post(address, {"login": identifier})
        assert response.status_code == 303, response.content
        request_id = response["Location"].rsplit("/", 1)[1]
        length = ApprovalRequest.objects.get(pk=request_id).number_length
        return Asked(
            attempt=attempt, request_id=request_id, number=request_number(UUID(request_id), length)
        )

    def show_code(self, attempt: LoginAttempt | None = None) -> "Shown":
        """Opens the page with the code that turns: what a phone reads there now."""
        attempt = attempt or self.open_login()
        page = self.client.get(reverse("enrollment:phone_scan", args=[attempt.pk]))
        assert page.status_code == 200, page.content
        status = self.client.get(reverse("enrollment:phone_scan_status", args=[attempt.pk]))
        return Shown(attempt=attempt, token=status.json()["code"].partition("#l=")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A login whose code is on the screen, as it was when it was looked at."""

    attempt: LoginAttempt
    token: str


class Asked:
    """A question under way: what the screen knows."""

    def __init__(self, *, attempt: LoginAttempt, request_id: str, number: str) -> None:
        self.attempt, self.request_id, self.number = attempt, request_id, number

    @property
    def wrong_number(self) -> str:
        wrong = "1" + "0" * (len(self.number) - 1)
        return wrong if self.number != wrong else "9" * len(wrong)

    @property
    def path(self) -> str:
        return reverse("enrollment:phone_wait", args=[self.request_id])
