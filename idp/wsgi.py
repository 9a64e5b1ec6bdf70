"""WSGI entry: pages, OpenID Connect, mobile REST API. What waits (SSE, WebSocket) is ASGI."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "idp.settings")
django_application = get_wsgi_application()

from idp.core.static_files import around_wsgi  # noqa: E402

application = around_wsgi(django_application)
