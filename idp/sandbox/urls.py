"""Addresses that exist in the sandbox only, under /sandbox/."""

from django.urls import path

from idp.sandbox.views import pki, test_identity

app_name = "sandbox"
urlpatterns = [
    path("identite/<uuid:attempt_id>", test_identity.test_identity, name="test_identity"),
    path("pki/<slug:name>.crl", pki.revocation_list, name="revocation_list"),
    path("pki/<slug:name>.cer", pki.certificate, name="authority_certificate"),
]
