"""The NOS' tables: imported from the official files, asked for labels, held against the register.

Professions and the small tables are built in; what is imported wins. An unknown code is kept as it
came, shown as a code, and counted here: it never keeps a person from logging in.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet

from idp.core import clock, strict_json
from idp.directory import models
from idp.directory.models import Nomenclature, NomenclatureCode
from idp.directory.rules import nomenclatures as built_in
from idp.directory.rules.code_system import (
    CodeSystem,
    RefusedNomenclatureError,
    is_older,
    read_code_systems,
)

MAX_BYTES = 64 * 1024 * 1024

# Which tables a column of the register may hold codes of. `code_profession` is of another table for
# each kind of profession.
_Model = type[models.Exercice | models.SavoirFaire | models.Practice]
COLUMNS: dict[tuple[_Model, str], tuple[str, ...]] = {
    (models.Exercice, "code_profession"): ("G15", "G16", "R94", "R95", "R291"),
    (models.Exercice, "code_categorie_professionnelle"): ("R09",),
    (models.SavoirFaire, "code_type"): ("R04",),
    (models.Practice, "code_mode_exercice"): ("R23",),
    (models.Practice, "code_secteur_activite"): ("R02",),
    (models.Practice, "code_section_pharmacien"): ("G05",),
    (models.Practice, "code_role"): ("R21",),
    (models.Practice, "code_genre_activite"): ("R22",),
}
# The table of a savoir-faire by its type (R04).
SAVOIR_FAIRE: dict[str, str] = {
    "S": "R38",
    "C": "R39",
    "CEX": "R40",
    "OP": "G13",
    "DNQ": "R42",
    "CAPA": "R43",
    "PAC": "R44",
    "FQ": "R45",
    "DEC": "R97",
    "SST": "R359",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One table: how many codes it has now, and of them how many are deprecated."""

    table: str
    version: str
    codes: int
    deprecated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A code of the register that none of its tables holds, and in how many rows."""

    column: str
    code: str
    rows: int


def import_nomenclatures(
    *, paths: Sequence[Path], allows_older: bool = False
) -> tuple[Imported, ...]:
    """Every table of every file, or none; RefusedNomenclatureError with the file and the reason."""
    systems = [system for path in paths for system in _read(path)]
    tables = [system.table for system in systems]
    for table in tables:
        if tables.count(table) > 1:
            raise RefusedNomenclatureError(f"table {table} comes twice")
    with transaction.atomic():
        return tuple(_store(system, allows_older) for system in systems)


def labels_of(asked: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Words by (table, code), of those that are known. One statement."""
    known = {
        (table, code): words
        for table, code in asked
        if (words := built_in.TABLES.get(table, {}).get(code))
    }
    rows = NomenclatureCode.objects.filter(
        nomenclature__table__in={table for table, _code in asked},
        code__in={code for _table, code in asked},
    )
    for table, code, label in rows.values_list("nomenclature__table", "code", "label"):
        if (table, code) in asked:
            known[table, code] = label
    return known


def unknown_codes() -> Iterator[Unknown]:
    """Of each column whose tables are all known here: what the register says and they do not."""
    for (model, column), tables in COLUMNS.items():
        yield from _unknown(model.objects.all(), column, tables)
    for code_type, table in SAVOIR_FAIRE.items():
        of_type = models.SavoirFaire.objects.filter(code_type=code_type)
        yield from _unknown(of_type, "code", (table,), said_as=f"savoir_faire {code_type}")


def _unknown(
    live: QuerySet[Any], column: str, tables: Collection[str], said_as: str = ""
) -> Iterator[Unknown]:
    known = _known(tables)
    if known is None:
        return
    # What has ended keeps the codes of its time.
    counted = live.filter(until=None).exclude(**{column: ""}).values(column)
    for row in counted.annotate(rows=Count("pk")).order_by(column):
        if row[column] not in known:
            yield Unknown(column=said_as or column, code=row[column], rows=row["rows"])


def missing_tables() -> list[str]:
    """Without these, codes of the register are held against nothing."""
    every = {*SAVOIR_FAIRE.values(), *(table for each in COLUMNS.values() for table in each)}
    return sorted(every - built_in.WHOLE_TABLES - _imported(every))


def _imported(tables: Collection[str]) -> set[str]:
    return set(Nomenclature.objects.filter(table__in=tables).values_list("table", flat=True))


def _known(tables: Collection[str]) -> set[str] | None:
    """The codes of these tables; None where one of them is neither imported nor wholly built in."""
    imported = _imported(tables)
    if not imported | built_in.WHOLE_TABLES >= set(tables):
        return None
    rows = NomenclatureCode.objects.filter(nomenclature__table__in=tables)
    own = {code for table in set(tables) - imported for code in built_in.TABLES[table]}
    return own | set(rows.values_list("code", flat=True))


def _read(path: Path) -> tuple[CodeSystem, ...]:
    try:
        # A pipe would wait for its writer.
        if path.exists() and not path.is_file():
            raise RefusedNomenclatureError("not a file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise RefusedNomenclatureError("larger than 64 MB")
        return read_code_systems(strict_json.read(data.decode("utf-8-sig")), now=clock.now())
    # ValueError: not JSON, not UTF-8, or refused by the rules.
    except (OSError, ValueError) as error:
        raise RefusedNomenclatureError(f"{path}: {error}") from error


def _store(system: CodeSystem, allows_older: bool) -> Imported:
    before = Nomenclature.objects.select_for_update().filter(table=system.table).first()
    if before is not None and not allows_older and is_older(system.version, before.version):
        raise RefusedNomenclatureError(
            f"{system.table}: version {system.version} is older than {before.version}"
        )
    row, _created = Nomenclature.objects.update_or_create(
        table=system.table,
        defaults={
            "url": system.url,
            "version": system.version,
            "status": system.status,
            "imported_at": clock.now(),
        },
    )
    row.codes.all().delete()
    NomenclatureCode.objects.bulk_create(
        (
            NomenclatureCode(
                nomenclature=row,
                code=each.code,
                label=each.label,
                is_deprecated=each.is_deprecated,
            )
            for each in system.codes
        ),
        batch_size=5000,
    )
    return Imported(
        table=system.table,
        version=system.version,
        codes=len(system.codes),
        deprecated=sum(each.is_deprecated for each in system.codes),
    )
