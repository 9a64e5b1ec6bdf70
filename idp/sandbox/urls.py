"""Addresses that exist in the sandbox only, under /sandbox/."""

from django.urls import path

from idp.sandbox.views import ciba, phone_requests, pki, test_identity

app_name = "sandbox"
urlpatterns = [
    path("identite/<uuid:attempt_id>", test_identity.test_identity, name="test_identity"),
    path("requests", phone_requests.index, name="requests"),
    path("requests/<uuid:request_id>/approve", phone_requests.approve, name="approve"),
    path("requests/<uuid:request_id>/deny", phone_requests.deny, name="deny"),
    path("ciba/<str:auth_req_id>/approve", ciba.approve, name="ciba_approve"),
    path("ciba/<str:auth_req_id>/deny", ciba.deny, name="ciba_deny"),
    path("pki/<slug:name>.crl", pki.revocation_list, name="revocation_list"),
    path("pki/<slug:name>.cer", pki.certificate, name="authority_certificate"),
]
