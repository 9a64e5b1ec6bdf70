"""Small texts about people and their machines: masked names, browser names, places."""

import ipaddress
import unicodedata
from collections.abc import Sequence

LABEL_LENGTH = 64
_MASK = "•••••"

# First match wins: Edge and Opera also say Chrome, Chrome also says Safari.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgiOS", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def masked_name(*, given_names: str, family_name: str) -> str:
    """`C. L•••••`: enough to recognise oneself, no help to whoever photographed the code."""
    return f"{given_names[:1]}. {family_name[:1]}{_MASK}"


def browser_label(user_agent: str) -> str:
    """`Firefox · Windows`; `""` when unknown. A hint for the person: a browser may lie."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return " · ".join(part for part in (browser, system) if part)


def clean_label(text: str) -> str:
    """A device's name as its holder sees it: one line, no invisible characters."""
    visible = "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    return " ".join(visible.split())[:LABEL_LENGTH]


def place_of(
    address: str, places: Sequence[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, str]]
) -> str:
    """What the operator calls the network of this address, the narrowest first; `""` if nothing.

    Declared, not looked up: a guess from an address is often wrong, and a wrong place teaches
    people not to read it.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return next((name for network, name in places if ip in network), "")
