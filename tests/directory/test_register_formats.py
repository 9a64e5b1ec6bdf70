"""The files as the register writes them: 56 columns, 52 before 2022, the extraction's 50 or 49."""

from pathlib import Path

import pytest

from idp.directory.flows.find import find_professional
from idp.directory.models import Person
from idp.directory.rules.official_headers import OPEN_FILE, RESTRICTED_FILE
from idp.directory.rules.professional import Professional
from tests.directory.digest import directory_digest
from tests.directory.register import COLUMNS, rpps
from tests.directory.test_import_register_command import run

pytestmark = pytest.mark.django_db

BEFORE_2022 = OPEN_FILE[: OPEN_FILE.index("Libellé section tableau pharmaciens") + 1]
OF_2021 = RESTRICTED_FILE[:-1]
NUMBER = rpps(1)
PERSON = {
    "Type d'identifiant PP": "8",
    "Identifiant PP": NUMBER,
    "Identification nationale PP": f"8{NUMBER}",
    "Nom de famille": "LEFÈVRE",
    "Prénoms": "Anne'Éloïse'Zoé",
    "Date de naissance": "10/03/1968",
    "Code civilité": "MME",
    "Code civilité d'exercice": "DR",
    "Nom d'exercice": "LEFÈVRE-DUPRÉ",
    "Prénom d'exercice": "ANNE",
    "Code profession": "10",
    "Libellé profession": "Médecin",
    "Code catégorie professionnelle": "C",
    "Code type savoir-faire": "S",
    "Code savoir-faire": "SM54",
    "Code mode exercice": "L",
    "Code secteur d'activité": "SA07",
    "Code rôle": "FON-01",
    "Code genre activité": "GENR01",
    "Identifiant technique de la structure": "R95141",
    "Raison sociale site": "CABINET DE L'ÉTANG",
    "Code Département (structure)": "44",
    "Code département (coord. structure)": "44",
}


def content(columns: tuple[str, ...], encoding: str = "utf-8", **changes: str) -> bytes:
    values = {**PERSON, **changes}
    lines = ("|".join(columns), "|".join(values.get(name, "") for name in columns))
    return "".join(f"{line}|\n" for line in lines).encode(encoding)


def imported(tmp_path: Path, whole: bytes, *options: str) -> tuple[int, str, str]:
    path = tmp_path / "Extraction_ProSanteConnect_Personne_activite_202611240730.txt"
    path.write_bytes(whole)
    return run(path, *options)


def test_a_ligature_is_kept_that_latin_1_lacks(tmp_path: Path) -> None:
    """What calls itself Latin-1 is often Windows-1252."""
    names = {"Nom de famille": "LŒUILLET", "Nom d'exercice": "Lœuillet", "Prénoms": "Joël"}
    status, _, err = imported(tmp_path, content(RESTRICTED_FILE, "cp1252", **names))
    assert (status, err) == (0, "")
    assert (person().family_name, person().display_name) == ("LŒUILLET", "Dr ANNE Lœuillet")
    assert person().given_names == "Joël"


def person() -> Professional:
    found = find_professional(identifier=f"8{NUMBER}")
    assert found is not None
    return found


def test_the_headers_are_the_official_ones() -> None:
    assert list(OPEN_FILE) == COLUMNS
    assert (len(OPEN_FILE), len(BEFORE_2022)) == (56, 52)
    assert (len(RESTRICTED_FILE), len(OF_2021)) == (50, 49)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("columns", [RESTRICTED_FILE, OF_2021], ids=["50", "49"])
def test_the_extraction_is_read_whatever_its_encoding(
    tmp_path: Path, columns: tuple[str, ...], encoding: str
) -> None:
    status, out, err = imported(tmp_path, content(columns, encoding))
    assert (status, err) == (0, "")
    assert "1 rows; persons: 1 created" in out
    found = person()
    assert (found.family_name, found.given_names) == ("LEFÈVRE", "Anne Éloïse Zoé")
    assert found.display_name == "Dr ANNE LEFÈVRE-DUPRÉ"
    activity = found.first_activity
    assert activity is not None
    assert (activity.raison_sociale_site, activity.code_departement) == ("CABINET DE L'ÉTANG", "44")
    assert activity.code_role == "FON-01"
    assert activity.code_genre_activite == ("GENR01" if columns == RESTRICTED_FILE else "")
    assert Person.objects.get().source == "psc"


