"""The discovery document, to the letter: a golden file in tests/vectors/oidc."""

import json
from pathlib import Path

from idp.oidc.rules.answers import ID_TOKEN_ALGS
from idp.oidc.rules.discovery import discovery_document

VECTORS = Path(__file__).parents[2] / "vectors" / "oidc"


def test_the_discovery_document() -> None:
    told = discovery_document(
        base_url="https://auth.example.fr",
        issuer="https://auth.example.fr/auth/realms/esante-wallet",
        acr_values=("eidas1", "eidas2"),
        id_token_algs=ID_TOKEN_ALGS,
    )
    assert told == json.loads((VECTORS / "discovery.json").read_text())
