"""The checks of an authorization request, in order: read top to bottom, it is the specification.

Until `redirect_uri` is trusted an error is a page; after it, an answer to the portal.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from idp.oidc.rules.authorize_request import AuthorizeRequest
from idp.oidc.rules.errors import RedirectedError, ShownError, ShownReason
from idp.oidc.rules.profiles import Profile
from idp.oidc.rules.scopes import granted_scopes

RESPONSE_MODES = ("query", "form_post")
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
CHALLENGE = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
# Bounds of what is kept beside the grant; PSC's portals use at most 64 characters.
LONGEST_NONCE = 1024
LONGEST_LOGIN_HINT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the checks need to know of the client."""

    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    profile: Profile
    must_push_requests: bool = False


def check_redirect_uri(request: AuthorizeRequest, client: Registration) -> None:
    """RFC 9700 §2.1: exact string matching; none is presumed when none is sent."""
    if "redirect_uri" in request.repeated or request.redirect_uri not in client.redirect_uris:
        raise ShownError(ShownReason.UNKNOWN_REDIRECT_URI, "redirect_uri is not registered")


def check_not_repeated(request: AuthorizeRequest, client: Registration) -> None:
    """RFC 6749 §3.1: parameters MUST NOT be included more than once."""
    if request.repeated:
        raise RedirectedError("invalid_request", f"Repeated parameter: {request.repeated[0]}.")


def check_response_mode(request: AuthorizeRequest, client: Registration) -> None:
    """OAuth 2.0 Multiple Response Types §2.1: a mode that is not supported is an error."""
    if request.mode not in RESPONSE_MODES:
        raise RedirectedError("invalid_request", "Unsupported response_mode.")


def check_pushed(request: AuthorizeRequest, client: Registration) -> None:
    """RFC 9126 §6, FAPI 2.0 Security Profile §5.3.2.2: only what was pushed."""
    if client.must_push_requests and not request.pushed_as:
        raise RedirectedError("invalid_request", "The request must be pushed first (PAR).")


def check_no_reference(request: AuthorizeRequest, client: Registration) -> None:
    """OIDC Core §3.1.2.6: not supported is said, never silently ignored.

    A request object by value, or pushed, was opened before: nothing of it is left here.
    """
    for name in ("request", "request_uri", "registration"):
        if getattr(request, name):
            raise RedirectedError(f"{name}_not_supported", f"{name} is not supported.")


def check_dpop_jkt(request: AuthorizeRequest, client: Registration) -> None:
    """RFC 9449 §10: a SHA-256 thumbprint in base64url."""
    if request.dpop_jkt and not re.fullmatch(r"[A-Za-z0-9_-]{43}", request.dpop_jkt):
        raise RedirectedError("invalid_request", "dpop_jkt is malformed.")


def check_response_type(request: AuthorizeRequest, client: Registration) -> None:
    """RFC 9700 §2.1.2: the code flow alone, nothing in the front channel."""
    if not request.response_type:
        raise RedirectedError("invalid_request", "response_type is missing.")
    if request.response_type != "code":
        raise RedirectedError("unsupported_response_type", "Only response_type=code is supported.")


def check_scope(request: AuthorizeRequest, client: Registration) -> None:
    """OIDC Core §3.1.2.1: openid; what is unknown is ignored as long as something is left."""
    if client.profile.requires_openid_scope and "openid" not in request.scopes:
        raise RedirectedError("invalid_scope", "The scope must contain openid.")
    if not granted_scopes(asked=request.scopes, allowed=client.scopes):
        raise RedirectedError("invalid_scope", "None of the scopes may be granted.")


def check_nonce(request: AuthorizeRequest, client: Registration) -> None:
    """Returned as it came or refused, never cut."""
    if len(request.nonce) > LONGEST_NONCE:
        raise RedirectedError("invalid_request", "nonce is too long.")


def check_prompt(request: AuthorizeRequest, client: Registration) -> None:
    """OIDC Core §3.1.2.1: `none` with any other value is an error."""
    if not request.prompts <= PROMPTS:
        raise RedirectedError("invalid_request", "Unsupported prompt.")
    if "none" in request.prompts and len(request.prompts) > 1:
        raise RedirectedError("invalid_request", "prompt=none goes with no other value.")


def check_max_age(request: AuthorizeRequest, client: Registration) -> None:
    """OIDC Core §3.1.2.1: a number of seconds."""
    if request.max_age and not re.fullmatch("[0-9]{1,9}", request.max_age):
        raise RedirectedError("invalid_request", "max_age is not a number of seconds.")


def check_claims(request: AuthorizeRequest, client: Registration) -> None:
    """OIDC Core §5.5: parsed here, so that later readers need not fear it."""
    _ = request.requested_claims


def check_code_challenge(request: AuthorizeRequest, client: Registration) -> None:
    """RFC 7636 §4.3 and §4.4.1, RFC 9700 §2.1.1."""
    if not request.code_challenge:
        if client.profile.requires_pkce or request.code_challenge_method:
            raise RedirectedError("invalid_request", "code_challenge is missing.")
        return
    if not CHALLENGE.fullmatch(request.code_challenge):
        raise RedirectedError("invalid_request", "code_challenge is malformed.")
    # RFC 7636 §4.3: a method that is not present means plain.
    allowed = ("S256", "plain", "") if client.profile.allows_plain_challenge else ("S256",)
    if request.code_challenge_method not in allowed:
        raise RedirectedError("invalid_request", "code_challenge_method must be S256.")


def check_login_hint(request: AuthorizeRequest, client: Registration) -> None:
    """It prefills a field of the login page."""
    if len(request.login_hint) > LONGEST_LOGIN_HINT:
        raise RedirectedError("invalid_request", "login_hint is too long.")


Check = Callable[[AuthorizeRequest, Registration], None]
CHECKS: tuple[Check, ...] = (
    check_redirect_uri,
    check_not_repeated,
    check_response_mode,
    check_no_reference,
    check_pushed,
    check_response_type,
    check_scope,
    check_nonce,
    check_prompt,
    check_max_age,
    check_claims,
    check_code_challenge,
    check_login_hint,
    check_dpop_jkt,
)


def check(request: AuthorizeRequest, client: Registration) -> None:
    """Raises the first refusal: ShownError, then RedirectedError."""
    for each in CHECKS:
        each(request, client)
