"""Addresses that belong to no area: health, help."""

from django.urls import path

from idp.core import views

urlpatterns = [
    path("health", views.health, name="health"),
    path("aide", views.help_page, name="help"),
    path("accessibilite", views.accessibility_page, name="accessibility"),
]
