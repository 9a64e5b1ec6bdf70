"""The answer that the browser carries to the portal (RFC 6749 §4.1.2, RFC 9207)."""

from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeResponse:
    """Parameters for a trusted redirect URI. `mode`: `query` or `form_post`."""

    redirect_uri: str
    mode: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def location(self) -> str:
        """RFC 6749 §3.1.2: a query of the registered address is kept as it is."""
        return with_parameters(self.redirect_uri, self.parameters)


def with_parameters(uri: str, parameters: tuple[tuple[str, str], ...]) -> str:
    """Appends parameters to an address without touching a character of it."""
    if not parameters:
        return uri
    separator = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return f"{uri}{separator}{urlencode(parameters)}"
