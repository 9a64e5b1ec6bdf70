"""WebSocket addresses of the phone."""

from django.urls import URLPattern

websocket_urlpatterns: list[URLPattern] = []
