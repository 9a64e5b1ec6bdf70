"""Addresses that exist in the sandbox only, under /sandbox/."""

from django.urls import path

from idp.sandbox.views import test_identity

app_name = "sandbox"
urlpatterns = [
    path("identite/<uuid:attempt_id>", test_identity.test_identity, name="test_identity"),
]
