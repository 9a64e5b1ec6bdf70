"""UserInfo as Pro Santé Connect sends it, from a professional."""

from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from idp.directory.rules.nomenclatures import CATEGORIES_IN_PRACTICE
from idp.directory.rules.professional import Exercice, Professional
from idp.oidc.rules.answers import UserInfoShape
from idp.oidc.rules.shapes import opened_with, shaped

# G16, professions in training: it has the numbers of G15, so only the table's OID keeps an intern
# (`10`) from reading as a doctor. No setting: no deployment may say otherwise.
OID_PROFESSION_EN_FORMATION = "1.2.250.1.71.1.2.8"
PALIER_AUTHENTIFICATION = "APPPRIP3^1.2.250.1.213.1.5.1.1.1"
PSI_LOCALE = "1.2.250.1.213.1.3.1.1"

# What PSC says of every login of a person with a practice.
_CONSTANTS = MappingProxyType(
    {
        "Mode_Acces_Raison": "",
        "Acces_Regulation_Medicale": "FAUX",
        "UITVersion": "1.0",
        "Palier_Authentification": PALIER_AUTHENTIFICATION,
        "PSI_Locale": PSI_LOCALE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suffixes:
    """The tables that codes are said to be of, `code^OID`: PSC's, unless the operator says other.

    `subject_role` in every sample of ANS is no table of the NOS; the value set of today is JDV_J05.
    """

    subject_role: str = "1.2.250.1.213.1.1.5.5"
    secteur_activite: str = "1.2.250.1.71.4.2.4"


_PSC = Suffixes()


def other_ids(professional: Professional) -> list[dict[str, str | int]]:
    """`otherIds`: every identifier of the person, the main one first (quality 1)."""
    return [
        {"identifiant": known.identifier, "origine": known.origin, "qualite": known.quality}
        for known in sorted(professional.alternative_identifiers, key=lambda known: known.quality)
    ]


def psi_identifier(professional: Professional) -> str:
    """`PSISubjectNameID`: `""` for whoever has no PSI account."""
    return next(
        (
            known.identifier
            for known in professional.alternative_identifiers
            if known.origin == "PSI"
        ),
        "",
    )


def subject_roles(exercice: Exercice, suffixes: Suffixes) -> list[str]:
    """`code^OID` of the profession, or of the profession being learnt.

    A category that is not known to mean practice might mean anything: no role is said of it.
    """
    if exercice.is_student:
        return [f"{exercice.code_profession}^{OID_PROFESSION_EN_FORMATION}"]
    if exercice.code_categorie_professionnelle not in CATEGORIES_IN_PRACTICE:
        return []
    return [f"{exercice.code_profession}^{suffixes.subject_role}"]


def exercice_entries(exercice: Exercice) -> list[dict[str, Any]]:
    """Eight keys, one savoir-faire each: several savoir-faire are several entries (§6.3)."""
    pairs = [(known.code_type, known.code) for known in exercice.savoir_faire] or [("", "")]
    return [
        {
            "codeProfession": exercice.code_profession,
            "codeCategorieProfessionnelle": exercice.code_categorie_professionnelle,
            "codeCiviliteDexercice": exercice.code_civilite,
            "nomDexercice": exercice.nom,
            "prenomDexercice": exercice.prenom,
            "codeTypeSavoirFaire": code_type,
            "codeSavoirFaire": code,
            "activities": [activity.to_wire() for activity in exercice.activities],
        }
        for code_type, code in pairs
    ]


def _practice(professional: Professional, suffixes: Suffixes) -> dict[str, Any]:
    """The top-level mirror of the first activity, and the whole of `SubjectRefPro`."""
    owner = next((each for each in professional.exercices if each.activities), None)
    if owner is None:
        # Pro Santé Connect: without any practice these keys are absent, not empty.
        return {}
    first = owner.activities[0]
    sector = first.code_secteur_activite
    return {
        **_CONSTANTS,
        "SubjectOrganization": first.raison_sociale_site,
        "SubjectOrganizationID": first.identifiant_technique_structure,
        "SubjectRole": subject_roles(owner, suffixes),
        "Secteur_Activite": f"{sector}^{suffixes.secteur_activite}" if sector else "",
        "codeGenreActivite": first.code_genre_activite,
        "SubjectRefPro": {
            # Inside until 2023, at the top since: portals of both ages read it (§6.4).
            "codeCivilite": professional.civility,
            "exercices": [
                entry for exercice in professional.exercices for entry in exercice_entries(exercice)
            ],
        },
    }


def identity(professional: Professional) -> dict[str, Any]:
    """Who the person is in civil life: what is known of everybody."""
    return {
        "preferred_username": professional.national_id,
        "codeCivilite": professional.civility,
        "given_name": professional.given_names,
        "SubjectNameID": professional.national_id,
        "family_name": professional.family_name,
    }


def every_claim(
    professional: Professional, *, subject: str, auth_mode: str, suffixes: Suffixes = _PSC
) -> dict[str, Any]:
    """All that is known, in the shape of 2023 and later with the keys of earlier ones."""
    base = {"sub": subject, **identity(professional), "name": civil_name(professional)}
    practice = _practice(professional, suffixes)
    if not practice:
        return base
    return {**base, "authMode": auth_mode, "otherIds": other_ids(professional), **practice}


def civil_name(professional: Professional) -> str:
    """`name` (OIDC Core §5.1)."""
    return f"{professional.given_names} {professional.family_name}".strip()


def userinfo(
    professional: Professional,
    *,
    subject: str,
    auth_mode: str,
    open_claims: Collection[str],
    emits_name: bool,
    shape: UserInfoShape = UserInfoShape.CURRENT,
    suffixes: Suffixes = _PSC,
) -> dict[str, Any]:
    """The claims that scopes and the `claims` parameter opened, in the portal's shape."""
    told = (set(open_claims) | opened_with(open_claims)) - (set() if emits_name else {"name"})
    claims = shaped(
        every_claim(professional, subject=subject, auth_mode=auth_mode, suffixes=suffixes),
        shape=shape,
        psi=psi_identifier(professional),
    )
    return {name: value for name, value in claims.items() if name in told}
