"""A request to end the session (RP-Initiated Logout §2) as one typed value."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

from idp.oidc.rules.parameters import Parameters

_AFTER = "post_logout_redirect_uri="


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSessionRequest:
    """Wire names, `""` where nothing was sent."""

    id_token_hint: str = ""
    client_id: str = ""
    post_logout_redirect_uri: str = ""
    state: str = ""
    # The same address read as a portal that forgets to encode it meant it.
    unencoded_redirect_uris: tuple[str, ...] = ()

    @classmethod
    def parse(cls, parameters: Parameters, *, raw_query: str = "") -> Self:
        """`raw_query`: as received, where there was a query."""
        return cls(
            id_token_hint=parameters.get("id_token_hint"),
            client_id=parameters.get("client_id"),
            post_logout_redirect_uri=parameters.get("post_logout_redirect_uri"),
            state=parameters.get("state"),
            unencoded_redirect_uris=_unencoded(raw_query),
        )

    def allowed_redirect_uri(self, registered: tuple[str, ...]) -> str:
        """RP-Initiated Logout §3: exactly one of the registered values; `""` when none is."""
        candidates = (self.post_logout_redirect_uri, *self.unencoded_redirect_uris)
        return next((uri for uri in candidates if uri and uri in registered), "")

    def to_pairs(self, redirect_uri: str) -> tuple[tuple[str, str], ...]:
        """What a confirmation page carries along."""
        pairs = (
            ("client_id", self.client_id),
            ("post_logout_redirect_uri", redirect_uri),
            ("state", self.state),
        )
        return tuple((name, value) for name, value in pairs if value)


def _unencoded(raw_query: str) -> tuple[str, ...]:
    _before, found, tail = raw_query.partition(_AFTER)
    if not found:
        return ()
    stops = ("&state=", "&id_token_hint=", "&client_id=")
    shorter = [tail.partition(stop)[0] for stop in stops if stop in tail]
    return tuple(dict.fromkeys(unquote(text) for text in (tail, *shorter)))
