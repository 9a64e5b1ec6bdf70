"""WebSocket addresses of the phone."""

from django.urls import URLPattern, path

from mobileapi.consumers import DeviceConsumer

websocket_urlpatterns: list[URLPattern] = [
    path("ws/device", DeviceConsumer.as_asgi()),  # type: ignore[arg-type]
]
