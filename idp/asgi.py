"""ASGI entry: everything that waits (SSE, WebSockets); in the demo, everything."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "idp.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402

from idp.core.static_files import around_asgi  # noqa: E402
from mobileapi.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": around_asgi(django_application),
        "websocket": OriginValidator(URLRouter(websocket_urlpatterns), [settings.HYGIE.origin]),
    }
)
