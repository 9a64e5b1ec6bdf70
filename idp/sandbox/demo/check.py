"""`./run demo --check`: logs a test person in to the portal over HTTP, as a browser would."""

import re
from html import unescape

import httpx2
from django.core.management.base import CommandError

TEST_PERSON = "899900000011"
TIMEOUT_SECONDS = 10


def _field(html: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*\bvalue="([^"]*)"', html)
    if not found:
        raise CommandError(f"check: the page has no field {name}")
    return unescape(found.group(1))


def _link(html: str, element_id: str) -> str:
    for tag in re.findall(r"<a\b[^>]*>", html):
        if f'id="{element_id}"' in tag and (found := re.search(r'href="([^"]+)"', tag)):
            return unescape(found.group(1))
    raise CommandError(f"check: the page has no link #{element_id}")


def log_in_over_http(portal_url: str) -> str:
    """Portal → provider → test identity → portal; returns the portal's greeting."""
    with httpx2.Client(follow_redirects=True, timeout=TIMEOUT_SECONDS) as browser:
        choose = browser.get(f"{portal_url}/login")
        _expect(choose, "login page")
        form_url = choose.url.join(_link(choose.text, "choose-test"))
        form = browser.get(form_url)
        _expect(form, "test identity page")
        answer = browser.post(
            form_url,
            data={
                "csrfmiddlewaretoken": _field(form.text, "csrfmiddlewaretoken"),
                "person": TEST_PERSON,
                "auth_mode": "CARD",
            },
        )
        _expect(answer, "portal")
    greeting = re.search(r'id="greeting"[^>]*>(.*?)</', answer.text, re.DOTALL)
    if not greeting or not str(answer.url).startswith(portal_url):
        raise CommandError(f"check: the portal did not greet the person ({answer.url})")
    return " ".join(unescape(re.sub(r"<[^>]+>", "", greeting.group(1))).split())


def _expect(response: httpx2.Response, what: str) -> None:
    if response.status_code != httpx2.codes.OK:
        raise CommandError(f"check: {what} answered {response.status_code} at {response.url}")
