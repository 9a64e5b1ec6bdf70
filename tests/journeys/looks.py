"""What every screen must be: nothing for axe-core to find, nothing that scrolls sideways."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def expect_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0, f"scrolls sideways by {overflow} px"
