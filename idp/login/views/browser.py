"""The cookies: the browser's own secret (binds attempts), who is known there, the SSO session."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from idp.core import secrets
from idp.login.flows import Browser

SECRET_LENGTH = 43
LAST_METHOD_KEPT = timedelta(days=180)


def _read(request: HttpRequest, name: str) -> str:
    value = request.COOKIES.get(settings.HYGIE.cookie_name(name), "")
    # A malformed cookie fails closed: it is as if there were none.
    return value if len(value) == SECRET_LENGTH and value.isascii() else ""


def _set(response: HttpResponse, name: str, value: str, *, max_age: timedelta | None) -> None:
    response.set_cookie(
        settings.HYGIE.cookie_name(name),
        value,
        max_age=max_age,
        secure=settings.HYGIE.is_https,
        httponly=True,
        samesite="Lax",
    )


def browser_of(request: HttpRequest) -> Browser | None:
    """The browser's secret, when it brought one."""
    secret = _read(request, "browser")
    return Browser(secret=secret) if secret else None


def new_browser() -> Browser:
    return Browser(secret=secrets.new_token())


def remember_browser(response: HttpResponse, browser: Browser) -> None:
    _set(response, "browser", browser.secret, max_age=None)


def sso_secret_of(request: HttpRequest) -> str:
    return _read(request, "sso")


def remember_sso(response: HttpResponse, secret: str) -> None:
    """A session cookie: it dies with the browser, or with the session in the database."""
    _set(response, "sso", secret, max_age=None)


def forget_sso(response: HttpResponse) -> None:
    response.delete_cookie(settings.HYGIE.cookie_name("sso"), samesite="Lax")


def known_secret_of(request: HttpRequest) -> str:
    """Of a browser in which somebody proved who they are."""
    return _read(request, "known")


def remember_known(response: HttpResponse, secret: str) -> None:
    """Unlike a session it outlives the browser's windows; it opens nothing by itself."""
    _set(response, "known", secret, max_age=settings.HYGIE.lifetimes.known_browser)


def forget_known(response: HttpResponse) -> None:
    response.delete_cookie(settings.HYGIE.cookie_name("known"), samesite="Lax")


def last_method_of(request: HttpRequest) -> str:
    """Only the order of the choices comes from it."""
    return request.COOKIES.get(settings.HYGIE.cookie_name("last_method"), "")


def remember_method(response: HttpResponse, method: str) -> None:
    _set(response, "last_method", method, max_age=LAST_METHOD_KEPT)
