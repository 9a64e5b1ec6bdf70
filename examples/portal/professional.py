"""Reads Pro Santé Connect's claims into words: who, which profession, which places of practice.

The claims hold codes only, and a missing practice is a missing key. Tables are in words.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from examples.portal import words
from examples.portal.provider import Login

STUDENT = "E"
# Table R09. Any other category might mean anything: its profession is not said.
PRACTISING = frozenset({"C", "M", "F"})
UNKNOWN = "statut non précisé"
PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """One place where the person works, in one profession."""

    profession: str
    name: str
    address: str
    sector: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Professional:
    """The person, ready for a page."""

    name: str
    role: str
    is_student: bool
    national_id: str
    practices: tuple[Practice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How and when they proved who they are."""

    means: str
    level: str
    at: str
    is_test: bool


def read_professional(userinfo: Mapping[str, Any]) -> Professional:
    """From userinfo. Key the account on `SubjectNameID`: names change, `sub` did in 2026."""
    exercices = (userinfo.get("SubjectRefPro") or {}).get("exercices") or []
    first = exercices[0] if exercices else {}
    given = first.get("prenomDexercice") or userinfo.get("given_name") or ""
    family = first.get("nomDexercice") or userinfo.get("family_name") or ""
    is_doctor = first.get("codeCiviliteDexercice") == "DR" and _is_practising(first)
    is_woman = userinfo.get("codeCivilite") in {"MME", "MLE"}
    return Professional(
        name=" ".join(part for part in ("Dr" if is_doctor else "", given, family) if part),
        role=_join(_titles(exercices, is_woman)),
        is_student=bool(exercices) and all(_is_student(e) for e in exercices),
        national_id=_grouped(str(userinfo.get("SubjectNameID") or "")),
        practices=tuple(
            _practice(activity, exercice, is_woman)
            for exercice in exercices
            for activity in exercice.get("activities") or []
        ),
    )


def read_proof(login: Login) -> Proof:
    """`authMode` says how, `acr` how strongly, `auth_time` when (it survives a refresh)."""
    mode = str(login.userinfo.get("authMode") or login.claims.get("authMode") or "")
    acr = str(login.claims.get("acr") or "")
    references = [mode, *(login.claims.get("amr") or [])]
    return Proof(
        means=next((text for key, text in words.MEANS.items() if key in mode), mode or "non dit"),
        level=acr or "non dit",
        at=_moment(login.claims.get("auth_time") or login.claims["iat"]),
        is_test=any("test" in str(reference).lower() for reference in references),
    )


def _is_student(exercice: Mapping[str, Any]) -> bool:
    # Category E carries the profession's code too: an intern's "10" must never read as a doctor.
    return exercice.get("codeCategorieProfessionnelle") == STUDENT


def _is_practising(exercice: Mapping[str, Any]) -> bool:
    return exercice.get("codeCategorieProfessionnelle") in PRACTISING


def _titles(exercices: list[dict[str, Any]], is_woman: bool) -> list[str]:
    """One title a profession, or its specialities where there are some: "cardiologue"."""
    by_profession: dict[str, list[str]] = {}
    for exercice in exercices:
        titles = by_profession.setdefault(_profession(exercice, is_woman), [])
        speciality = words.SPECIALITIES.get(exercice.get("codeSavoirFaire") or "")
        if speciality and _is_practising(exercice):
            titles.append(speciality[is_woman])
    return [
        title
        for profession, titles in by_profession.items()
        for title in dict.fromkeys(titles or [profession])
    ]


def _profession(exercice: Mapping[str, Any], is_woman: bool) -> str:
    code = exercice.get("codeProfession") or ""
    if _is_student(exercice):
        studies = words.STUDIES.get(code, "santé")
        return f"{'étudiante' if is_woman else 'étudiant'} en {studies}"
    if not _is_practising(exercice):
        return UNKNOWN
    return words.PROFESSIONS.get(code, ("professionnel de santé", "professionnelle de santé"))[
        is_woman
    ]


def _practice(activity: Mapping[str, Any], exercice: Mapping[str, Any], is_woman: bool) -> Practice:
    def text(key: str) -> str:
        return str(activity.get(key) or "")

    city = text("bureauCedex")
    if not city.startswith(text("codePostal")):
        city = f"{text('codePostal')} {city}"
    way = words.WAYS.get(text("codeTypeDeVoie"), "")
    repetition = words.REPETITIONS.get(text("indiceRepetitionVoie"), text("indiceRepetitionVoie"))
    street = [text("numeroVoie"), repetition, way, text("libelleVoie")]
    lines = [" ".join(part for part in street if part), city.strip()]
    return Practice(
        profession=_profession(exercice, is_woman),
        name=text("enseigneCommercialeSite") or text("raisonSocialeSite") or "Sans structure",
        address=", ".join(line for line in lines if line),
        sector=words.SECTORS.get(text("codeSecteurDactivite"), text("codeSecteurDactivite")),
        mode=words.MODES.get(text("codeModeExercice"), ""),
    )


def _join(parts: list[str]) -> str:
    return " et ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def _grouped(identifier: str) -> str:
    """8 9990 0000 011: an RPPS number after its type, as people read it out."""
    if len(identifier) != 12 or not identifier.isdigit():
        return identifier
    return f"{identifier[0]} {identifier[1:5]} {identifier[5:9]} {identifier[9:]}"


def _moment(timestamp: float) -> str:
    at = datetime.fromtimestamp(timestamp, UTC).astimezone(PARIS)
    time = f"{at.hour} h {at.minute:02}".replace(" ", "\N{NO-BREAK SPACE}")
    day = "1er" if at.day == 1 else at.day
    return f"{day} {words.MONTHS[at.month - 1]} {at.year}, {time}"
