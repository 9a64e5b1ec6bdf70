"""Addresses of the phone: /api/v1 and the web app under /ecps/."""

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

from mobileapi.app_urls import urlpatterns as app_urls
from mobileapi.schema import DESCRIPTION
from mobileapi.views import devices, enrolments, journal, offline, push, requests

app_name = "mobileapi"
api_urls = [
    path("nonce", devices.Nonce.as_view(), name="nonce"),
    path("enrolments/claim", enrolments.Claim.as_view(), name="claim"),
    path("enrolments/<uuid:enrolment_id>/keys", enrolments.Keys.as_view(), name="keys"),
    path("devices/me", devices.Me.as_view(), name="device"),
    path("devices", devices.Devices.as_view(), name="devices"),
    path("devices/me/push", push.Push.as_view(), name="push"),
    path("devices/me/offline", offline.Offline.as_view(), name="offline"),
    path("devices/<uuid:device_id>", devices.OneDevice.as_view(), name="one_device"),
    path("journal", journal.Journal.as_view(), name="journal"),
    path("journal/<str:reference>", journal.Receipt.as_view(), name="receipt"),
    path("requests", requests.Requests.as_view(), name="requests"),
    path("requests/scan", requests.Scan.as_view(), name="scan"),
    path("requests/<uuid:request_id>/challenge", requests.Challenge.as_view(), name="challenge"),
    path("requests/<uuid:request_id>/approve", requests.Approve.as_view(), name="approve"),
    path("requests/<uuid:request_id>/deny", requests.Deny.as_view(), name="deny"),
]
urlpatterns = [
    path("api/v1/", include(api_urls)),
    # The phone's API alone: nothing else of the provider is described there.
    path(
        "api/v1/schema",
        SpectacularJSONAPIView.as_view(
            urlconf="mobileapi.schema_urls", custom_settings={"DESCRIPTION": DESCRIPTION}
        ),
        name="schema",
    ),
    path("ecps/", include(app_urls)),
]


def is_api(address: str) -> bool:
    """Whether a path is one of the phone's API; `settings.IS_API`."""
    return address.startswith("/api/")
