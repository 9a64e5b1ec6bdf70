"""The reader's page in a real browser: seen, clicked, typed and heard by a screen reader."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright

from tests.bridge.page import BridgePage, connected

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(params=["light", "dark"])
async def view(request: pytest.FixtureRequest, reader_page: BridgePage) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        opened = await browser.new_page(
            viewport={"width": 375, "height": 812}, color_scheme=request.param
        )
        await opened.goto(f"{reader_page.base}/sandbox/")
        yield opened
        await browser.close()


async def check(view: Page) -> None:
    """Accessible, and no wider than the screen."""
    results = await Axe().run(view)
    assert results.violations_count == 0, results.generate_report()
    assert await view.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_login_by_the_pad_then_a_blocked_card_then_a_new_one(
    view: Page, reader_page: BridgePage
) -> None:
    await check(view)
    async with connected(reader_page.http, reader_page.port) as login:
        await login.ask()
        await login.next()
        await view.get_by_text("Une page de connexion l’attend.").wait_for()
        await view.click("#card-doctor")
        assert (await login.next())["state"] == "pin"
        await view.wait_for_selector("#pin-form")
        await view.wait_for_function("document.title.startsWith('● Code demandé')")
        assert await view.evaluate("document.activeElement.id") == "pin-input"
        assert await view.inner_text("#pin-origin") == "https://idp.example"
        assert await view.inner_text("#pin-code") == "0132"
        await check(view)
        for digit in "19":
            await view.click(f"#pin-{digit}")
        await view.click("#pin-clear")
        for digit in "234":
            await view.click(f"#pin-{digit}")
        await view.click("#pin-ok")
        assert (await login.next())["type"] == "token"
        await view.get_by_text("La carte a répondu.").wait_for()
        for _ in range(2):
            await login.ask()
            await login.next()
            await view.fill("#pin-input", "0000")
            await view.keyboard.press("Enter")
            assert (await login.next())["code"] == "PIN_INCORRECT"
            await view.wait_for_selector("#pin-form", state="detached")
        await login.ask()
        await login.next()
        await view.check("#pin-confirm")
        await check(view)
        await view.fill("#pin-input", "0000")
        await view.click("#pin-ok")
        assert (await login.next())["code"] == "PIN_LOCKED"
    await view.wait_for_selector("#blocked")
    await check(view)
    await view.click("#reset-doctor")
    await view.wait_for_selector("#blocked", state="detached")
    await view.click("#eject")
    await view.get_by_text("La fente est vide.").wait_for()


async def test_escape_and_cancel_refuse_the_request(view: Page, reader_page: BridgePage) -> None:
    await view.click("#card-midwife")
    await view.wait_for_selector("#eject")
    for refuse in (view.keyboard.press("Escape"), view.click("#pin-cancel")):
        async with connected(reader_page.http, reader_page.port) as login:
            await login.ask()
            await login.next()
            await view.wait_for_selector("#pin-form")
            await asyncio.gather(refuse)
            assert await login.next() == {"type": "error", "code": "USER_CANCELLED"}
            await view.wait_for_selector("#pin-form", state="detached")
