"""Scopes, and the claims each of them opens."""

from collections.abc import Iterable
from types import MappingProxyType

_IDENTITY = frozenset(
    {"name", "given_name", "family_name", "preferred_username", "SubjectNameID", "codeCivilite"}
)
_PRACTICE = frozenset(
    {
        "SubjectOrganization",
        "SubjectOrganizationID",
        "SubjectRole",
        "Secteur_Activite",
        "Mode_Acces_Raison",
        "Acces_Regulation_Medicale",
        "Palier_Authentification",
        "PSI_Locale",
        "UITVersion",
    }
)
_REGISTER = frozenset({"SubjectRefPro", "codeGenreActivite"})
_OTHERS = frozenset({"otherIds", "authMode"})

# `scope_all` is what nearly every portal asks.
SCOPES = MappingProxyType(
    {
        "openid": frozenset({"sub"}),
        "profile": _IDENTITY,
        "identity": _IDENTITY,
        "interop": _PRACTICE,
        "referentiel": _REGISTER,
        "rpps": frozenset({"otherIds"}),
        "scope_all": _IDENTITY | _PRACTICE | _REGISTER | _OTHERS,
    }
)


def granted_scopes(*, asked: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """Unknown scopes are ignored (OIDC Core §3.1.2.1); so are those the client may not ask."""
    permitted = set(allowed)
    return tuple(scope for scope in asked if scope in permitted and scope in SCOPES)


def open_claims(*, scopes: Iterable[str], requested: Iterable[str] = ()) -> frozenset[str]:
    """Names of the claims that may be told: by scope, or asked one by one. `sub` always."""
    by_scope = (SCOPES.get(scope, frozenset()) for scope in scopes)
    return frozenset({"sub"}).union(*by_scope, requested)
