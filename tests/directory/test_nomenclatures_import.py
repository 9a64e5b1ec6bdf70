"""Tables of the NOS: taken whole or refused with the reason, used for words, held against codes."""

import datetime
import json
import os
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from idp.core import clock
from idp.directory.flows.importing import ImportSummary
from idp.directory.flows.nomenclatures import (
    import_nomenclatures,
    labels_of,
    unknown_codes,
)
from idp.directory.models import Exercice, Nomenclature, NomenclatureCode, SavoirFaire
from idp.directory.rules.code_system import (
    RefusedNomenclatureError,
    is_older,
    read_code_systems,
)

Write = Callable[..., Path]


def concept(code: str, display: str = "mots", **more: Any) -> dict[str, Any]:
    return {"code": code, "display": display, **more}


def system(table: str = "R02-SecteurActivite", **changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "CodeSystem",
        "url": f"https://mos.esante.gouv.fr/NOS/TRE_{table}/FHIR/TRE-{table}",
        "version": "20260101120000",
        "status": "active",
        "content": "complete",
        "concept": [concept("SA07", "Cabinet tout seul"), concept("SA99", "Secteur neuf")],
        **changes,
    }


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def do(document: object, name: str = "table.json") -> Path:
        path = tmp_path / name
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        path.write_bytes(content)
        return path

    return do


def test_a_table_is_kept_with_version_and_status(db: None, write: Write) -> None:
    (done,) = import_nomenclatures(paths=[write(system())])
    assert (done.table, done.codes) == ("R02", 2)
    kept = Nomenclature.objects.get()
    assert (kept.table, kept.version, kept.status) == ("R02", "20260101120000", "active")
    assert labels_of([("R02", "SA07"), ("R02", "SA99"), ("R02", "SA98")]) == {
        ("R02", "SA07"): "Cabinet tout seul",
        ("R02", "SA99"): "Secteur neuf",
    }


def test_what_is_built_in_serves_until_then(db: None) -> None:
    assert labels_of([("R02", "SA07"), ("G15", "10"), ("R23", "L"), ("X", "1")]) == {
        ("R02", "SA07"): "Cabinet individuel",
        ("G15", "10"): "Médecin",
        ("R23", "L"): "Libéral, indépendant, artisan, commerçant",
    }


def test_a_newer_version_replaces_the_codes(db: None, write: Write) -> None:
    import_nomenclatures(paths=[write(system())])
    import_nomenclatures(paths=[write(system(version="20260201120000", concept=[concept("SA08")]))])
    assert set(NomenclatureCode.objects.values_list("code", flat=True)) == {"SA08"}


def test_an_older_one_is_refused_unless_it_is_meant(db: None, write: Write) -> None:
    import_nomenclatures(paths=[write(system())])
    older = write(system(version="20250101120000"))
    with pytest.raises(RefusedNomenclatureError, match="older"):
        import_nomenclatures(paths=[older])
    import_nomenclatures(paths=[older], allows_older=True)
    assert Nomenclature.objects.get().version == "20250101120000"


def test_a_bundle_brings_several(db: None, write: Write) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": system()}, {"resource": system("R21-Fonction")}],
    }
    done = import_nomenclatures(paths=[write(bundle)])
    assert [each.table for each in done] == ["R02", "R21"]


def test_codes_below_others_are_codes(db: None, write: Write) -> None:
    below = concept("A", concept=[concept("B", concept=[concept("C")])])
    (done,) = import_nomenclatures(paths=[write(system(concept=[below, concept("D")], count=4))])
    assert done.codes == 4


@pytest.mark.parametrize(
    ("said", "is_deprecated"),
    [
        ({"code": "status", "valueCode": "deprecated"}, True),
        ({"code": "status", "valueCode": "active"}, False),
        ({"code": "inactive", "valueBoolean": True}, True),
        ({"code": "dateFin", "valueDateTime": "2024-12-13T12:00:00+01:00"}, True),
        ({"code": "dateFin", "valueDateTime": "2024-12-13"}, True),
        ({"code": "dateFin", "valueDateTime": "2024-12"}, True),
        ({"code": "dateFin", "valueDateTime": "2999"}, False),
        ({"code": "dateFin", "valueDateTime": "2999-01-01T00:00:00Z"}, False),
        ({"code": "dateMaj", "valueDateTime": "whatever"}, False),
    ],
)
def test_a_code_says_that_it_is_over(said: dict[str, Any], is_deprecated: bool) -> None:
    (read,) = read_code_systems(system(concept=[concept("A", property=[said])]), now=clock.now())
    assert read.codes[0].is_deprecated is is_deprecated


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe{}",
        b'{"resourceType": "CodeSystem", "resourceType": "CodeSystem"}',
        b"[" * 100_000,
        {"resourceType": "ValueSet"},
        {"resourceType": "Bundle", "entry": []},
        {"resourceType": "Bundle", "entry": "x"},
        {"resourceType": "Bundle", "entry": [1]},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "ValueSet"}}]},
        system(url=""),
        system(url=None),
        system(version=None),
        system(version="x" * 101),
        system(status="gone"),
        system(status=["active"]),
        system(url="///"),
        system(content="fragment"),
        system(content=None),
        system(concept=None),
        system(concept=[]),
        system(concept={}),
        system(concept=["A"]),
        system(concept=[concept("")]),
        system(concept=[concept("x" * 65)]),
        system(concept=[concept("A", " ")]),
        system(concept=[{"code": 7, "display": "x"}]),
        system(concept=[{"code": "A"}]),
        system(concept=[concept("A"), concept("A")]),
        system(concept=[concept("A", concept=[concept("A")])]),
        system(concept=[concept("A", concept="x")]),
        system(concept=[concept("A", property="x")]),
        system(concept=[concept("A", property=[{"code": "dateFin", "valueDateTime": "x"}])]),
        system(count=3),
        system(concept=[concept("A\0")]),
    ],
)
def test_what_is_not_wholly_understood_is_refused_and_nothing_changes(
    db: None, write: Write, document: object
) -> None:
    import_nomenclatures(paths=[write(system())])
    good = write(system("R21-Fonction"), "good.json")
    with pytest.raises(RefusedNomenclatureError):
        import_nomenclatures(paths=[good, write(document, "bad.json")])
    assert Nomenclature.objects.get().table == "R02"
    assert NomenclatureCode.objects.count() == 2


