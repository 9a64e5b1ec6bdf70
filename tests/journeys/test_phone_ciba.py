"""A portal's server asks for a login without a browser; the person answers on a real phone."""

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.demo import Demo
from tests.journeys.phone_desk import DOCTOR, PIN, expect_result, open_request, screen, type_number
from tests.journeys.registration import add_client, issuer_of
from tests.journeys.test_phone_app import no_phone_left, with_passkey, with_pin

__all__ = ["no_phone_left", "with_passkey", "with_pin"]

pytestmark = pytest.mark.journey
GRANT = "urn:openid:params:grant-type:ciba"


@dataclass
class Server:
    """The portal's server."""

    endpoints: str
    credentials: tuple[str, str]
    auth_req_id: str = ""

    def ask(self, **parameters: str) -> None:
        form = {"scope": "openid scope_all", "login_hint": DOCTOR, **parameters}
        answer = self._post("ext/ciba/auth", form)
        assert answer.status_code == 200, answer.text
        self.auth_req_id = answer.json()["auth_req_id"]

    def poll(self) -> dict[str, Any]:
        form = {"grant_type": GRANT, "auth_req_id": self.auth_req_id}
        tokens: dict[str, Any] = self._post("token", form).json()
        return tokens

    def _post(self, endpoint: str, form: dict[str, str]) -> httpx2.Response:
        return httpx2.post(f"{self.endpoints}/{endpoint}", data=form, auth=self.credentials)


@pytest.fixture
def server(demo: Demo) -> Server:
    client = add_client(
        demo, "Logiciel de cabinet", "--profile", "psc", "--grant", GRANT,
        "--redirect-uri", "https://cabinet.example/callback",
    )  # fmt: skip
    return Server(
        endpoints=f"{issuer_of(demo)}/protocol/openid-connect",
        credentials=(client["client_id"], client["client_secret"]),
    )


@pytest.mark.usefixtures("with_passkey")
def test_the_portals_two_digits_are_typed_on_the_phone(phone: Page, server: Server) -> None:
    server.ask(binding_message="07", channel="MOBILE")
    assert server.poll()["error"] == "authorization_pending"
    open_request(phone)
    expect(phone.locator(".asker")).to_have_text("Logiciel de cabinet")
    expect(phone.locator(".asker-host")).to_have_text("cabinet.example")
    expect(phone.locator("#message")).to_be_hidden()
    phone.fill("#number", "07")
    phone.click("#approve")
    expect_result(phone, "approved")
    assert server.poll()["token_type"] == "Bearer"


@pytest.mark.usefixtures("with_passkey")
def test_a_wrong_number_is_access_denied_at_once(phone: Page, server: Server) -> None:
    server.ask(binding_message="07")
    type_number(phone, "08")
    expect_result(phone, "wrong_number")
    assert server.poll()["error"] == "access_denied"


@pytest.mark.usefixtures("with_pin")
def test_a_text_is_quoted_and_no_number_is_asked(phone: Page, server: Server) -> None:
    server.ask(binding_message="Ordonnance 12 · Mme <b>Zoé</b>")
    open_request(phone)
    expect(phone.locator("#message")).to_contain_text("« Ordonnance 12 · Mme <b>Zoé</b> »")
    expect(phone.locator("#number")).to_be_hidden()
    phone.click("#approve")
    screen(phone, "pin-approval")
    phone.fill("#pin", PIN)
    phone.click("#pin-approve")
    expect_result(phone, "approved")
    assert server.poll()["scope"] == "openid scope_all"


@pytest.mark.usefixtures("with_passkey")
def test_a_refusal_on_the_phone_is_access_denied(phone: Page, server: Server) -> None:
    server.ask(binding_message="Ordonnance 12")
    open_request(phone)
    phone.click("#not-me")
    expect_result(phone, "not_me")
    assert server.poll()["error"] == "access_denied"
