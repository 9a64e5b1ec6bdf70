"""A directory of test cards is read strictly, and a mistake is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from cps_bridge.errors import SetupError
from cps_bridge.sandbox.cards import read_cards
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.bridge.cards import write_card, write_tray
from tests.bridge.pki import authentication_pair, ec_pair, signature_pair


def test_a_good_tray_is_read(tmp_path: Path) -> None:
    cards = read_cards(write_tray(tmp_path))
    assert list(cards) == ["doctor", "midwife", "signature"]
    assert cards["doctor"].imprint.label == "Dr Camille Lefèvre-Exemple"
    assert cards["signature"].authentication is None
    assert cards["doctor"].signature is not None


def mistake(directory: Path) -> str:
    with pytest.raises(SetupError) as refused:
        read_cards(directory)
    return str(refused.value)


def test_a_missing_or_empty_directory_is_named(tmp_path: Path) -> None:
    assert "n'existe pas" in mistake(tmp_path)
    (tmp_path / "cards").mkdir()
    assert "vide" in mistake(tmp_path)


@pytest.mark.parametrize(
    ("printed", "named"),
    [
        ({"id": "other"}, "nom de son dossier"),
        ({"pin": "12345"}, "pin"),
        ({"pin": 1234}, "pin"),
        ({"puk": "1234"}, "puk"),
        ({"label": " "}, "label est vide"),
        ({"kind": "x" * 121}, "kind"),
        ({"hint": None}, "hint"),
        ({"color": "red"}, "clés inconnues : color"),
    ],
)
def test_a_wrong_imprint_is_named(tmp_path: Path, printed: dict[str, Any], named: str) -> None:
    folder = write_card(tmp_path, "doctor", auth=authentication_pair())
    content = json.loads((folder / "card.json").read_text()) | printed
    (folder / "card.json").write_text(json.dumps(content))
    assert named in mistake(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", "\xff"])
def test_a_card_json_that_is_no_object_or_incomplete_is_named(tmp_path: Path, content: str) -> None:
    folder = write_card(tmp_path, "doctor", auth=authentication_pair())
    (folder / "card.json").write_bytes(content.encode("latin-1"))
    assert "card.json" in mistake(tmp_path)


def test_a_card_without_any_certificate_is_named(tmp_path: Path) -> None:
    write_card(tmp_path, "doctor")
    assert "auth.crt" in mistake(tmp_path)


@pytest.mark.parametrize("name", ["auth.crt", "auth.key", "card.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (write_card(tmp_path, "doctor", auth=authentication_pair()) / name).unlink()
    assert name in mistake(tmp_path)


@pytest.mark.parametrize("name", ["auth.crt", "auth.key"])
def test_an_unreadable_file_is_named(tmp_path: Path, name: str) -> None:
    folder = write_card(tmp_path, "doctor", auth=authentication_pair())
    (folder / name).write_text("nonsense")
    assert name in mistake(tmp_path)


def test_a_key_of_another_certificate_is_named(tmp_path: Path) -> None:
    folder = write_card(tmp_path, "doctor", auth=authentication_pair(), sign=signature_pair())
    (folder / "auth.key").write_bytes(ec_pair().key_pem)
    assert "auth.key" in mistake(tmp_path)


def test_a_key_of_another_kind_is_named(tmp_path: Path) -> None:
    folder = write_card(tmp_path, "doctor", auth=authentication_pair())
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "auth.key").write_bytes(pem)
    assert "RSA et EC" in mistake(tmp_path)


def test_a_huge_file_is_named(tmp_path: Path) -> None:
    folder = write_card(tmp_path, "doctor", auth=authentication_pair())
    (folder / "auth.crt").write_bytes(b"x" * 70_000)
    assert "64 Ko" in mistake(tmp_path)
