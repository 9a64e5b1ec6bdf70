"""NUL and half surrogate pairs arrive escaped, past the decoder; PostgreSQL keeps neither."""

import base64

import pytest

from idp.oidc.rules.client_credentials import presented_credentials
from idp.oidc.rules.errors import BackchannelError, RedirectedError
from idp.oidc.rules.parameters import parse_parameters
from idp.oidc.rules.requested_claims import parse_requested_claims


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800"])
@pytest.mark.parametrize(
    "claims",
    [
        '{"userinfo": {"a%s": null}}',
        '{"id_token": {"acr": {"value": "a%s"}}}',
        '{"id_token": {"acr": {"values": ["a%s"]}}}',
    ],
)
def test_it_is_refused_in_the_claims_parameter(claims: str, text: str) -> None:
    with pytest.raises(RedirectedError):
        parse_requested_claims(claims % text)


def test_whole_surrogate_pairs_and_accents_are_text() -> None:
    claims = parse_requested_claims('{"userinfo": {"\\ud83d\\ude00": null, "é": null}}')
    assert claims.userinfo == ("\U0001f600", "é")


@pytest.mark.parametrize("name", ["a%00b", "a%0ab", "%1f"])
def test_it_is_refused_in_an_encoded_client_id(name: str) -> None:
    header = "Basic " + base64.b64encode(f"{name}:secret".encode()).decode()
    with pytest.raises(BackchannelError):
        presented_credentials(authorization=header, form=parse_parameters(b""))