def test_one_table_twice_is_refused(db: None, write: Write) -> None:
    with pytest.raises(RefusedNomenclatureError, match="twice"):
        import_nomenclatures(paths=[write(system()), write(system(), "again.json")])


def test_a_file_that_is_not_there_is_said(db: None, tmp_path: Path) -> None:
    with pytest.raises(RefusedNomenclatureError, match="missing"):
        import_nomenclatures(paths=[tmp_path / "missing.json"])


def read_or_refuse(document: object) -> None:
    try:
        read_code_systems(document, now=clock.now())
    except RefusedNomenclatureError:
        return


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["resourceType", "url", "concept", "code", "entry", "property"]),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_is_read_or_refused(document: object) -> None:
    read_or_refuse(document)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
PROPERTY = {"code": "status", "valueCode": "active", "valueBoolean": True, "valueDateTime": "2026"}


@given(st.sampled_from(list(system())), JUNK)
def test_a_table_with_anything_in_one_place_is_read_or_refused(name: str, junk: Any) -> None:
    read_or_refuse(system(**{name: junk}))


@given(
    st.sampled_from(["status", "inactive", "deprecated", "dateFin"]),
    st.sampled_from(list(PROPERTY)),
    JUNK,
)
def test_a_property_with_anything_in_it_is_read_or_refused(code: str, name: str, junk: Any) -> None:
    odd = concept("A", property=[{**PROPERTY, "code": code, name: junk}])
    read_or_refuse(system(concept=[odd]))


def test_versions_are_compared_where_they_are_written_alike() -> None:
    assert is_older("20250101", "20260101")
    assert is_older("1.9.0", "1.10.0")
    assert not is_older("1.10.0", "1.10.0")
    assert not is_older("1.1.0", "20260101")
    assert not is_older("v1", "v2")


def test_unknown_codes_of_the_register_are_counted_and_kept(
    sandbox_people: ImportSummary, write: Write
) -> None:
    assert "code_secteur_activite" not in {each.column for each in unknown_codes()}
    import_nomenclatures(paths=[write(system(concept=[concept("SA07")]))])
    counted = {each.code: each.rows for each in unknown_codes() if "secteur" in each.column}
    assert counted
    assert "SA07" not in counted
    Exercice.objects.filter(code_profession="10").update(code_profession="QQ")
    assert any(each.code == "QQ" and each.rows for each in unknown_codes())


def test_codes_of_what_has_ended_are_not_reported(
    sandbox_people: ImportSummary, write: Write
) -> None:
    import_nomenclatures(paths=[write(system("R04-TypeSavoirFaire"))])
    reported = {each.code for each in unknown_codes() if each.column == "code_type"}
    assert "S" in reported
    SavoirFaire.objects.filter(code_type="S").update(until=datetime.date(2026, 11, 24))
    now = {each.code for each in unknown_codes() if each.column == "code_type"}
    assert now == reported - {"S"}


def test_the_people_of_the_sandbox_have_no_unknown_profession(
    sandbox_people: ImportSummary,
) -> None:
    assert [each for each in unknown_codes() if each.column == "code_profession"] == []


def test_the_command_imports_and_reports(sandbox_people: ImportSummary, write: Write) -> None:
    out = StringIO()
    call_command("import_nomenclatures", str(write(system())), "--report", stdout=out)
    said = out.getvalue()
    assert "R02 version 20260101120000: 2 codes" in said
    assert "unknown code_secteur_activite" in said
    with pytest.raises(CommandError, match="nothing has changed"):
        call_command("import_nomenclatures", str(write(b"{")))
    assert "not checked, as the table is not here: G13, R04, R21, R22, R359, R38" in said
    assert "R02" not in said.splitlines()[-1]


def test_savoir_faire_are_held_against_the_table_of_their_type(
    sandbox_people: ImportSummary, write: Write
) -> None:
    assert not [each for each in unknown_codes() if each.column.startswith("savoir_faire")]
    # SM54 is of this table, an exclusive competence is not, and no business of its.
    import_nomenclatures(paths=[write(system("R38-SpecialiteOrdinale", concept=[concept("SM54")]))])
    said = [each for each in unknown_codes() if each.column == "savoir_faire S"]
    own = {*SavoirFaire.objects.filter(code_type="S").values_list("code", flat=True)}
    assert {each.code for each in said} == own - {"SM54"}
    assert own > {"SM54"}
    assert not [each for each in unknown_codes() if each.column == "savoir_faire CEX"]


@pytest.mark.timeout(10)
def test_a_pipe_is_refused_and_never_waited_for(db: None, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RefusedNomenclatureError, match="not a file"):
        import_nomenclatures(paths=[tmp_path / "pipe"])


def test_a_table_of_another_server_has_a_name_too() -> None:
    (read,) = read_code_systems(system(url="https://example.fr/CodeSystem/x/"), now=clock.now())
    assert read.table == "x"
