"""The `claims` parameter (OIDC Core §5.5): which claims are asked one by one."""

from dataclasses import dataclass
from typing import Any

from idp.core import strict_json
from idp.oidc.rules.errors import RedirectedError


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedClaims:
    """Names asked for in each place; `subject` and `acr_values` where a value was demanded."""

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    subject: str = ""
    acr_values: tuple[str, ...] = ()

    def to_json(self) -> dict[str, list[str]]:
        """What the grant keeps."""
        return {"userinfo": list(self.userinfo), "id_token": list(self.id_token)}


def _refused() -> RedirectedError:
    return RedirectedError("invalid_request", "The claims parameter is malformed.")


def _members(document: dict[str, Any], place: str) -> dict[str, dict[str, Any]]:
    """Claim name → its request, `{}` for null (OIDC Core §5.5.1)."""
    members = document.get(place) or {}
    if not isinstance(members, dict):
        raise _refused()
    if not all(value is None or isinstance(value, dict) for value in members.values()):
        raise _refused()
    return {name: value or {} for name, value in members.items()}


def _demanded(request: dict[str, Any]) -> tuple[str, ...]:
    values = request.get("values", [])
    listed = values if isinstance(values, list) else []
    return tuple(value for value in (request.get("value"), *listed) if isinstance(value, str))


def parse_requested_claims(text: str) -> RequestedClaims:
    """Members that are not understood are ignored (OIDC Core §5.5); malformed JSON is refused."""
    if not text:
        return RequestedClaims()
    try:
        document = strict_json.read(text)
    except ValueError as error:
        raise _refused() from error
    if not isinstance(document, dict):
        raise _refused()
    userinfo, id_token = _members(document, "userinfo"), _members(document, "id_token")
    subjects = {*_demanded(userinfo.get("sub", {})), *_demanded(id_token.get("sub", {}))}
    if len(subjects) > 1:
        raise _refused()
    return RequestedClaims(
        userinfo=tuple(userinfo),
        id_token=tuple(id_token),
        subject=subjects.pop() if subjects else "",
        acr_values=_demanded(id_token.get("acr", {})),
    )
