"""Addresses of the phone: /api/v1 and the web app under /ecps/."""

from django.urls import URLPattern

app_name = "mobileapi"
urlpatterns: list[URLPattern] = []
