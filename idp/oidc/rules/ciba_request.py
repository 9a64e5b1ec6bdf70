"""The authentication request of CIBA Core 1.0 §7.1 as one typed value, and its checks in order."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Self

from idp.core.identifiers import InvalidIdentifierError, normalise_typed_identifier
from idp.oidc.rules.errors import BackchannelError
from idp.oidc.rules.parameters import Parameters
from idp.oidc.rules.profiles import Profile
from idp.oidc.rules.scopes import granted_scopes

CIBA_GRANT = "urn:openid:params:grant-type:ciba"
PING = "ping"
DELIVERY_MODES = ("poll", PING)
LONGEST_MESSAGE = 64
LONGEST_HINT = 8192
LONGEST_NOTIFICATION_TOKEN = 1024
# Two digits are the number of the ceremony: Pro Santé Connect's portals show 00 to 99.
_NUMBER = re.compile("[0-9]{2}")
# RFC 6750 §2.1: what may stand in an Authorization header.
_BEARER = re.compile("[A-Za-z0-9._~+/-]+=*")
# Pro Santé Connect's extension: by which means the person is asked.
PHONE_CHANNEL, CARD_CHANNEL = "MOBILE", "CARD"
CHANNELS = (PHONE_CHANNEL, CARD_CHANNEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackchannelAsk:
    """Wire names, `""` where nothing was sent. Parameters that are not here are ignored."""

    scope: str = ""
    login_hint: str = ""
    login_hint_token: str = ""
    id_token_hint: str = ""
    acr_values: str = ""
    binding_message: str = ""
    requested_expiry: str = ""
    client_notification_token: str = ""
    channel: str = ""

    @classmethod
    def parse(cls, parameters: Parameters) -> Self:
        return cls(**{entry.name: parameters.get(entry.name) for entry in fields(cls)})

    @property
    def scopes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.scope.split(" "))) if self.scope else ()

    @property
    def acr_asked(self) -> tuple[str, ...]:
        return tuple(self.acr_values.split())

    @property
    def number(self) -> str:
        """What the person types on the phone; `""`: nothing."""
        return self.binding_message if _NUMBER.fullmatch(self.binding_message) else ""

    @property
    def message(self) -> str:
        """What the phone quotes; two digits are never shown there."""
        return "" if self.number else self.binding_message

    @property
    def seconds_asked(self) -> int | None:
        return int(self.requested_expiry) if self.requested_expiry else None

    @property
    def identifier(self) -> str:
        """The national identifier that login_hint means, with or without its type digit."""
        try:
            return normalise_typed_identifier(self.login_hint)
        except InvalidIdentifierError as error:
            # Told from the text alone: nothing is learnt about anybody.
            raise BackchannelError(
                "unknown_user_id", "login_hint is no national identifier.", detail=error.detail
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class BackchannelRegistration:
    """What the checks need to know of the client."""

    scopes: tuple[str, ...]
    profile: Profile
    is_pinged: bool


def check_scope(asked: BackchannelAsk, client: BackchannelRegistration) -> None:
    """§7.1: `openid` is required; portals of Pro Santé Connect may leave it out as elsewhere."""
    if client.profile.requires_openid_scope and "openid" not in asked.scopes:
        raise BackchannelError("invalid_scope", "The scope must contain openid.")
    if not granted_scopes(asked=asked.scopes, allowed=client.scopes):
        raise BackchannelError("invalid_scope", "None of the scopes may be granted.")


def check_hints(asked: BackchannelAsk, client: BackchannelRegistration) -> None:
    """§7.1: one (and only one) of the hints."""
    hints = [
        hint for hint in (asked.login_hint, asked.login_hint_token, asked.id_token_hint) if hint
    ]
    if len(hints) != 1:
        raise BackchannelError("invalid_request", "Exactly one hint is required.")
    if asked.login_hint_token:
        raise BackchannelError("invalid_request", "login_hint_token is not supported.")
    if len(hints[0]) > LONGEST_HINT:
        raise BackchannelError("invalid_request", "The hint is too long.")


def check_channel(asked: BackchannelAsk, client: BackchannelRegistration) -> None:
    """Pro Santé Connect's `channel`, one of two.

    A workstation's bridge listens to the browser in front of it, never to a server: nobody could
    be asked by card here. A method that pairs workstations would lift the second refusal.
    """
    if asked.channel == CARD_CHANNEL and not client.profile.asks_phone_for_card:
        raise BackchannelError(
            "invalid_request",
            "channel CARD: no workstation is paired; a card is read at the login page of a "
            "browser. Ask for MOBILE.",
            detail="channel CARD",
        )
    if asked.channel not in ("", *CHANNELS):
        raise BackchannelError(
            "invalid_request",
            f"channel: {' or '.join(CHANNELS)}.",
            detail=f"channel {asked.channel[:40]}",
        )


def check_binding_message(asked: BackchannelAsk, client: BackchannelRegistration) -> None:
    """§7.1 and §13: short, one line, nothing invisible; refused rather than shown otherwise."""
    message = asked.binding_message
    is_shown_as_sent = message == message.strip() and all(
        character == " " or unicodedata.category(character)[0] not in "CZ" for character in message
    )
    if len(message) > LONGEST_MESSAGE or not is_shown_as_sent:
        raise BackchannelError(
            "invalid_binding_message",
            f"binding_message: at most {LONGEST_MESSAGE} visible characters on one line.",
        )


def check_requested_expiry(asked: BackchannelAsk, client: BackchannelRegistration) -> None:
    """§7.1: a positive integer."""
    if asked.requested_expiry and not re.fullmatch("[1-9][0-9]{0,8}", asked.requested_expiry):
        raise BackchannelError("invalid_request", "requested_expiry is not a positive integer.")


def check_notification_token(asked: BackchannelAsk, client: BackchannelRegistration) -> None:
    """§7.1: required for ping, at most 1024 characters of a bearer credential."""
    token = asked.client_notification_token
    if not client.is_pinged:
        return
    if len(token) > LONGEST_NOTIFICATION_TOKEN or not _BEARER.fullmatch(token):
        raise BackchannelError(
            "invalid_request", "client_notification_token is missing or is no bearer token."
        )


Check = Callable[[BackchannelAsk, BackchannelRegistration], None]
CHECKS: tuple[Check, ...] = (
    check_scope,
    check_hints,
    check_channel,
    check_binding_message,
    check_requested_expiry,
    check_notification_token,
)


def check(asked: BackchannelAsk, client: BackchannelRegistration) -> None:
    """Raises the first refusal."""
    for each in CHECKS:
        each(asked, client)
