"""What the TEST authorities publish: their lists and certificates, as IGC-Santé does."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from idp.sandbox.flows.test_identity import refuse_outside_sandbox
from idp.sandbox.pki.hierarchy import AuthorityName
from idp.sandbox.pki.installation import authority_certificate, published


@require_safe
def revocation_list(request: HttpRequest, name: str) -> HttpResponse:
    """The list in DER (RFC 2585 §4.2)."""
    refuse_outside_sandbox()
    return HttpResponse(published(_known(name)), content_type="application/pkix-crl")


@require_safe
def certificate(request: HttpRequest, name: str) -> HttpResponse:
    """The authority's certificate in DER (RFC 2585 §4.1)."""
    refuse_outside_sandbox()
    return HttpResponse(authority_certificate(_known(name)), content_type="application/pkix-cert")


def _known(name: str) -> AuthorityName:
    try:
        return AuthorityName(name)
    except ValueError as error:
        raise Http404 from error
