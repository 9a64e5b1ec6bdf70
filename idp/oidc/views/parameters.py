"""From a request to decoded parameters; the only reader of raw queries and bodies here."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from idp.oidc.rules.parameters import (
    LONGEST,
    MalformedError,
    Parameters,
    parse_parameters,
)

FORM = "application/x-www-form-urlencoded"


def raw_query(request: HttpRequest) -> str:
    return str(request.META.get("QUERY_STRING", ""))


def query_of(request: HttpRequest) -> Parameters:
    """The query string, strictly decoded (MalformedError)."""
    return parse_parameters(_wire(raw_query(request)))


def form_of(request: HttpRequest) -> Parameters:
    """The body of a POST, which must be a form (MalformedError)."""
    content_type, _separator, _rest = request.META.get("CONTENT_TYPE", "").partition(";")
    if content_type.strip().lower() != FORM:
        raise MalformedError(f"the body must be {FORM}")
    return parse_parameters(_body(request))


def query_and_form_of(request: HttpRequest) -> Parameters:
    """Both together, for a POST to the authorization endpoint: what is in both is repeated."""
    query, body = _wire(raw_query(request)), b""
    if request.method == "POST" and request.META.get("CONTENT_LENGTH") not in (None, "", "0"):
        form_of(request)
        body = _body(request)
    return parse_parameters(b"&".join(part for part in (query, body) if part))


def _wire(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise MalformedError("not ASCII") from error


def _body(request: HttpRequest) -> bytes:
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError as error:
        raise MalformedError("Content-Length") from error
    if length > LONGEST:
        raise MalformedError("too long")
    try:
        return request.body
    except RequestDataTooBig as error:
        raise MalformedError("too long") from error
