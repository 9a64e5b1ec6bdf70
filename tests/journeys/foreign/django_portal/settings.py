"""What mozilla-django-oidc's documentation asks, from the provider's own discovery document."""

import os

import requests

_ISSUER = os.environ["FOREIGN_ISSUER"]
_HERE = "tests.journeys.foreign.django_portal"
_TOLD = requests.get(f"{_ISSUER}/.well-known/openid-configuration", timeout=10).json()

SECRET_KEY = "foreign-portal-" + "0" * 40
ROOT_URLCONF = f"{_HERE}.urls"
ALLOWED_HOSTS = ["localhost"]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["FOREIGN_DATABASE"]}
}
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "mozilla_django_oidc",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
AUTHENTICATION_BACKENDS = ["mozilla_django_oidc.auth.OIDCAuthenticationBackend"]
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = LOGIN_REDIRECT_URL_FAILURE = "/"

OIDC_RP_CLIENT_ID = os.environ["FOREIGN_CLIENT_ID"]
OIDC_RP_CLIENT_SECRET = os.environ["FOREIGN_CLIENT_SECRET"]
OIDC_RP_SIGN_ALGO = "RS256"
OIDC_RP_SCOPES = "openid scope_all"
OIDC_USE_PKCE = True
OIDC_STORE_ID_TOKEN = True
OIDC_USERNAME_ALGO = f"{_HERE}.urls.username"
OIDC_OP_LOGOUT_URL_METHOD = f"{_HERE}.urls.logout_url"
OIDC_OP_AUTHORIZATION_ENDPOINT = _TOLD["authorization_endpoint"]
OIDC_OP_TOKEN_ENDPOINT = _TOLD["token_endpoint"]
OIDC_OP_USER_ENDPOINT = _TOLD["userinfo_endpoint"]
OIDC_OP_JWKS_ENDPOINT = _TOLD["jwks_uri"]
OIDC_OP_LOGOUT_ENDPOINT = _TOLD["end_session_endpoint"]