@pytest.mark.parametrize("columns", [OPEN_FILE, BEFORE_2022], ids=["56", "52"])
def test_the_open_file_is_read_that_of_before_2022_too(
    tmp_path: Path, columns: tuple[str, ...]
) -> None:
    status, out, err = imported(tmp_path, content(columns))
    assert (status, err) == (0, "")
    assert "1 rows; persons: 1 created" in out
    found = person()
    assert (found.family_name, found.given_names) == ("LEFÈVRE-DUPRÉ", "ANNE")
    activity = found.first_activity
    assert activity is not None
    assert activity.code_departement == "44"
    told = activity.to_wire()
    assert len(told) == 30
    assert (told["codeRole"], told["codeGenreActivite"]) == (
        ("FON-01", "GENR01") if columns == OPEN_FILE else ("", "")
    )


def test_a_file_that_stops_one_column_earlier_is_refused(tmp_path: Path) -> None:
    stops = BEFORE_2022[: BEFORE_2022.index("Code section tableau pharmaciens")]
    status, out, err = imported(tmp_path, content(stops))
    assert (status, out) == (1, "")
    assert err.endswith("nothing has changed: missing column: Code section tableau pharmaciens")
    assert not Person.objects.exists()


@pytest.mark.parametrize("day", ["30/02/1968", "1968-02-30", "99/99/9999", "demain", ""])
def test_a_birth_date_is_not_read_so_none_is_wrong(tmp_path: Path, day: str) -> None:
    given = {"Date de naissance": day}
    status, _, err = imported(tmp_path, content(RESTRICTED_FILE, **given))
    assert (status, err) == (0, "")
    assert day not in str(Person.objects.get().snapshot) or not day


def test_nothing_of_birth_or_correspondence_is_kept(tmp_path: Path) -> None:
    private = {
        "Date de naissance": "10/03/1968",
        "Code commune de naissance": "44109",
        "Lieu de naissance": "VILLE-NATALE",
        "Téléphone (coord. correspondance)": "0639980001",
        "Adresse e-mail (coord. correspondance)": "anne@private.example",
    }
    imported(tmp_path, content(RESTRICTED_FILE, **private))
    kept = str([list(table.values()) for table in (Person.objects.all(),)])
    assert "LEFÈVRE" in kept
    assert not [value for value in private.values() if value in kept]


def test_columns_of_the_extraction_in_another_order_say_the_same(tmp_path: Path) -> None:
    imported(tmp_path, content(RESTRICTED_FILE))
    before = directory_digest(beside_the_file=True)
    status, out, _ = imported(tmp_path, content(RESTRICTED_FILE[::-1]))
    assert status == 0
    assert "0 changed, 1 unchanged" in out
    assert directory_digest(beside_the_file=True) == before


def test_an_extraction_with_a_civil_name_twice_is_refused(tmp_path: Path) -> None:
    status, _, err = imported(tmp_path, content((*RESTRICTED_FILE, "Nom de famille")))
    assert status == 1
    assert err.endswith("column given twice: Nom de famille")


def test_a_person_is_known_under_the_same_subject_whichever_file_says_so(tmp_path: Path) -> None:
    imported(tmp_path, content(RESTRICTED_FILE))
    subject = person().person_id
    status, _, err = imported(tmp_path, content(OPEN_FILE), "--accept-changes")
    assert (status, err) == (0, "")
    assert person().person_id == subject


def test_an_extraction_cut_in_its_last_code_is_refused(tmp_path: Path) -> None:
    """A code cut short would be another code."""
    whole = content(RESTRICTED_FILE)
    for cut in range(2, 9):
        status, _, err = imported(tmp_path, whole[:-cut])
        assert status == 1, whole[:-cut][-20:]
        assert err.endswith("nothing has changed: the file breaks off in line 2")
    assert not Person.objects.exists()
