"""The tray: `sandbox/cards/<id>/` with card.json and PEM files, in the format the bridge reads."""

import json
from datetime import datetime
from pathlib import Path

from idp.directory.rules.nomenclatures import PROFESSIONS, PROFESSIONS_EN_FORMATION
from idp.sandbox.pki.catalogue import CATALOGUE, CardSpec
from idp.sandbox.pki.hierarchy import Hierarchy
from idp.sandbox.pki.profiles import authentication_certificate, signature_certificate
from idp.sandbox.pki.store import Credential, read_credential, write, write_credential

PIN = "1234"
PUK = "12345678"


def write_missing_cards(directory: Path, hierarchy: Hierarchy, *, now: datetime) -> list[str]:
    """Makes the cards that are not there yet; returns their ids."""
    missing = [spec for spec in CATALOGUE if not (directory / spec.id / "card.json").exists()]
    for spec in missing:
        _write_card(directory / spec.id, spec, hierarchy, now)
    return [spec.id for spec in missing]


def credentials_of(directory: Path, card_id: str) -> list[Credential]:
    """The certificates of a card, authentication first."""
    paths = (directory / card_id / name for name in ("auth", "sign"))
    return [read_credential(path) for path in paths if path.with_suffix(".crt").exists()]


def _write_card(folder: Path, spec: CardSpec, hierarchy: Hierarchy, now: datetime) -> None:
    if spec.has_authentication:
        write_credential(folder / "auth", authentication_certificate(spec, hierarchy, now))
    # A key in a file is one key; on a card the signature key lies beside the one that logs in.
    if not spec.is_software:
        write_credential(folder / "sign", signature_certificate(spec, hierarchy, now))
    # Last: it says that the card is whole.
    write(folder / "card.json", json.dumps(_imprint(spec), ensure_ascii=False, indent=1).encode())


def _imprint(spec: CardSpec) -> dict[str, str]:
    return {
        "id": spec.id,
        "label": spec.label,
        "profession": _profession_of(spec),
        "kind": spec.kind,
        "number": spec.number,
        "hint": spec.hint,
        "pin": PIN,
        "puk": PUK,
    }


def _profession_of(spec: CardSpec) -> str:
    if spec.future_profession is not None:
        return PROFESSIONS_EN_FORMATION[str(spec.future_profession)]
    if spec.profession is not None:
        return PROFESSIONS[str(spec.profession)]
    return spec.holder.title
