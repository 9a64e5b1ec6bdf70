"""Register files for tests: the official header, and rows that start valid and change one thing."""

from pathlib import Path

from idp.core.identifiers import luhn_key
from idp.directory.rules.register_columns import (
    ACTIVITY_COLUMNS,
    PERSON_COLUMNS,
    RegisterColumns,
)

SANDBOX_FILE = (
    Path(__file__).resolve().parents[2]
    / "idp/sandbox/data/PS_LibreAcces_Personne_activite_TEST.txt"
)
HEADER = SANDBOX_FILE.read_bytes().splitlines()[0].decode()
COLUMNS = HEADER.rstrip("|").split("|")
OLDER_COLUMNS = COLUMNS[: COLUMNS.index("Libellé section tableau pharmaciens") + 1]
NAMES = {**PERSON_COLUMNS, **ACTIVITY_COLUMNS}
COLUMNS_READ = RegisterColumns.from_header(HEADER.encode())

PRACTICE = {
    "code_mode_exercice": "L",
    "code_secteur_activite": "SA07",
    "identifiant_technique_structure": "R95141",
    "raison_sociale_site": "CABINET DU DOCTEUR MARTIN",
}


def rpps(number: int) -> str:
    """A Luhn-valid RPPS number of a (not fictitious) person."""
    body = f"10{number:08d}"
    return f"{body}{luhn_key(body)}"


def fictitious_rpps(number: int) -> str:
    """A Luhn-valid RPPS number of a fictitious person."""
    body = f"9990{number:06d}"
    return f"{body}{luhn_key(body)}"


def row(identifier: str = "", **changes: str) -> str:
    """A valid row of a physician, with `changes` by field name."""
    return row_of(COLUMNS, identifier or rpps(1), **changes)


def row_of(columns: list[str], identifier: str, **changes: str) -> str:
    """The same for a file that has these columns."""
    values = {
        "type_identifiant": "8",
        "identifiant": identifier,
        "national_id": f"8{identifier}",
        "civility": "M",
        "code_civilite": "DR",
        "nom": "MARTIN",
        "prenom": "Jean",
        "code_profession": "10",
        "code_categorie_professionnelle": "C",
        **changes,
    }
    by_column = {NAMES[field]: value for field, value in values.items()}
    return "".join(f"{by_column.get(column, '')}|" for column in columns)


def register(*rows: str, header: str = HEADER) -> bytes:
    """The bytes of a register file."""
    return "".join(f"{line}\n" for line in (header, *rows)).encode()
