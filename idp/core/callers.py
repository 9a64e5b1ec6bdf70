"""Where a request comes from, as far as that can be believed: what rate windows are kept by."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The peer's address, or what the outermost of our own proxies wrote down.

    Each proxy appends the address it saw: with n proxies of ours the n-th entry from the right is
    the caller's, and whatever stands to its left was sent by the caller (RFC 9700 §4.13).
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    proxies = settings.HYGIE.proxies
    if not proxies:
        return peer
    entries = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    return entries[-proxies].strip() if len(entries) >= proxies and entries[-proxies] else peer


def network_of(address: str) -> str:
    """Whom to count tries for: an IPv4 address, or the /64 that one IPv6 subscriber owns."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
