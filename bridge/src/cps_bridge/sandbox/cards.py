"""Reads a directory of test cards, strictly: a mistake is named before anybody meets it."""

import json
import re
from dataclasses import dataclass, fields
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from cps_bridge.errors import SetupError

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
MAX_FILE_BYTES = 64 * 1024
MAX_TEXT = 120
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_PATTERNS = {"id": _ID, "pin": re.compile(r"[0-9]{4}"), "puk": re.compile(r"[0-9]{8}")}
_KINDS = {"CPS": 0, "CPF": 1, "CPE": 2}
_MAY_BE_EMPTY = frozenset({"hint", "number"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        """The certificate as a card holds it."""
        return self.certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imprint:
    """What `card.json` says: what is printed on the card, and its codes."""

    id: str
    label: str
    profession: str
    kind: str
    number: str
    hint: str
    pin: str
    puk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCard:
    """A card of the tray."""

    __test__ = False  # not a test class, whatever its name tells pytest
    imprint: Imprint
    authentication: Credential | None
    signature: Credential | None


def read_cards(directory: Path) -> dict[str, TestCard]:
    """Return the cards of `directory/cards` by id: CPS first, then CPF, then the others.

    Raises SetupError that names the file and what is wrong in it.
    """
    tray = directory / "cards"
    if not tray.is_dir():
        raise SetupError(f"Pas de cartes de test : le dossier {tray} n'existe pas.")
    folders = sorted(path for path in tray.iterdir() if path.is_dir())
    if not folders:
        raise SetupError(f"Pas de cartes de test : le dossier {tray} est vide.")
    cards = [_read_card(folder) for folder in folders]
    cards.sort(key=lambda card: (_KINDS.get(card.imprint.kind, len(_KINDS)), card.imprint.id))
    return {card.imprint.id: card for card in cards}


def _read_card(folder: Path) -> TestCard:
    card = TestCard(
        imprint=_read_imprint(folder / "card.json", folder.name),
        authentication=_read_credential(folder, "auth"),
        signature=_read_credential(folder, "sign"),
    )
    if card.authentication is None and card.signature is None:
        raise SetupError(f"{folder} : il manque auth.crt et auth.key (ou sign.crt et sign.key).")
    return card


def _read_imprint(path: Path, folder_name: str) -> Imprint:
    try:
        content = json.loads(_read(path).decode("utf-8"))
    except ValueError as error:
        raise SetupError(f"{path} : ce n'est pas du JSON en UTF-8 ({error}).") from error
    if not isinstance(content, dict):
        raise SetupError(f"{path} : un objet JSON est attendu.")
    expected = {field.name for field in fields(Imprint)}
    if missing := sorted(expected - set(content)):
        raise SetupError(f"{path} : il manque {', '.join(missing)}.")
    if unknown := sorted(set(content) - expected):
        raise SetupError(f"{path} : clés inconnues : {', '.join(unknown)}.")
    for name, value in content.items():
        _check_text(path, name, value)
    if content["id"] != folder_name:
        raise SetupError(f"{path} : id « {content['id']} » doit être le nom de son dossier.")
    return Imprint(**content)


def _check_text(path: Path, name: str, value: object) -> None:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise SetupError(f"{path} : {name} doit être un texte de {MAX_TEXT} caractères au plus.")
    if not value.strip() and name not in _MAY_BE_EMPTY:
        raise SetupError(f"{path} : {name} est vide.")
    if name in _PATTERNS and not _PATTERNS[name].fullmatch(value):
        raise SetupError(f"{path} : {name} doit suivre le modèle {_PATTERNS[name].pattern}.")


def _read_credential(folder: Path, name: str) -> Credential | None:
    certificate_path, key_path = folder / f"{name}.crt", folder / f"{name}.key"
    if not certificate_path.exists() and not key_path.exists():
        return None
    certificate_pem, key_pem = _read(certificate_path), _read(key_path)
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
    except ValueError as error:
        raise SetupError(f"{certificate_path} : certificat PEM illisible.") from error
    try:
        key = load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SetupError(f"{key_path} : clé privée PEM (PKCS#8) illisible.") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise SetupError(f"{key_path} : seules les clés RSA et EC sont prévues.")
    if _public_bytes(key.public_key()) != _public_bytes(certificate.public_key()):
        raise SetupError(f"{key_path} : cette clé n'est pas celle de {certificate_path.name}.")
    return Credential(certificate=certificate, key=key)


def _public_bytes(key: object) -> bytes:
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return b""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SetupError(f"{path} : {error.strerror}.") from error
    if len(content) > MAX_FILE_BYTES:
        raise SetupError(f"{path} : plus de {MAX_FILE_BYTES // 1024} Ko.")
    return content
