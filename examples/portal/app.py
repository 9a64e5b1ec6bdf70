"""Builds the portal: its settings, the table of its pages, and what every page owes."""

import logging
import os
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import NotFound

from examples.portal import pages
from examples.portal.provider import LoginError, Provider
from examples.portal.refusals import OTHER, REFUSALS, STATUS

log = logging.getLogger("portal")

ROUTES = (
    ("/", pages.home, "GET"),
    ("/login", pages.login, "GET"),
    ("/callback", pages.callback, "GET"),
    ("/refresh", pages.refresh, "POST"),
    ("/logout", pages.logout, "POST"),
    ("/logged-out", pages.logged_out, "GET"),
    ("/backchannel-logout", pages.backchannel_logout, "POST"),
    ("/health", pages.health, "GET"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between two installations; see README.md."""

    issuer: str
    client_id: str
    client_secret: str
    url: str
    secret_key: str
    discovery_url: str = ""

    @classmethod
    def from_environment(cls) -> Self:
        names = ["ISSUER", "CLIENT_ID", "CLIENT_SECRET", "URL", "SECRET_KEY"]
        missing = [f"PORTAL_{name}" for name in names if not os.environ.get(f"PORTAL_{name}")]
        if missing:
            raise SystemExit(f"The portal cannot start without {', '.join(missing)}.")
        values = {name.lower(): os.environ[f"PORTAL_{name}"] for name in names}
        values["url"] = values["url"].rstrip("/")
        return cls(**values, discovery_url=os.environ.get("PORTAL_DISCOVERY_URL", ""))


def create_app(settings: Settings) -> Flask:
    """The portal, ready to serve."""
    app = Flask(__name__)
    app.secret_key = settings.secret_key
    app.config.update(
        SESSION_COOKIE_NAME="portal_session",  # holds a random key, nothing else
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.url.startswith("https:"),
    )
    app.extensions["portal"] = pages.Portal(
        url=settings.url,
        provider=Provider(
            issuer=settings.issuer,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            discovery_url=settings.discovery_url,
        ),
    )
    for path, view, method in ROUTES:
        app.add_url_rule(path, view.__name__, view, methods=[method])
    _refuse_foreign_forms(app, settings.url)
    _set_headers(app, settings.issuer)
    app.register_error_handler(LoginError, show_refusal)
    app.register_error_handler(404, show_not_found)
    return app


def show_refusal(error: LoginError) -> tuple[str, int]:
    log.warning("refused: %s %s", error.code, error.description)
    title, advice = REFUSALS.get(error.code, OTHER)
    page = render_template("error.html", error=error, title=title, advice=advice)
    return page, STATUS.get(error.code, 400)


def show_not_found(error: NotFound) -> tuple[str, int]:
    return show_refusal(LoginError("not_found", request.path))


def _refuse_foreign_forms(app: Flask, own_origin: str) -> None:
    """Browsers name the page a form comes from: only our own pages may log anybody out."""

    @app.before_request
    def check_origin() -> None:
        if request.method == "POST" and request.headers.get("Origin", own_origin) != own_origin:
            raise LoginError("form_refused")


def _set_headers(app: Flask, issuer: str) -> None:
    address = urlsplit(issuer)
    # Chromium applies form-action to redirections too: logging out ends at the provider.
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; "
        f"form-action 'self' {address.scheme}://{address.netloc}; frame-ancestors 'none'"
    )

    @app.after_request
    def set_headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        # Not "no-referrer": browsers would then send our own forms with "Origin: null".
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response
