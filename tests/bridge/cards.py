"""Writes directories of test cards, as the provider's sandbox command does."""

import json
from pathlib import Path
from typing import Any

from tests.bridge.pki import Pair, authentication_pair, ec_pair, signature_pair


def write_card(
    directory: Path,
    card_id: str,
    *,
    auth: Pair | None = None,
    sign: Pair | None = None,
    **printed: Any,
) -> Path:
    """Write one card and return its folder."""
    folder = directory / "cards" / card_id
    folder.mkdir(parents=True, exist_ok=True)
    imprint = {
        "id": card_id,
        "label": "Dr Camille Lefèvre-Exemple",
        "profession": "Médecin généraliste",
        "kind": "CPS",
        "number": "8025000001/2900000017",
        "hint": "",
        "pin": "1234",
        "puk": "12345678",
    } | printed
    (folder / "card.json").write_text(json.dumps(imprint), "utf-8")
    for name, held in (("auth", auth), ("sign", sign)):
        if held is not None:
            (folder / f"{name}.crt").write_bytes(held.certificate_pem)
            (folder / f"{name}.key").write_bytes(held.key_pem)
    return folder


def write_tray(directory: Path) -> Path:
    """Write a doctor (RSA), a midwife (EC) and a card that can only sign documents."""
    write_card(directory, "doctor", auth=authentication_pair(), sign=signature_pair())
    write_card(
        directory,
        "midwife",
        auth=ec_pair(),
        label="Mme Awa N'Diaye-Exemple",
        profession="Sage-femme",
        number="8025000001/2900000025",
    )
    write_card(
        directory,
        "signature",
        sign=signature_pair(),
        label="Dr Élodie Martin-Exemple",
        profession="Chirurgienne-dentiste",
        number="8025000001/2900000033",
        hint="signature seule",
    )
    return directory
