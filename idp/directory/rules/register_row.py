"""One row of the register as a typed value, or the reason why it is malformed."""

import re
from dataclasses import dataclass
from typing import Final

from idp.core.identifiers import InvalidIdentifierError, NationalId, parse_national_id
from idp.directory.rules.activity import Activity
from idp.directory.rules.professional import SavoirFaire
from idp.directory.rules.register_columns import SEPARATOR, RegisterColumns

LONGEST_VALUE: Final = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class MalformedRowError(ValueError):
    """This row is left out; the rest of the file is not. The text is for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRow:
    """Person × exercice × savoir-faire × activity; the last two may be absent."""

    national_id: NationalId
    civility: str
    nom: str
    prenom: str
    family_name: str
    given_names: str
    code_civilite: str
    code_profession: str
    code_categorie_professionnelle: str
    savoir_faire: SavoirFaire | None
    activity: Activity | None


def claimed_national_id(columns: RegisterColumns, raw: bytes) -> bytes:
    """The identifier a line says it is about, unchecked: enough to find rows that belong together.

    Reads bytes, so that a first look over two million lines costs little.
    """
    fields = raw.split(b"|", columns.person["national_id"] + 1)
    index = columns.person["national_id"]
    return fields[index].strip() if index < len(fields) else b""


def parse_row(columns: RegisterColumns, raw: bytes, *, test_identities: bool) -> RegisterRow:
    """Read one line. `test_identities`: the file may hold fictitious people, and nobody else."""
    values = _split(columns, raw)
    person = {field: values[index] for field, index in columns.person.items()}
    national_id = _national_id(person)
    if claimed_national_id(columns, raw) != national_id.value.encode("ascii"):
        raise MalformedRowError("stray characters in the identifier")
    _check_reality(national_id, test_identities=test_identities)
    for field, meaning in (
        ("nom", "name"),
        ("code_profession", "profession"),
        # Without its category a student could not be told from the professional.
        ("code_categorie_professionnelle", "professional category"),
    ):
        if not person[field]:
            raise MalformedRowError(f"no {meaning}")
    return RegisterRow(
        national_id=national_id,
        civility=person["civility"],
        nom=person["nom"],
        prenom=person["prenom"],
        # The open file knows the name of exercise only.
        family_name=person.get("family_name") or person["nom"],
        # The extraction writes up to three, as in « Jean'Luc' ».
        given_names=" ".join(person.get("given_names", "").split("'")).strip() or person["prenom"],
        code_civilite=person["code_civilite"],
        code_profession=person["code_profession"],
        code_categorie_professionnelle=person["code_categorie_professionnelle"].upper(),
        savoir_faire=_savoir_faire(person),
        activity=_activity(columns, values),
    )


def _split(columns: RegisterColumns, raw: bytes) -> list[str]:
    if b"\0" in raw:
        raise MalformedRowError("NUL byte")
    try:
        text = raw.decode(columns.encoding).rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise MalformedRowError("not UTF-8") from error
    values = text.split(SEPARATOR)
    if len(values) == columns.width + 1 and not values[-1]:
        values.pop()
    if len(values) != columns.width:
        raise MalformedRowError(f"{len(values)} columns, {columns.width} expected")
    if _CONTROL.search(text):
        values = [_CONTROL.sub(" ", value) for value in values]
    cleaned = [value.strip() for value in values]
    if len(text) > LONGEST_VALUE and max(map(len, cleaned)) > LONGEST_VALUE:
        raise MalformedRowError(f"a value longer than {LONGEST_VALUE} characters")
    return cleaned


def _national_id(person: dict[str, str]) -> NationalId:
    built = person["type_identifiant"] + person["identifiant"]
    # EDIT and PSI identities carry no type digit; column 3 is then column 2 itself.
    if person["national_id"] not in (built, person["identifiant"]):
        raise MalformedRowError("the three identifier columns contradict one another")
    try:
        return parse_national_id(person["national_id"])
    except InvalidIdentifierError as error:
        raise MalformedRowError(f"identifier: {error.detail}") from error


def _check_reality(national_id: NationalId, *, test_identities: bool) -> None:
    if national_id.is_test and not test_identities:
        raise MalformedRowError("test identity (accepted in sandbox mode with --test-identities)")
    if test_identities and not national_id.is_test:
        # Whoever is marked as test may be impersonated at will: never a real person.
        raise MalformedRowError("not a test identity")


def _savoir_faire(person: dict[str, str]) -> SavoirFaire | None:
    code_type, code = person["code_type_savoir_faire"], person["code_savoir_faire"]
    return SavoirFaire(code_type=code_type, code=code) if code else None


def _activity(columns: RegisterColumns, values: list[str]) -> Activity | None:
    filled = {field: values[index] for field, index in columns.activity.items() if values[index]}
    return Activity(**filled) if filled else None
