"""WebSocket addresses of the phone."""

from typing import Any

from django.urls import path

from mobileapi.consumers import DeviceConsumer

websocket_urlpatterns: list[Any] = [
    path("ws/device", DeviceConsumer.as_asgi()),  # type: ignore[arg-type]
]
