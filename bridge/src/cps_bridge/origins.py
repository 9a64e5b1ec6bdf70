"""Which web origins may ask for a card: exact, written by the administrator, never guessed."""

import re
from urllib.parse import urlsplit

from cps_bridge.errors import SetupError

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1"})
MAX_LENGTH = 255
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_DEFAULT_PORTS = {"https": 443, "http": 80}


def parse_origin(text: str, *, sandbox: bool = False) -> str:
    """Return `text` when it is an origin exactly as a browser writes it, else say what is wrong.

    `scheme://host[:port]`, lower case, no path, no default port, https only; in the sandbox also
    `http://` to this very computer.
    """
    if len(text) > MAX_LENGTH or not text.isascii() or text != text.strip():
        raise SetupError(f"Origine refusée : « {text[:80]} » n'est pas une adresse lisible.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise SetupError(f"Origine refusée : « {text} » ({error}).") from error
    host = parts.hostname or ""
    _check_scheme(text, scheme=parts.scheme, host=host, sandbox=sandbox)
    suffix = "" if port is None or port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    exact = f"{parts.scheme}://{host}{suffix}"
    if not _HOST.fullmatch(host) or text != exact:
        raise SetupError(
            f"Origine refusée : « {text} ». Écrivez-la comme le navigateur l'envoie, sans chemin "
            "ni barre finale ni joker, par exemple https://connexion.exemple.fr"
        )
    return text


def _check_scheme(text: str, *, scheme: str, host: str, sandbox: bool) -> None:
    if scheme == "https":
        return
    if scheme == "http" and sandbox and host in LOOPBACK_HOSTS:
        return
    if scheme == "http" and host in LOOPBACK_HOSTS:
        raise SetupError(f"Origine refusée : « {text} » n'est admise qu'avec une carte de test.")
    raise SetupError(f"Origine refusée : « {text} » doit commencer par https://")
