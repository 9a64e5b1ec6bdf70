"""The front page, and the two names that mozilla-django-oidc leaves to a portal."""

import os
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template import Context, Engine
from django.urls import include, path
from mozilla_django_oidc.utils import import_from_settings

PAGE = """<!doctype html><title>Portail</title>
{% if name %}<p id="who">{{ name }}</p>
<form method="post" action="/oidc/logout/"><input type="hidden" name="csrfmiddlewaretoken"
 value="{{ token }}"><button id="logout">Se déconnecter</button></form>
{% else %}<p id="nobody">Personne</p><a id="login" href="/oidc/authenticate/">Se connecter</a>
{% endif %}"""


def username(_email: str | None, claims: dict[str, Any]) -> str:
    """Accounts are keyed on the national identifier."""
    name: str = claims["SubjectNameID"]
    return name


def logout_url(request: HttpRequest) -> str:
    """RP-Initiated Logout §2."""
    query = {
        "id_token_hint": request.session["oidc_id_token"],
        "post_logout_redirect_uri": f"http://localhost:{os.environ['FOREIGN_PORT']}/",
    }
    return f"{import_from_settings('OIDC_OP_LOGOUT_ENDPOINT')}?{urlencode(query)}"


def home(request: HttpRequest) -> HttpResponse:
    name = request.user.get_username() if request.user.is_authenticated else ""
    page = Engine().from_string(PAGE)
    return HttpResponse(page.render(Context({"name": name, "token": get_token(request)})))


urlpatterns = [path("", home), path("oidc/", include("mozilla_django_oidc.urls"))]
