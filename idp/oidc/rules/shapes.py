"""UserInfo in the shape of a year, from the superset of all of them."""

from collections.abc import Collection
from typing import Any

from idp.oidc.rules.answers import UserInfoShape

# Keys of the superset that a year did not have yet.
_NOT_YET = {
    UserInfoShape.Y2021: frozenset({"codeCivilite", "codeGenreActivite", "authMode", "otherIds"}),
    UserInfoShape.Y2022: frozenset({"codeCivilite", "codeGenreActivite", "authMode"}),
}
# `codeCivilite` left SubjectRefPro in November 2023.
_CIVILITY_AT_TOP = frozenset({UserInfoShape.Y2023, UserInfoShape.Y2026})


def shaped(claims: dict[str, Any], *, shape: UserInfoShape, psi: str) -> dict[str, Any]:
    """`claims`: the superset; `psi`: the person's PSI identifier or `""`."""
    told = {
        name: value
        for name, value in claims.items()
        if name not in _NOT_YET.get(shape, frozenset())
    }
    if shape in (UserInfoShape.Y2021, UserInfoShape.Y2022):
        # Never true: nobody verified an address.
        told["email_verified"] = False
    if shape is UserInfoShape.Y2026:
        told["PSISubjectNameID"] = psi
    if "SubjectRefPro" in told:
        told["SubjectRefPro"] = _subject_ref_pro(told["SubjectRefPro"], shape)
    return told


def opened_with(open_claims: Collection[str]) -> set[str]:
    """Keys of one year alone go with the older key that says the same of the person."""
    goes_with = {"email_verified": "preferred_username", "PSISubjectNameID": "SubjectNameID"}
    return {name for name, older in goes_with.items() if older in open_claims}


def _subject_ref_pro(practice: dict[str, Any], shape: UserInfoShape) -> dict[str, Any]:
    if shape in _CIVILITY_AT_TOP:
        return {name: value for name, value in practice.items() if name != "codeCivilite"}
    if shape is not UserInfoShape.Y2021:
        return practice
    # 29 keys an activity: no codeGenreActivite before 2022.
    exercices = [
        {
            **exercice,
            "activities": [
                {name: value for name, value in activity.items() if name != "codeGenreActivite"}
                for activity in exercice["activities"]
            ],
        }
        for exercice in practice["exercices"]
    ]
    return {**practice, "exercices": exercices}
