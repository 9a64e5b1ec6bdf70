"""Serving CSS, scripts, fonts: around the application, so that its own requests never pay for it.

As Django middleware the same library is asynchronous only, and every WSGI request would cross an
event loop twice.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from servestatic import ServeStatic, ServeStaticASGI
from servestatic.compress import Compressor


def collect() -> None:
    """Copies what is new into STATIC_ROOT, with a compressed twin; quick when nothing is new."""
    call_command("collectstatic", interactive=False, verbosity=0)
    compress(settings.STATIC_ROOT)


def compress(root: Path) -> None:
    """A `.gz` beside each text that gains by it: served to who accepts it, a third of the bytes."""
    compressor = Compressor(use_brotli=False, use_zstd=False, quiet=True)
    for path in root.rglob("*"):
        twin = path.with_name(f"{path.name}.gz")
        is_done = twin.exists() and twin.stat().st_mtime >= path.stat().st_mtime
        if path.is_file() and compressor.should_compress(path.name) and not is_done:
            compressor.compress(str(path))


def _around(wrapper: Any, application: Any) -> Any:
    if not settings.STATIC_ROOT.exists():
        collect()
    return wrapper(
        application,
        root=settings.STATIC_ROOT,
        prefix=settings.STATIC_URL.strip("/"),
        allow_all_origins=False,
        add_headers_function=_add_headers,
    )


def _add_headers(headers: Any, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


def around_wsgi(application: Any) -> Any:
    """The WSGI application, with static files in front of it."""
    return _around(ServeStatic, application)


def around_asgi(application: Any) -> Any:
    """The ASGI application, with static files in front of it."""
    return _around(ServeStaticASGI, application)
