"""The application's own scanner, with a camera that sees what the workstation shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.journeys import camera
from tests.journeys.camera import Pixel, blurred, of_code, turned
from tests.journeys.card_desk import expect_greeting
from tests.journeys.demo import Demo
from tests.journeys.phone_desk import (
    activate_with_passkey,
    add_sensor,
    begin_activation,
    confirm,
    expect_result,
    leave,
    open_my_ecps,
    screen,
    show_code,
)

pytestmark = pytest.mark.journey


# No slots: Playwright puts a mark of its own on the object whose method it calls.
@dataclass
class SeeingPhone:
    """A phone whose camera plays a file."""

    page: Page
    film: Path

    def look_at(self, pixel: Pixel) -> None:
        camera.show(self.film, pixel)


@pytest.fixture
def seeing(
    playwright: Playwright, browser_type_launch_args: dict[str, Any], tmp_path: Path
) -> Iterator[SeeingPhone]:
    film = tmp_path / "camera.y4m"
    camera.show(film, lambda _x, _y: camera.DESK)
    flags = [*camera.FLAGS, f"--use-file-for-fake-video-capture={film}"]
    options = {**browser_type_launch_args, "args": [*browser_type_launch_args["args"], *flags]}
    device = dict(playwright.devices["Pixel 7"])
    device.pop("default_browser_type")
    browser = playwright.chromium.launch(**options)
    context = browser.new_context(**device, locale="fr-FR", permissions=["camera"])
    page = context.new_page()
    add_sensor(context, page)
    yield SeeingPhone(page, film)
    browser.close()


@pytest.fixture(autouse=True)
def no_phone_left(desk: Page, demo: Demo) -> Iterator[None]:
    yield
    desk.context.clear_cookies()
    open_my_ecps(desk, demo)
    while desk.locator("[id^=revoke-]").count():
        desk.locator("[id^=revoke-]").first.click()
        expect(desk.locator("#revoked")).to_be_visible()


def code_on(desk: Page, demo: Demo) -> str:
    """What the image on the activation page says: read from the server, as a camera reads it."""
    address = desk.locator("#qr").get_attribute("src") or ""
    reply = desk.request.get(f"{demo.base_url}{address}")
    assert reply.ok
    return demo.manage("shell", "-c", READ_QR.format(address=address)).stdout.strip()


# The image is drawn from this very text; a decoder of our own would test the decoder.
READ_QR = (
    "from idp.enrollment.flows.tokens import qr_token; from uuid import UUID;"
    "from django.conf import settings;"
    "print(settings.HYGIE.base_url + '/ecps/#e=' + qr_token(UUID('{address}'.split('/')[3])))"
)


# A code of the login page carries its age, in seconds: `…#l=login.age.mac`. One is read within five
# seconds and what was cut of two whole ones.
TOO_OLD = 7
TURNED_PAST = """([age]) =>
  Number(document.querySelector("#qr").dataset.text.split(".").at(-2)) >= age"""


def age_of(code: str) -> int:
    return int(code.split(".")[-2])


@pytest.mark.parametrize("hand", ["steady", "turned", "blurred"])
def test_the_code_of_an_activation_is_read(
    desk: Page, seeing: SeeingPhone, demo: Demo, hand: str
) -> None:
    open_my_ecps(desk, demo)
    begin_activation(desk)
    picture = of_code(code_on(desk, demo))
    seeing.look_at(
        {"steady": picture, "turned": turned(picture, 7), "blurred": blurred(picture)}[hand]
    )
    seeing.page.goto(f"{demo.base_url}/ecps/")
    seeing.page.click("#scan")
    screen(seeing.page, "identity")
    seeing.page.click("#confirm-identity")
    seeing.page.click("#use-passkey")
    confirm(desk, seeing.page)


def test_a_code_of_something_else_is_told_apart(
    desk: Page, seeing: SeeingPhone, demo: Demo
) -> None:
    seeing.look_at(of_code("https://example.org/a-poster-on-the-wall"))
    seeing.page.goto(f"{demo.base_url}/ecps/")
    seeing.page.click("#scan")
    expect(seeing.page.locator("#error")).to_contain_text("n’est pas celui de l’activation")


def test_the_code_of_a_login_is_read_while_it_turns(
    desk: Page, seeing: SeeingPhone, demo: Demo
) -> None:
    activate_with_passkey(desk, seeing.page, demo)
    desk.context.clear_cookies()
    show_code(desk, demo)
    stale = desk.locator("#qr").get_attribute("data-text") or ""
    seeing.look_at(of_code(stale))
    desk.wait_for_function(TURNED_PAST, arg=[age_of(stale) + TOO_OLD])
    seeing.page.click("#scan-login")
    expect(seeing.page.locator("#error")).to_contain_text("n’est plus celui de l’écran")
    seeing.page.click("#read-cancel")
    seeing.look_at(of_code(desk.locator("#qr").get_attribute("data-text") or ""))
    seeing.page.click("#scan-login")
    screen(seeing.page, "approval")
    expect(seeing.page.locator("#scanned")).to_be_visible()
    seeing.page.click("#approve")
    expect_result(seeing.page, "approved")
    expect_greeting(desk, "Lefèvre")
    leave(desk)


def test_a_refused_camera_leaves_the_code_to_type(
    desk: Page, seeing: SeeingPhone, demo: Demo
) -> None:
    seeing.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = async () => {"
        " throw new DOMException('no', 'NotAllowedError'); };"
    )
    seeing.page.goto(f"{demo.base_url}/ecps/")
    seeing.page.click("#scan")
    expect(seeing.page.locator("#error")).to_contain_text("n’est pas autorisé")
    expect(seeing.page.locator("#code")).to_be_visible()
