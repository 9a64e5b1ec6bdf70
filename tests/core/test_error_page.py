"""The page of a refusal: one next step, and a reference only where there is one."""

from django.http import HttpRequest
from django.test import Client, RequestFactory

from idp.core.errors import IdpError
from idp.core.pages import csrf_failure, error_page

NOTHING_SENT = "Rien n’a été transmis au portail."


def page(error: IdpError) -> str:
    return error_page(_visit(), error).content.decode()


def _visit() -> HttpRequest:
    return RequestFactory().get("/")


def test_an_unknown_address_is_said_so_and_nothing_about_a_login() -> None:
    response = Client().get("/nowhere")
    said = response.content.decode()
    assert response.status_code == 404
    assert "<h1>Page introuvable</h1>" in said
    assert 'data-code="not_found"' in said
    assert NOTHING_SENT not in said
    assert "éférence" not in said


def test_a_refusal_with_an_audit_row_gives_its_reference() -> None:
    error = IdpError("invalid_request", "La demande du portail n’a pas pu être lue.")
    error.reference = "K7QF"
    said = page(error)
    assert '<strong class="reference" id="error-reference">K7QF</strong>' in said
    assert "donnez la référence ci-dessous à l’assistance du portail" in said
    assert NOTHING_SENT in said


def test_a_refusal_without_an_audit_row_names_no_reference() -> None:
    said = page(IdpError("attempt_over", "Cette demande est terminée.", status=410))
    assert "éférence" not in said
    assert said.count("attempt_over") == 1
    assert 'data-code="attempt_over"' in said


def test_what_is_over_may_have_ended_well_and_is_not_said_to_have_failed() -> None:
    """The browser's Back button after a login that succeeded."""
    said = page(IdpError("attempt_over", "", status=410))
    assert "<h1>Cette demande est terminée</h1>" in said
    assert NOTHING_SENT not in said


def test_a_browser_without_cookies_is_told_what_to_allow() -> None:
    response = csrf_failure(_visit(), reason="CSRF cookie not set.")
    assert response.status_code == 403
    assert "Votre navigateur bloque les cookies" in response.content.decode()
