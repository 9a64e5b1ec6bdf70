"""What may be configured: one frozen value, built by `idp.settings`, read as `settings.HYGIE`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

# Of `SubjectRole` and `Secteur_Activite` in every sample of ANS, and G16, students' own; as in
# `idp.oidc.rules.claims`, which a test compares.
SUBJECT_ROLE_OID = "1.2.250.1.213.1.1.5.5"
SECTEUR_ACTIVITE_OID = "1.2.250.1.71.4.2.4"
EN_FORMATION_OID = "1.2.250.1.71.1.2.8"

# What a means of login may be said to reach; `idp.login.rules.levels.Level`, which a test compares.
LEVELS = ("eidas1", "eidas2", "eidas3")

# Web Push of Chrome, Safari, Firefox and Edge.
PUSH_SERVICES = (
    "fcm.googleapis.com",
    "*.push.apple.com",
    "*.push.services.mozilla.com",
    "*.notify.windows.com",
)

# What a phone shows of where a login began, in characters.
LONGEST_PLACE = 80

# `idp.cardbridge.rules.card_kinds.CardKind`, which a test compares.
SERVICE_CARD = "SERVICE"
CARD_TYPES = ("CPS", "CPF", "CPE", "CDE", "CPA", "CDA", SERVICE_CARD)


def whole_number(name: str, text: str, *, lowest: int = 0, highest: int = 10**6) -> int:
    """What a setting says as a number; refused by its name when it says none, or too much."""
    # Few digits, ASCII: int() also takes spaces, underscores and other alphabets.
    if text.isascii() and text.isdigit() and len(text) <= 7 and lowest <= int(text) <= highest:
        return int(text)
    raise ImproperlyConfigured(
        f"{name} must be a whole number from {lowest} to {highest}, not {text[:20]!r}."
    )


def table_oid(name: str, text: str) -> str:
    """The OID of a table that codes of practising people are said to be of."""
    if not re.fullmatch(r"[0-2](\.(0|[1-9][0-9]{0,9})){2,30}", text):
        raise ImproperlyConfigured(f"{name} must be an OID, as {SUBJECT_ROLE_OID}.")
    if text == EN_FORMATION_OID:
        raise ImproperlyConfigured(f"{name}: {text} is the table of professions in training.")
    return text


def port_number(name: str, text: str) -> int:
    return whole_number(name, text, lowest=1, highest=65_535)


def day_counts(name: str, texts: list[str]) -> tuple[timedelta, ...]:
    """`30,7`: each as a time, the longest first; none at all is a mistake."""
    days = {whole_number(name, text.strip(), lowest=1, highest=365) for text in texts}
    if not days:
        raise ImproperlyConfigured(f"{name} must name at least one number of days.")
    return tuple(timedelta(days=each) for each in sorted(days, reverse=True))


class Mode(StrEnum):
    """`sandbox`: test cards and identities, banners everywhere. `production`: none of that."""

    SANDBOX = "sandbox"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """Every lifetime of the provider."""

    login_attempt: timedelta = timedelta(minutes=10)
    step_token: timedelta = timedelta(seconds=60)
    sso_session: timedelta = timedelta(hours=4)
    sso_idle: timedelta = timedelta(minutes=30)
    authorization_code: timedelta = timedelta(seconds=60)
    # CIBA: PSC's own double answers 120 s; its clients poll each second, whatever is said here.
    ciba_request: timedelta = timedelta(seconds=120)
    ciba_interval: timedelta = timedelta(seconds=5)
    pushed_request: timedelta = timedelta(seconds=90)
    dpop_nonce: timedelta = timedelta(minutes=5)
    access_token: timedelta = timedelta(seconds=120)
    refresh_token: timedelta = timedelta(minutes=30)
    card_challenge: timedelta = timedelta(minutes=5)
    fresh_card_login: timedelta = timedelta(minutes=5)
    enrolment_qr: timedelta = timedelta(seconds=90)
    enrolment_code: timedelta = timedelta(minutes=10)
    approval_request: timedelta = timedelta(seconds=120)
    device_nonce: timedelta = timedelta(seconds=60)
    device: timedelta = timedelta(days=730)
    pin_key_device: timedelta = timedelta(days=365)
    # Unused for this long, a phone ends by itself.
    device_idle: timedelta = timedelta(days=180)
    # So long before its end the holder of a phone is told, by a ring and in their journal.
    phone_warnings: tuple[timedelta, ...] = (timedelta(days=30), timedelta(days=7))
    # A browser in which somebody proved who they are may ask their phones for this long.
    known_browser: timedelta = timedelta(days=180)
    # How old the code on the login page may be when a phone reads it; the typed one.
    login_qr: timedelta = timedelta(seconds=5)
    login_code: timedelta = timedelta(seconds=120)
    # After a refusal nothing is asked for this long; whom a holder reported, for that long.
    phone_denial_quiet: timedelta = timedelta(minutes=5)
    phone_report_block: timedelta = timedelta(hours=24)
    # How long a new phone is not enough for portals that ask more than `any`.
    phone_probation: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hygie:
    """The configuration of one deployment."""

    mode: Mode
    base_url: str
    data_dir: Path
    bridge_ports: tuple[int, ...] = (24817, 24818, 24819, 24820)
    portal_url: str = "http://localhost:8100"
    card_level: str = "eidas2"
    # The kinds of card that differ from the rule (named cards log in at `card_level`, service cards
    # do not): kind → its level, `""`: refused.
    card_types: Mapping[str, str] = field(default_factory=dict)
    phone_level: str = "eidas2"
    # CRL older than its nextUpdate: refused, unless the operator grants a logged grace window.
    crl_grace: timedelta = timedelta(0)
    accepted_card_policies: tuple[str, ...] = ()
    # Approval requests one holder may get in ten minutes without approving any.
    phone_requests_per_holder: int = 3
    # Logins by phone that one network may begin in a minute, and codes that it may watch turn at
    # once: more where a hospital stands behind one address.
    phone_starts_per_network: int = 30
    qr_streams_per_network: int = 10
    # What phones are told of where a login began: networks, and what people there call them.
    places: tuple[tuple[IPv4Network | IPv6Network, str], ...] = ()
    # Digits of a PIN that a phone without passkey chooses: six, or four as Pro Santé Connect has.
    pin_digits: int = 6
    # « Choose the number shown », one of three, as Pro Santé Connect has it: a guess is right one
    # time in three, so that typing is asked for unless an operator must have it so.
    number_choices: bool = False
    # The same in a day.
    phone_requests_per_day: int = 10
    # Refusals within an hour after which nothing is asked until the card was shown, or for a day.
    phone_denials_per_holder: int = 2
    # Certificates of portals (RFC 8705): the header that a proxy in front puts them in, and the
    # addresses of such proxies. Off unless both are set.
    tls_client_cert_header: str = ""
    trusted_proxies: tuple[str, ...] = ()
    # PEM of the authorities whose certificates may be known by their subject (tls_client_auth).
    tls_client_authorities: Path | None = None
    # The middle of `f:<component>:<national id>`, the `sub` of portals of 2021 to 2025.
    subject_component: str = "550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd"
    # The tables that `SubjectRole` and `Secteur_Activite` are said to be of.
    subject_role_oid: str = SUBJECT_ROLE_OID
    secteur_activite_oid: str = SECTEUR_ACTIVITE_OID
    # Days that a signing key signs before the worker turns it; 0: by command only.
    key_rotation_days: int = 90
    # Wrong numbers and « ce n'est pas moi » in an hour after which a phone is left in peace.
    phone_alarms_per_holder: int = 3
    # Whether the codes of phones without network are taken at all (`eidas1`).
    offline_codes: bool = False
    # Whether persons whom no import of the register holds any more are refused.
    refuses_who_left_the_register: bool = True
    # Whether those are who are in the register, but whose every practice has ended.
    refuses_whose_practices_ended: bool = False
    # Hosts of the push services that phones may name; the phone chooses, so nothing else is called.
    push_services: tuple[str, ...] = PUSH_SERVICES
    # Reverse proxies of ours in front: how many entries of X-Forwarded-For may be believed.
    proxies: int = 0
    # Whether portals may register themselves, by an initial access token (RFC 7591 §3).
    accepts_registrations: bool = False
    lifetimes: Lifetimes = Lifetimes()

    def level_of_card(self, kind: str) -> str:
        """What a card of this kind proves; `""`: it logs nobody in."""
        return self.card_types.get(kind, "" if kind == SERVICE_CARD else self.card_level)

    @property
    def highest_card_level(self) -> str:
        """What a portal may ask of the method: the best that some card reaches."""
        rest = [self.level_of_card(kind) for kind in CARD_TYPES]
        return max(filter(None, rest), key=LEVELS.index, default=LEVELS[0])

    @property
    def accepts_client_certificates(self) -> bool:
        return bool(self.tls_client_cert_header and self.trusted_proxies)

    @property
    def is_sandbox(self) -> bool:
        return self.mode is Mode.SANDBOX

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def origin(self) -> str:
        """`scheme://host[:port]`: what a browser sends as Origin and what a card signs for."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def push_contact(self) -> str:
        """Whom a push service may turn to: RFC 8292 §2.1 takes an https address."""
        return f"https://{urlsplit(self.base_url).netloc}"

    @property
    def rp_id(self) -> str:
        """WebAuthn relying-party identifier: the host of the provider."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def issuer(self) -> str:
        """Pro Santé Connect's issuer path, so that an unmodified client works."""
        return f"{self.base_url}/auth/realms/esante-wallet"

    def cookie_name(self, name: str) -> str:
        """`__Host-` pins a cookie to this very host (RFC 6265bis §4.1.3.2); it needs https."""
        return f"__Host-hygie_{name}" if self.is_https else f"hygie_{name}"
