"""A workstation in software: Django's test client with a browser's cookies and one person at it."""

from uuid import UUID

from django.conf import settings
from django.test import Client
from django.urls import reverse

from idp.core import clock, secrets
from idp.directory.models import Person
from idp.enrollment.flows.tokens import request_number, typed_code
from idp.enrollment.models import Enrolment
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
        return self.session

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
        """Types the identifier on the login page: the request and the number on the screen."""
        attempt = attempt or self.open_login()
        address = reverse("enrollment:phone_start", args=[attempt.pk])
        response = self.client.post(address, {"login": identifier})
        assert response.status_code == 303, response.content
        request_id = response["Location"].rsplit("/", 1)[1]
        return Asked(
            attempt=attempt, request_id=request_id, number=request_number(UUID(request_id))
        )


class Asked:
    """A question under way: what the screen knows."""

    def __init__(self, *, attempt: LoginAttempt, request_id: str, number: str) -> None:
        self.attempt, self.request_id, self.number = attempt, request_id, number

    @property
    def wrong_number(self) -> str:
        return "10" if self.number != "10" else "11"

    @property
    def path(self) -> str:
        return reverse("enrollment:phone_wait", args=[self.request_id])
