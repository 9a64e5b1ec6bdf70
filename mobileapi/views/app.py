"""The web app of the phone: its one page, its manifest, its service worker; the rest is the API."""

import hashlib
import json
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from idp.core.pages import relax_csp
from idp.enrollment.rules.push import PushKind

MODULES = Path(__file__).resolve().parent.parent / "static"
SHARED = (
    "hygie/hygie.css",
    "hygie/parts.css",
    "hygie/choices.css",
    "hygie/fields.css",
    "hygie/progress.css",
    "hygie/fonts/atkinson-latin.woff2",
    "hygie/favicon.svg",
    "hygie/icons/danger.svg",
    "hygie/icons/info.svg",
    "hygie/icons/warning.svg",
)
ICONS = (("app-192.png", 192, "any"), ("app-512.png", 512, "any"))
MASKABLE = ("app-maskable-512.png", 512, "maskable")
OFFLINE = "offline"
# Each screen is one file; a reader finds them in the order a person sees them.
SCREENS = (
    "welcome",
    "scan",
    "identity",
    "protect",
    "pin",
    "digits",
    "home",
    "read",
    "approval",
    "result",
    "device",
    "journal",
    OFFLINE,
    "stopped",
)


@never_cache
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The app: every screen is in it, translated; the modules choose which one is shown."""
    address = urlsplit(settings.HYGIE.base_url)
    offered = [name for name in SCREENS if name != OFFLINE or settings.HYGIE.offline_codes]
    context = {
        "screens": [f"ecps/screens/{name}.html" for name in offered],
        "base": settings.HYGIE.base_url,
        "pin_digits": settings.HYGIE.pin_digits,
        "offline_codes": settings.HYGIE.offline_codes,
        "desktop_address": address.netloc + reverse("enrollment:home"),
    }
    response = render(request, "ecps/app.html", context)
    response.content = without_indentation(response.content)
    # 'self' covers the WebSocket in browsers of CSP level 3 only.
    scheme = "wss" if settings.HYGIE.is_https else "ws"
    relax_csp(response, "connect-src", f"{scheme}://{address.netloc}")
    # Nothing in the app turns text into markup or script; with this, nothing can.
    relax_csp(response, "require-trusted-types-for", "'script'")
    relax_csp(response, "trusted-types", "ecps")
    return response


def without_indentation(page: bytes) -> bytes:
    """A phone far from town pays for each byte; lines stay lines, as words stay apart."""
    lines = (line.strip() for line in page.splitlines())
    return b"\n".join(line for line in lines if line)


@require_GET
def manifest(request: HttpRequest) -> JsonResponse:
    """W3C Web Application Manifest: installed under its own name, opened without a browser bar."""
    icons = [
        {
            "src": static(f"hygie/icons/{name}"),
            "sizes": f"{side}x{side}",
            "type": "image/png",
            "purpose": purpose,
        }
        for name, side, purpose in (*ICONS, MASKABLE)
    ]
    home = reverse("mobileapi:app")
    content = {
        "id": home,
        "start_url": home,
        "scope": home,
        "name": "e-CPS",
        "short_name": "e-CPS",
        "description": _("Approuvez vos connexions aux portails de santé."),
        "lang": request.LANGUAGE_CODE,
        "display": "standalone",
        "background_color": "#fbfaf7",
        "theme_color": "#fbfaf7",
        "icons": icons,
    }
    return JsonResponse(content, content_type="application/manifest+json")


@cache
def _shell() -> tuple[tuple[str, ...], str]:
    """What must be at hand offline, and a version that changes with any of it."""
    files = sorted(
        path
        for path in (MODULES / "ecps").rglob("*")
        # The camera's decoder is large and of no use offline.
        if path.suffix in {".js", ".css"} and path.parent.name != "vendor"
    )
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    names = (*SHARED, *(path.relative_to(MODULES).as_posix() for path in files))
    return tuple(static(name) for name in names), digest.hexdigest()[:12]


def _rings() -> dict[str, dict[str, str]]:
    """What a closed app says when it is rung: never who, nor at which portal."""
    return {
        PushKind.REQUEST: {
            "title": _("Demande de connexion"),
            "body": _(
                "Ouvrez e-CPS pour répondre. Si vous ne vous connectez pas en ce moment, refusez."
            ),
        },
        PushKind.NEW_DEVICE: {
            "title": _("Un autre téléphone a été activé à votre nom"),
            "body": _("Ouvrez e-CPS pour dire si c’est vous."),
        },
        PushKind.ENDING: {
            "title": _("e-CPS s’arrête bientôt sur ce téléphone"),
            "body": _("Ouvrez e-CPS pour la garder, ou pour voir que faire."),
        },
    }


@require_GET
def service_worker(request: HttpRequest) -> HttpResponse:
    """Served from /ecps/ so that its scope is the app and nothing else of this origin."""
    shell, version = _shell()
    context = {
        "shell": json.dumps(shell),
        "rings": json.dumps(_rings()),
        "version": version,
        "page": reverse("mobileapi:app"),
    }
    response = render(request, "ecps/sw.js", context, content_type="text/javascript")
    response["Cache-Control"] = "no-cache"
    return response
