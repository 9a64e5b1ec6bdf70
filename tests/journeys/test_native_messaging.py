"""Login through the browser's extension: no port, no permission, the origin told by the browser."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cps_bridge.commands.install import EXTENSION, STARTER
from cps_bridge.installation.disk import WindowsRegistry, install
from cps_bridge.installation.places import Places, System
from cps_bridge.installation.plan import make_plan
from cps_bridge.native import HOST_NAME
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.journeys.card_desk import PIN, expect_failure
from tests.journeys.demo import Demo
from tests.journeys.public_site import browser_flags, login_address, public_demo

pytestmark = pytest.mark.journey
HOSTS = "NativeMessagingHosts"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """A demo whose workstation has no bridge at any port."""
    with public_demo("--no-bridge") as running:
        yield running


@pytest.fixture
def profile(tmp_path: Path, demo: Demo) -> Path:
    """A browser profile with the host's manifest, written by the installer itself."""
    cards = demo.data_dir / "sandbox"
    (cards / "state.json").write_text(json.dumps({"inserted": "doctor", "tries": {}}))
    (tmp_path / "pin").write_text(PIN)
    options = ["--sandbox", str(cards), "--pin-file", str(tmp_path / "pin")]
    places = Places(
        system=System.LINUX,
        own=tmp_path / "own",
        autostart=tmp_path / "autostart",
        chromium=(tmp_path / "profile" / HOSTS,),
        firefox=(),
    )
    plan = make_plan(
        places, starter=STARTER, options=[*options, "--origin", demo.base_url], autostart=False
    )
    assert list(install(plan, registry=WindowsRegistry()))
    return tmp_path / "profile"


@pytest.fixture
def desktop(
    playwright: Playwright, browser_type_launch_args: dict[str, Any], demo: Demo, profile: Path
) -> Iterator[BrowserContext]:
    """Chromium with the extension of this package."""
    context = playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=browser_type_launch_args["executable_path"],
        headless=False,
        locale="fr-FR",
        ignore_default_args=["--disable-extensions"],
        args=[
            *browser_type_launch_args["args"],
            *browser_flags(demo),
            "--headless=new",
            f"--disable-extensions-except={EXTENSION}",
            f"--load-extension={EXTENSION}",
        ],
    )
    yield context
    context.close()


def test_a_doctor_logs_in_through_the_extension_without_port_nor_permission(
    desktop: BrowserContext, demo: Demo
) -> None:
    desk = desktop.new_page()
    desk.goto(login_address(demo))
    desk.click("#choose-card")
    expect_code_for_the_portal(desk, demo)
    desk.goto(demo.base_url)
    state = "navigator.permissions.query({name: 'loopback-network'}).then(p => p.state)"
    assert desk.evaluate(state) == "prompt"


def test_a_page_of_another_origin_is_refused_whatever_it_says(
    desktop: BrowserContext, demo: Demo
) -> None:
    stranger = desktop.new_page()
    stranger.goto(demo.base_url.replace("idp.test", "idp.test.evil.test"))
    heard = stranger.evaluate(
        """(claimed) => new Promise((resolve) => {
          const heard = [];
          const say = (kind, message) => window.postMessage(
            {channel: "cps-bridge.v1", from: "page", kind, message}, location.origin);
          window.addEventListener("message", ({data}) => {
            if (data.from !== "extension") return;
            heard.push(data.kind === "message" ? data.message : data.kind);
            if (data.kind === "closed") resolve(heard);
          });
          say("open");
          say("message", {type: "hello", origin: claimed});
        })""",
        demo.base_url,
    )
    assert heard == [{"type": "error", "code": "ORIGIN_REFUSED"}, "closed"]


def test_a_frame_has_no_extension(desktop: BrowserContext, demo: Demo) -> None:
    desk = desktop.new_page()
    desk.route("**/framed", lambda route: route.fulfill(body="<iframe src='/inner'></iframe>"))
    desk.route("**/inner", lambda route: route.fulfill(body="inner"))
    desk.goto(f"{demo.base_url}/framed")
    # An answer comes before the second of two messages that are sent one after the other.
    find = """() => new Promise((resolve) => {
      const say = (message) => postMessage(message, location.origin);
      addEventListener("message", ({data}) => {
        if (data.from === "extension") resolve(data.kind);
        if (data === "first") say("second");
        if (data === "second") resolve("nobody");
      });
      say({channel: "cps-bridge.v1", from: "page", kind: "find"});
      say("first");
    })"""
    assert desk.evaluate(find) == "present"
    assert desk.frames[1].evaluate(find) == "nobody"


def test_an_extension_without_its_program_leaves_the_page_to_the_port(
    desktop: BrowserContext, demo: Demo, profile: Path
) -> None:
    (profile / HOSTS / f"{HOST_NAME}.json").unlink()
    desk = desktop.new_page()
    desk.goto(login_address(demo))
    desk.click("#choose-card")
    expect(desk.locator("#card-login")).to_have_attribute("data-state", "permission")


def test_after_the_program_was_lost_at_the_code_the_next_try_logs_in(
    desktop: BrowserContext, demo: Demo, profile: Path
) -> None:
    process = announce_process(profile)
    code_entry = profile.parent / "pin"
    code_entry.unlink()
    # Whoever reads it waits until somebody writes: a person who looks for the code.
    os.mkfifo(code_entry)
    desk = desktop.new_page()
    desk.goto(login_address(demo))
    desk.click("#choose-card")
    expect(desk.locator("#control-code")).to_be_visible()
    os.kill(int(process.read_text()), signal.SIGKILL)
    expect_failure(desk, "bridge_lost")
    desk.click("#retry")
    expect(desk.locator("#control-code")).to_be_visible()
    threading.Thread(target=code_entry.write_text, args=(PIN,), daemon=True).start()
    expect_code_for_the_portal(desk, demo)


def test_who_installs_the_program_meanwhile_logs_in_with_the_next_try(
    desktop: BrowserContext, demo: Demo, profile: Path
) -> None:
    manifest = profile / HOSTS / f"{HOST_NAME}.json"
    installed = manifest.read_text()
    manifest.unlink()
    desk = desktop.new_page()
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    desk.goto(login_address(demo))
    desk.click("#choose-card")
    # Chromium without a screen answers its own question with "no".
    desk.click("#permission-go")
    expect_failure(desk, "permission_denied")
    manifest.write_text(installed)
    desk.click("#retry")
    expect_code_for_the_portal(desk, demo)
    assert len([url for url in asked if url.endswith("/challenge")]) == 1


def announce_process(profile: Path) -> Path:
    """Has the program write its process id first; the file it writes to."""
    program, file = profile.parent / "own" / "native-host", profile.parent / "process"
    first, _newline, others = program.read_text().partition("\n")
    program.write_text(f"{first}\necho $$ > '{file}'\n{others}")
    return file


def expect_code_for_the_portal(desk: Page, demo: Demo) -> None:
    desk.wait_for_url(lambda url: url.startswith(f"{demo.portal_url}/callback?") and "code=" in url)


def test_an_origin_that_the_administrator_did_not_list_is_said(
    desktop: BrowserContext, demo: Demo, profile: Path
) -> None:
    program = profile.parent / "own" / "native-host"
    program.write_text(program.read_text().replace(demo.base_url, "https://other.example"))
    desk = desktop.new_page()
    desk.goto(login_address(demo))
    desk.click("#choose-card")
    # The program's start takes the time that this computer needs for it.
    desk.wait_for_selector("#card-error")
    expect_failure(desk, "origin_refused")
