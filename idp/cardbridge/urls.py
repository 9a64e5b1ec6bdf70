"""Addresses of this app."""

from django.urls import URLPattern

app_name = "cardbridge"
urlpatterns: list[URLPattern] = []
