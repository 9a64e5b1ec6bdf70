"""A FHIR CodeSystem (or a Bundle of them) as the NOS publish their tables, checked strictly.

https://hl7.org/fhir/R4/codesystem.html. What is not wholly understood is refused with its reason:
half a nomenclature would make good codes look unknown.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

LONGEST_CODE: Final = 64
LONGEST_LABEL: Final = 500
_STATUSES: Final = frozenset({"draft", "active", "retired", "unknown"})
# `TRE_R02-SecteurActivite`, `TRE-G15-ProfessionSante`: known by the short name, `R02`.
_TABLE: Final = re.compile(r"TRE[_-]([A-Z]+\d+[A-Za-z]*)\b")
_PART_OF_A_DATE: Final = re.compile(r"[0-9]{4}(-[0-9]{2})?")
_GONE: Final = frozenset({"deprecated", "retired"})


class RefusedNomenclatureError(ValueError):
    """Why nothing of this document is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    code: str
    label: str
    is_deprecated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSystem:
    """One table. `table`: its short name, `R02` for the sectors."""

    table: str
    url: str
    version: str
    status: str
    codes: tuple[Code, ...]


def read_code_systems(document: object, *, now: datetime) -> tuple[CodeSystem, ...]:
    """Every table of a document; RefusedNomenclatureError for anything else in it.

    A code whose `dateFin` is before `now` is deprecated.
    """
    resources = list(_resources(document))
    if not resources:
        raise RefusedNomenclatureError("the Bundle is empty")
    return tuple(_code_system(resource, now) for resource in resources)


def is_older(version: str, than: str) -> bool:
    """False where the two are not written alike and nothing can be said."""
    new, old = (text.split(".") for text in (version, than))
    if len(new) != len(old) or not all(part.isdecimal() for part in (*new, *old)):
        return False
    return [int(part) for part in new] < [int(part) for part in old]


def _resources(document: object) -> Iterator[dict[str, Any]]:
    if not isinstance(document, dict):
        raise RefusedNomenclatureError("not a FHIR resource")
    match document.get("resourceType"):
        case "CodeSystem":
            yield document
        case "Bundle":
            entries = document.get("entry", [])
            if not isinstance(entries, list):
                raise RefusedNomenclatureError("entry is no list")
            for entry in entries:
                resource = entry.get("resource") if isinstance(entry, dict) else None
                if not isinstance(resource, dict) or resource.get("resourceType") != "CodeSystem":
                    raise RefusedNomenclatureError("the Bundle holds another resource")
                yield resource
        case other:
            raise RefusedNomenclatureError(f"resourceType is {other!r}, not CodeSystem")


def _code_system(resource: dict[str, Any], now: datetime) -> CodeSystem:
    url = _text(resource, "url", 500)
    status = _text(resource, "status", LONGEST_CODE)
    if status not in _STATUSES:
        raise RefusedNomenclatureError(f"{url}: unknown status")
    # A fragment, an example or a supplement holds some codes only.
    if resource.get("content") != "complete":
        raise RefusedNomenclatureError(f"{url}: content is not complete")
    codes = tuple(_codes(resource.get("concept"), url, now))
    _check_whole(codes, resource.get("count"), url)
    return CodeSystem(
        table=_table(url),
        url=url,
        version=_text(resource, "version", 100),
        status=status,
        codes=codes,
    )


def _table(url: str) -> str:
    found = _TABLE.search(url)
    table = found.group(1) if found else url.rstrip("/").rpartition("/")[2][:LONGEST_CODE]
    if not table:
        raise RefusedNomenclatureError(f"{url}: names no table")
    return table


def _check_whole(codes: tuple[Code, ...], count: object, url: str) -> None:
    if not codes:
        raise RefusedNomenclatureError(f"{url}: no codes")
    seen: set[str] = set()
    for each in codes:
        if each.code in seen:
            raise RefusedNomenclatureError(f"{url}: code {each.code} twice")
        seen.add(each.code)
    if count is not None and (isinstance(count, bool) or count != len(codes)):
        raise RefusedNomenclatureError(f"{url}: {len(codes)} codes, and count says {count}")


def _codes(concepts: object, url: str, now: datetime) -> Iterator[Code]:
    """With those below others, in order; without recursion, since a hierarchy may be deep."""
    left: list[object] = [concepts if concepts is not None else []]
    while left:
        level = left.pop()
        if not isinstance(level, list) or not all(isinstance(each, dict) for each in level):
            raise RefusedNomenclatureError(f"{url}: concept is no list of concepts")
        for concept in level:
            yield Code(
                code=_text(concept, "code", LONGEST_CODE),
                label=_text(concept, "display", LONGEST_LABEL),
                is_deprecated=_is_deprecated(concept.get("property", []), url, now),
            )
            if "concept" in concept:
                left.append(concept["concept"])


def _is_deprecated(properties: object, url: str, now: datetime) -> bool:
    if not isinstance(properties, list) or not all(isinstance(each, dict) for each in properties):
        raise RefusedNomenclatureError(f"{url}: property is no list of properties")
    return any(_says_over(each, url, now) for each in properties)


def _says_over(said: dict[str, Any], url: str, now: datetime) -> bool:
    match said.get("code"):
        case "status":
            return str(said.get("valueCode")) in _GONE
        case "inactive" | "deprecated":
            return said.get("valueBoolean") is True
        case "dateFin":
            return _moment(said.get("valueDateTime"), url, now) <= now
    return False


def _moment(text: object, url: str, now: datetime) -> datetime:
    try:
        # https://hl7.org/fhir/R4/datatypes.html#dateTime: a year or a month may stand alone.
        whole = f"{text}-01-01"[:10] if _PART_OF_A_DATE.fullmatch(str(text)) else str(text)
        moment = datetime.fromisoformat(whole)
    except ValueError as error:
        raise RefusedNomenclatureError(f"{url}: dateFin is no date: {text!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def _text(resource: dict[str, Any], name: str, longest: int) -> str:
    value = resource.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise RefusedNomenclatureError(f"{name} is missing, or not a text of 1 to {longest}")
    return value.strip()
