"""Rows of the provider: who may ask, what was asked, what was granted, which keys sign."""

from idp.oidc.models.backchannel import BackchannelRequest
from idp.oidc.models.clients import Client
from idp.oidc.models.deliveries import Delivery
from idp.oidc.models.grants import Grant
from idp.oidc.models.initial_tokens import InitialAccessToken
from idp.oidc.models.keys import KeyState, SigningKey
from idp.oidc.models.replay import SeenId
from idp.oidc.models.requests import AuthorizationRequest, PushedRequest

__all__ = [
    "AuthorizationRequest",
    "BackchannelRequest",
    "Client",
    "Delivery",
    "Grant",
    "InitialAccessToken",
    "KeyState",
    "PushedRequest",
    "SeenId",
    "SigningKey",
]
