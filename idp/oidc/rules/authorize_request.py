"""The authorization request as one typed value (OIDC Core §3.1.2.1)."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from idp.oidc.rules.parameters import Parameters
from idp.oidc.rules.requested_claims import RequestedClaims, parse_requested_claims


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeRequest:
    """Wire names, `""` where nothing was sent. Parameters that are not here are ignored.

    The properties read values that `rules.checks` has let through.
    """

    client_id: str = ""
    redirect_uri: str = ""
    response_type: str = ""
    response_mode: str = ""
    scope: str = ""
    state: str = ""
    nonce: str = ""
    prompt: str = ""
    max_age: str = ""
    acr_values: str = ""
    login_hint: str = ""
    id_token_hint: str = ""
    ui_locales: str = ""
    claims: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""
    dpop_jkt: str = ""
    request: str = ""
    request_uri: str = ""
    registration: str = ""
    repeated: tuple[str, ...] = ()
    # Not sent: the request_uri under which this request was pushed (RFC 9126).
    pushed_as: str = ""

    @classmethod
    def parse(cls, parameters: Parameters) -> Self:
        """From the decoded query or form."""
        values = {name: parameters.get(name) for name in PARAMETERS}
        repeated = tuple(name for name in PARAMETERS if name in parameters.repeated)
        return cls(**values, repeated=repeated)

    @property
    def prompts(self) -> frozenset[str]:
        return frozenset(self.prompt.split())

    @property
    def max_age_seconds(self) -> int | None:
        return int(self.max_age) if self.max_age else None

    @property
    def scopes(self) -> tuple[str, ...]:
        """In the order asked, once each."""
        return tuple(dict.fromkeys(self.scope.split(" "))) if self.scope else ()

    @property
    def requested_claims(self) -> RequestedClaims:
        return parse_requested_claims(self.claims)

    @property
    def acr_asked(self) -> tuple[str, ...]:
        """`acr_values`, else the acr demanded through `claims` (OIDC Core §5.5.1.1)."""
        return tuple(self.acr_values.split()) or self.requested_claims.acr_values

    @property
    def mode(self) -> str:
        return self.response_mode or "query"

    def to_json(self) -> dict[str, Any]:
        """What is kept while the person logs in."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        kept = (*PARAMETERS, "pushed_as")
        return cls(**{name: text for name, text in value.items() if name in kept})


_NOT_SENT = ("repeated", "pushed_as")
PARAMETERS = tuple(entry.name for entry in fields(AuthorizeRequest) if entry.name not in _NOT_SENT)
