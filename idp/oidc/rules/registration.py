"""What a client may register (RFC 7591 §2, RFC 9700 §2.1 and §4.1)."""

import re
from urllib.parse import urlsplit
from uuid import UUID

from idp.core.errors import IdpError

_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{2,99}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_USUAL_PORTS = {"https": 443, "http": 80}
LONGEST_URI = 2000
LONGEST_NAME = 200
SHORTEST_SECRET, LONGEST_SECRET = 32, 512


def _refused(detail: str) -> IdpError:
    return IdpError("invalid_client_metadata", detail, detail=detail)


def check_client_id(client_id: str) -> None:
    """RFC 9700 §4.15: never to be taken for a person's `sub`, which is a UUID."""
    if not _CLIENT_ID.fullmatch(client_id):
        raise _refused("client_id: 3 to 100 characters among A-Z a-z 0-9 . _ ~ -")
    try:
        UUID(client_id)
    except ValueError:
        return
    raise _refused("client_id: a UUID could be taken for a person's sub")


def check_name(name: str) -> None:
    """The person reads it on the login page."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise _refused(f"client_name: 1 to {LONGEST_NAME} printable characters")


def check_chosen_secret(secret: str) -> None:
    """Kept under a fast digest, so it must be long enough that nobody can try them all."""
    is_printable = secret.isascii() and secret.isprintable() and " " not in secret
    if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET or not is_printable:
        raise _refused(
            f"client_secret: {SHORTEST_SECRET} to {LONGEST_SECRET} printable ASCII characters"
        )


def check_uri(uri: str, *, allows_http: bool = False) -> None:
    """An absolute https address without fragment or user; http on this machine, or a sandbox."""
    if len(uri) > LONGEST_URI or not uri.isascii() or re.search(r"[\s\\\x00-\x20\x7f]", uri):
        raise _refused(f"address with characters that do not belong in one: {uri!r}")
    try:
        parts = urlsplit(uri)
        hostname, _port = parts.hostname, parts.port
    except ValueError as error:
        raise _refused(f"not an address: {uri!r}") from error
    if parts.fragment or "#" in uri or "@" in parts.netloc or not hostname:
        raise _refused(f"address with a fragment, a user or no host: {uri!r}")
    http_is_fine = allows_http or hostname in _LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and http_is_fine):
        raise _refused(f"address that is not https (http only on this machine): {uri!r}")


def origin_of(uri: str) -> str:
    """`scheme://host[:port]`."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def host_of(uri: str) -> str:
    """The host that the person is shown, with its port where the browser would show one."""
    parts = urlsplit(uri)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    is_usual = parts.port in (None, _USUAL_PORTS.get(parts.scheme))
    return host if is_usual else f"{host}:{parts.port}"
