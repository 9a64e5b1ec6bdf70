"""The sandbox's people as values, read from their register file by the directory's own rules."""

from itertools import groupby
from uuid import NAMESPACE_URL, UUID, uuid5

from idp.directory.rules.merge import merge_rows
from idp.directory.rules.professional import AlternativeIdentifier, Professional
from idp.directory.rules.register_columns import RegisterColumns
from idp.directory.rules.register_row import parse_row
from tests.directory.register import SANDBOX_FILE

NATIONAL_IDS = {
    "doctor": "899900000011",
    "specialist": "899900000029",
    "student": "899900000086",
    "retired": "899900000094",
    "two-professions": "899900000102",
    "adeli": "00B9100017",
    "hospital-pharmacist": "899900000144",
    "locum": "899900000193",
}


def _read() -> dict[str, Professional]:
    header, *lines = SANDBOX_FILE.read_bytes().splitlines()
    columns = RegisterColumns.from_header(header)
    rows = [parse_row(columns, line, test_identities=True) for line in lines]
    people = {}
    for national_id, group in groupby(rows, key=lambda row: row.national_id.value):
        entry = merge_rows(group)
        main = AlternativeIdentifier(
            identifier=national_id, origin=str(entry.national_id.origin), quality=1
        )
        people[national_id] = Professional(
            person_id=_subject(national_id),
            national_id=national_id,
            family_name=entry.family_name,
            given_names=entry.given_names,
            civility=entry.civility,
            is_test=entry.national_id.is_test,
            alternative_identifiers=(main,),
            exercices=entry.exercices,
        )
    return people


def _subject(national_id: str) -> UUID:
    return uuid5(NAMESPACE_URL, national_id)


_EVERYBODY = _read()
PEOPLE = {slug: _EVERYBODY[national_id] for slug, national_id in NATIONAL_IDS.items()}
DOCTOR = PEOPLE["doctor"]
