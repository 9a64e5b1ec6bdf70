"""Which origins an administrator may write, and how exact they must be."""

import pytest
from cps_bridge.errors import SetupError
from cps_bridge.origins import parse_origin


@pytest.mark.parametrize(
    "origin", ["https://idp.example", "https://idp.example:8443", "https://xn--caf-dma.example"]
)
def test_an_exact_https_origin_is_accepted(origin: str) -> None:
    assert parse_origin(origin) == origin


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "*",
        "null",
        "https://*",
        "https://*.example",
        "https://idp.example/",
        "https://idp.example/path",
        "https://idp.example?x",
        "https://idp.example#x",
        "https://idp.example:443",
        "https://IDP.example",
        "https://user@idp.example",
        "https://idp.example:99999",
        "https://idp.example ",
        "https://idp.éxample",
        "http://idp.example",
        "http://localhost:8000",
        "file:///etc/passwd",
        "idp.example",
        "https://" + "a" * 260,
    ],
)
def test_anything_else_is_refused(origin: str) -> None:
    with pytest.raises(SetupError):
        parse_origin(origin)


@pytest.mark.parametrize("origin", ["http://localhost:8000", "http://127.0.0.1:8000"])
def test_plain_http_to_this_computer_is_for_the_sandbox_only(origin: str) -> None:
    assert parse_origin(origin, sandbox=True) == origin
    with pytest.raises(SetupError):
        parse_origin(origin)


def test_plain_http_to_another_computer_is_refused_in_the_sandbox_too() -> None:
    with pytest.raises(SetupError):
        parse_origin("http://localhost.evil.example", sandbox=True)
