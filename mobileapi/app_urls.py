"""Addresses of the phone's web app, under /ecps/ (included by `mobileapi.urls`)."""

from django.urls import path

from mobileapi.views import app

urlpatterns = [
    path("", app.page, name="app"),
    path("manifest.webmanifest", app.manifest, name="manifest"),
    path("sw.js", app.service_worker, name="service_worker"),
]
