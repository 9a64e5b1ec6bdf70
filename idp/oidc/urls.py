"""Addresses of the protocol: Pro Santé Connect's own paths, letter for letter."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path

from idp.oidc.views import (
    authorize,
    backchannel,
    documents,
    logout,
    look_up,
    registration,
    userinfo,
)

_REALM = "auth/realms/esante-wallet"
_PROTOCOL = f"{_REALM}/protocol/openid-connect"


def _at(address: str, view: Callable[..., HttpResponseBase], name: str | None = None) -> URLPattern:
    """A component of ANS calls `…/openid-connect//userinfo`: repeated slashes count as one."""
    return re_path("^/*" + address.replace("/", "/+").replace(".", r"\.") + "$", view, name=name)


app_name = "oidc"
# What machines call: `idp.core.page_chain` keeps sessions, languages and forms away from it.
_BACK_CHANNEL: list[URLPattern] = [
    _at(f"{_PROTOCOL}/token", backchannel.token, "token"),
    _at(f"{_PROTOCOL}/token/introspect", backchannel.introspect, "introspect"),
    _at(f"{_PROTOCOL}/ext/ciba/auth", backchannel.ciba, "ciba"),
    _at(f"{_PROTOCOL}/revoke", backchannel.revoke, "revoke"),
    _at(f"{_PROTOCOL}/ext/par/request", backchannel.push, "push"),
    _at(f"{_REALM}/clients-registrations/openid-connect", registration.register, "register"),
    _at(f"{_PROTOCOL}/userinfo", userinfo.userinfo, "userinfo"),
    _at(f"{_REALM}/annuaire", look_up.annuaire, "annuaire"),
    _at(f"{_PROTOCOL}/certs", documents.certs, "certs"),
    _at(f"{_REALM}/.well-known/openid-configuration", documents.openid_configuration, "discovery"),
    _at(f"{_REALM}/.well-known/wallet-openid-configuration", documents.openid_configuration),
    # RFC 8414 §3.1 puts the well-known part before the path of the issuer.
    _at(f".well-known/oauth-authorization-server/{_REALM}", documents.openid_configuration),
    _at(f".well-known/openid-configuration/{_REALM}", documents.openid_configuration),
]
urlpatterns: list[URLPattern] = [
    # Portals call it with and without the slash.
    _at("auth", authorize.authorize, "authorize"),
    _at("auth/", authorize.authorize),
    _at(f"{_PROTOCOL}/auth", authorize.authorize),
    path("auth/resume", authorize.resume, name="resume"),
    *_BACK_CHANNEL,
    _at(f"{_PROTOCOL}/logout", logout.end_session, "logout"),
    path(f"{_PROTOCOL}/logout/confirm", logout.confirm, name="logout_confirm"),
]


def is_back_channel(address: str) -> bool:
    """Whether a path is one that machines call; `settings.IS_BACK_CHANNEL`."""
    # Django resolves a path without its first slash.
    return address.startswith("/") and any(
        entry.pattern.match(address[1:]) for entry in _BACK_CHANNEL
    )
