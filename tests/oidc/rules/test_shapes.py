"""UserInfo in each year's shape, to the letter: golden files in tests/vectors/oidc."""

import json
from pathlib import Path
from typing import Any

import pytest

from idp.directory.rules.activity import ACTIVITY_KEYS
from idp.oidc.rules.answers import UserInfoShape
from idp.oidc.rules.claims import userinfo
from idp.oidc.rules.scopes import open_claims
from idp.oidc.rules.subjects import federated_subject
from tests.oidc.rules.people import DOCTOR, PEOPLE

VECTORS = Path(__file__).parents[2] / "vectors" / "oidc"
COMPONENT = "550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd"
YEARS = [shape for shape in UserInfoShape if shape is not UserInfoShape.CURRENT]


def told(shape: UserInfoShape, slug: str = "doctor", *scopes: str) -> dict[str, Any]:
    person = PEOPLE[slug]
    return userinfo(
        person,
        subject=federated_subject(COMPONENT, person.national_id)
        if shape.has_federated_subject
        else str(person.person_id),
        auth_mode="CARD",
        open_claims=open_claims(scopes=scopes or ("openid", "scope_all")),
        emits_name=False,
        shape=shape,
    )


@pytest.mark.parametrize("slug", ["doctor", "retired"])
@pytest.mark.parametrize("shape", YEARS)
def test_the_userinfo_of_the_year(shape: UserInfoShape, slug: str) -> None:
    golden = json.loads((VECTORS / f"userinfo-{slug}-{shape}.json").read_text())
    assert told(shape, slug) == golden


def test_civility_moved_to_the_top_in_2023() -> None:
    for shape in (UserInfoShape.Y2021, UserInfoShape.Y2022):
        assert "codeCivilite" not in told(shape)
        assert told(shape)["SubjectRefPro"]["codeCivilite"] == DOCTOR.civility
    for shape in (UserInfoShape.Y2023, UserInfoShape.Y2026):
        assert told(shape)["codeCivilite"] == DOCTOR.civility
        assert "codeCivilite" not in told(shape)["SubjectRefPro"]


@pytest.mark.parametrize(
    ("shape", "count"), [(shape, 30) for shape in YEARS[1:]] + [(YEARS[0], 29)]
)
def test_an_activity_had_29_keys_and_then_30(shape: UserInfoShape, count: int) -> None:
    activity = told(shape)["SubjectRefPro"]["exercices"][0]["activities"][0]
    assert len(activity) == count
    assert set(activity) <= set(ACTIVITY_KEYS.values())


def test_what_a_year_did_not_know_is_absent() -> None:
    assert "otherIds" not in told(UserInfoShape.Y2021)
    assert "otherIds" in told(UserInfoShape.Y2022)
    assert "authMode" not in told(UserInfoShape.Y2022)
    assert "email_verified" not in told(UserInfoShape.Y2023)
    assert "PSISubjectNameID" not in told(UserInfoShape.Y2023)
    assert told(UserInfoShape.Y2026)["PSISubjectNameID"] == ""


def test_the_keys_of_one_year_are_opened_by_the_scopes_of_the_person_only() -> None:
    for shape in UserInfoShape:
        assert set(told(shape, "doctor", "openid")) == {"sub"}


def test_the_superset_is_what_a_new_portal_gets() -> None:
    assert told(UserInfoShape.CURRENT)["codeCivilite"] == DOCTOR.civility
    assert told(UserInfoShape.CURRENT)["SubjectRefPro"]["codeCivilite"] == DOCTOR.civility
