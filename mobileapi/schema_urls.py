"""The addresses that the OpenAPI document describes."""

from django.urls import include, path

from mobileapi.urls import api_urls

urlpatterns = [path("api/v1/", include(api_urls))]
