"""Addresses that belong to no area: front page, health, help."""

from django.urls import path

from idp.core import views

urlpatterns = [
    path("", views.front_page, name="front"),
    path("health", views.health, name="health"),
    path("aide", views.help_page, name="help"),
    path("accessibilite", views.accessibility_page, name="accessibility"),
]
