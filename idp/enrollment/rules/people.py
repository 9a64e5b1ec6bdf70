"""Small texts about people and their machines: masked names, browser names, networks."""

import ipaddress
import unicodedata

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


def network_of(address: str) -> str:
    """Whom to count tries for: an IPv4 address, or the /64 that one IPv6 subscriber owns."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
