"""Userinfo documents as Pro Santé Connect shapes them."""

from typing import Any

from tests.portal.issuer import SUBJECT


def activity(**values: str) -> dict[str, str]:
    return {
        "codeModeExercice": "L",
        "codeSecteurDactivite": "SA07",
        "enseigneCommercialeSite": "",
        "raisonSocialeSite": "Cabinet du Dr Lefèvre",
        "numeroVoie": "12",
        "indiceRepetitionVoie": "",
        "codeTypeDeVoie": "R",
        "libelleVoie": "des Lilas",
        "codePostal": "69003",
        "bureauCedex": "69003 LYON",
        **values,
    }


def exercice(*activities: dict[str, str], **values: str) -> dict[str, Any]:
    return {
        "codeProfession": "10",
        "codeCategorieProfessionnelle": "C",
        "codeSavoirFaire": "SM54",
        "codeCiviliteDexercice": "DR",
        "nomDexercice": "Lefèvre",
        "prenomDexercice": "Camille",
        "activities": list(activities),
        **values,
    }


def person(*exercices: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "sub": SUBJECT,
        "SubjectNameID": "899900000011",
        "authMode": "CARD",
        "given_name": "Camille",
        "family_name": "Lefèvre",
        "codeCivilite": "MME",
        "SubjectRefPro": {"exercices": list(exercices)},
        **values,
    }


def doctor() -> dict[str, Any]:
    maison = activity(
        raisonSocialeSite="Maison de santé des Brotteaux", codeSecteurDactivite="SA52"
    )
    return person(exercice(activity(), maison))
