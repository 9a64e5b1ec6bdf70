"""What every page must hold, whatever it shows: read by eye, by ear, by thumb, and in large."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.journeys.demo import Demo

# What a browser writes by itself when a server refuses or a port is closed.
EXPECTED = ("Failed to load resource", "WebSocket connection to")

# Width in px, colour scheme.
Look = tuple[int, Literal["light", "dark"]]
HEIGHT = 800
THUMB = 44  # px, the side of the smallest target

TWO_FRAMES = "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# A link inside a sentence is as tall as its line (WCAG 2.5.8); a box lies in its larger label.
SMALL = """(thumb) => [...document.querySelectorAll("a, button, summary, select, input")]
  .filter((each) => each.checkVisibility() && !each.closest(".skip-link, [type=hidden]"))
  .filter((each) => getComputedStyle(each).display !== "inline")
  .map((each) => (/^(radio|checkbox)$/.test(each.type) ? each.labels[0] : each))
  .map((each) => [each.id || each.textContent.trim(), each.getBoundingClientRect()])
  .filter(([, box]) => box.width < thumb || box.height < thumb)
  .map(([name, box]) => `${name}: ${box.width} × ${box.height}`)"""
# French puts a space that does not break before these, and never the typewriter's apostrophe.
TYPEWRITTEN = r"""() => [...document.querySelectorAll("main :is(h1, h2, p, li, label, button, a)")]
  .filter((each) => each.checkVisibility() && !each.querySelector(":is(p, li, h1, h2)"))
  .map((each) => each.textContent)
  .filter((text) => / [:;!?»]|« |\b[cdjlmnst]'[a-zé]/.test(text))"""


# No slots: Playwright puts a mark of its own on the object whose method it calls.
@dataclass
class Watched:
    """A page, with what its browser complained of and whom it asked."""

    page: Page
    looks: tuple[Look, ...] = ()
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED):
            self.complaints.append(message.text)

    def note(self, request: Request) -> None:
        if request.url.startswith("http"):
            self.hosts.add(urlsplit(request.url).hostname or "")

    def check(self, name: str, *, is_french: bool = True) -> None:
        """Asserts all of it in each of its looks; `name` is said when it fails."""
        # A tab behind another draws nothing: what has just changed would be judged half-way.
        self.page.bring_to_front()
        for look in self.looks[1:]:
            put_on(self.page, look)
            self._check_look(f"{name}, {look}")
        if len(self.looks) > 1:
            put_on(self.page, self.looks[0])
        self._check_look(name)
        assert self.complaints == [], f"{name}: the browser complains"
        assert self.hosts <= {"localhost", "127.0.0.1"}, f"{name} asks others: {self.hosts}"
        if is_french:
            assert self.page.evaluate(TYPEWRITTEN) == [], f"{name}: French typography"

    def _check_look(self, name: str) -> None:
        page = self.page
        # Colours that have just changed are on their way for a frame, motion reduced or not.
        page.evaluate(TWO_FRAMES)
        found = judged(page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        assert page.locator("h1:visible").count() == 1, f"{name}: one heading says where one is"
        assert page.evaluate(SIDEWAYS) <= 0, f"{name} scrolls sideways"
        assert page.evaluate(SMALL, THUMB) == [], f"{name}: too small for a thumb"
        page.evaluate("document.documentElement.style.fontSize = '225%'")
        assert page.evaluate(SIDEWAYS) <= 0, f"{name} scrolls sideways in letters twice as large"
        page.evaluate("document.documentElement.style.fontSize = ''")


def put_on(page: Page, look: Look) -> None:
    """Another width and colour scheme for a page that is open."""
    width, scheme = look
    page.set_viewport_size({"width": width, "height": HEIGHT})
    # Colours are judged at rest, not on their way.
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")


@contextmanager
def watched(browser: Browser, *looks: Look, **options: Any) -> Iterator[Watched]:
    """A browser of its own with one page, in the first of these looks and judged in each."""
    context = browser.new_context(locale="fr-FR", **options)
    seen = Watched(context.new_page(), looks)
    put_on(seen.page, looks[0])
    seen.page.on("console", seen.hear)
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on("request", seen.note)
    yield seen
    context.close()


def in_another_tab(seen: Watched, demo: Demo) -> Watched:
    """The sandbox reader beside a page, watched too."""
    tab = Watched(seen.page.context.new_page(), seen.looks)
    put_on(tab.page, seen.looks[0])
    tab.page.on("console", tab.hear)
    tab.page.on("request", tab.note)
    tab.page.goto(demo.reader_url)
    return tab


def judged(page: Page) -> AxeResults:
    """What axe-core finds, once the style sheets are there: text may be read before they are."""
    page.wait_for_load_state("load")
    return Axe().run(page)


def expect_accessible(page: Page) -> None:
    """Nothing for axe-core to find, nothing that scrolls sideways."""
    found = judged(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate(SIDEWAYS) <= 0, "scrolls sideways"
