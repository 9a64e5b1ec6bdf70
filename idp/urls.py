"""All addresses. The protocol's paths are Pro Santé Connect's (`idp.oidc.urls`)."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("idp.core.urls")),
    path("", include("idp.oidc.urls")),
    path("login/", include("idp.login.urls")),
    path("login/card/", include("idp.cardbridge.urls")),
    path("", include("idp.enrollment.urls")),
    path("", include("mobileapi.urls")),
    path("langue", set_language, name="set_language"),
    path("admin/", admin.site.urls),
]
if settings.HYGIE.is_sandbox:
    urlpatterns.append(path("sandbox/", include("idp.sandbox.urls")))

handler404 = "idp.core.pages.not_found"
handler500 = "idp.core.pages.server_error"
