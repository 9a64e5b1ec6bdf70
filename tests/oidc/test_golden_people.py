"""What portals are told of every person of the sandbox, to the letter: tests/vectors/people.

    HYGIE_GOLDEN=1 ./run test tests/oidc/test_golden_people.py

writes the files anew. Read what changed in them before it is kept.
"""

import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from joserfc import jws
from pytest_django import Settings

from idp.core import clock
from idp.directory.flows.import_register import import_register
from idp.directory.models import Person
from idp.directory.rules.activity import ACTIVITY_KEYS
from idp.login.rules.authentication import AuthMode, MethodName
from idp.oidc.gateways.client_cache import forget_client
from idp.oidc.models import Client
from idp.oidc.rules.answers import UserInfoShape
from tests.directory.register import SANDBOX_FILE
from tests.oidc.portal import Portal, parameters_of
from tests.oidc.signing_portal import SigningPortal

VECTORS = Path(__file__).parents[1] / "vectors" / "people"
README = SANDBOX_FILE.with_name("README.md").read_text()
# Name of use → national identifier.
PEOPLE = dict(re.findall(r"^\| ([a-z-]+) \| (\w+) \|", README, re.MULTILINE))
AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
# Of each login, or of where the provider stands.
PASSING = {"jti", "sid", "session_state", "at_hash", "iss"}
WITHOUT_PRACTICE = {
    "sub", "preferred_username", "codeCivilite", "given_name", "SubjectNameID", "family_name",
}  # fmt: skip
MIRRORED = {
    "SubjectOrganization": "raisonSocialeSite",
    "SubjectOrganizationID": "identifiantTechniqueDeLaStructure",
    "codeGenreActivite": "codeGenreActivite",
}
Claims = dict[str, Any]

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(db: None) -> None:
    import_register(path=SANDBOX_FILE, test_identities=True)


def golden(slug: str) -> Claims:
    told: Claims = json.loads((VECTORS / f"{slug}.json").read_text())
    return told


def id_token(tokens: Claims) -> Claims:
    """Its claims, but for those of each login."""
    claims: Claims = json.loads(jws.extract_compact(tokens["id_token"].encode()).payload)
    assert claims.keys() >= PASSING
    assert claims["iss"] == settings.HYGIE.issuer
    return {name: value for name, value in claims.items() if name not in PASSING}


def answers(portal: Portal, person: Person, shape: UserInfoShape) -> tuple[Claims, Claims]:
    """UserInfo and id_token of a whole login at a portal that gets this shape."""
    Client.objects.filter(pk=portal.client.pk).update(userinfo_shape=shape)
    forget_client(portal.client.client_id)
    if isinstance(portal, SigningPortal):
        tokens = portal.bound_tokens(person)
        return portal.resource(tokens["access_token"]).json(), id_token(tokens)
    tokens = portal.tokens(person, acr_values="eidas1")
    return portal.userinfo(tokens["access_token"]).json(), id_token(tokens)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("slug", PEOPLE)
def test_every_portal_is_told_what_the_golden_file_says(
    slug: str, psc_portal: Portal, portal: Portal, fapi: SigningPortal
) -> None:
    person = Person.objects.get(national_id=PEOPLE[slug])
    with clock.frozen(AT):
        psc = {shape: answers(psc_portal, person, shape) for shape in UserInfoShape}
        fapi.with_nonce()
        others = {
            each.client.profile_name: answers(each, person, UserInfoShape.CURRENT)
            for each in (portal, fapi)
        }
    userinfo, ids = psc[UserInfoShape.CURRENT]
    for of_year, id_of_year in psc.values():
        assert id_of_year == {**ids, "sub": of_year["sub"]}
    for other, _ in others.values():
        assert {name: other.get(name) for name in userinfo} == userinfo
    told = {
        "userinfo": {str(shape): claims for shape, (claims, _) in psc.items()},
        "userinfo_beside_psc": {
            profile: {name: claims[name] for name in claims.keys() - userinfo.keys()}
            for profile, (claims, _) in others.items()
        },
        "id_token": {"psc": ids, **{profile: claims for profile, (_, claims) in others.items()}},
    }
    if os.environ.get("HYGIE_GOLDEN"):
        text = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True)
        (VECTORS / f"{slug}.json").write_text(f"{text}\n")
    assert told == golden(slug)


@pytest.mark.usefixtures("people")
def test_a_phone_changes_the_way_of_proof_and_nothing_else(portal: Portal) -> None:
    person = Person.objects.get(national_id=PEOPLE["doctor"])
    by_phone = {"method": MethodName.PHONE, "auth_mode": AuthMode.MOBILE}
    answered = portal.log_in(portal.ask(), person, **by_phone)
    tokens = portal.redeem(parameters_of(answered)["code"]).json()
    beside = golden("doctor")["userinfo_beside_psc"]["standard"]
    assert portal.userinfo(tokens["access_token"]).json() == {
        **golden("doctor")["userinfo"]["current"], **beside, "authMode": "MOBILE",
    }  # fmt: skip


def test_every_person_has_a_golden_file_and_nobody_else() -> None:
    assert {path.stem for path in VECTORS.iterdir()} == set(PEOPLE)


def test_golden_files_are_sorted_and_readable() -> None:
    for path in VECTORS.iterdir():
        text = json.dumps(golden(path.stem), ensure_ascii=False, indent=1, sort_keys=True)
        assert path.read_text() == f"{text}\n"


def activities(userinfo: Claims) -> list[Claims]:
    every = userinfo.get("SubjectRefPro", {"exercices": []})["exercices"]
    return [activity for exercice in every for activity in exercice["activities"]]


def texts(value: object) -> list[object]:
    """Every value at any depth."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value]


@pytest.mark.parametrize("slug", PEOPLE)
@pytest.mark.parametrize("shape", UserInfoShape)
def test_the_rules_hold_in_each_golden_file(slug: str, shape: UserInfoShape) -> None:
    told = golden(slug)["userinfo"][shape]
    number = PEOPLE[slug]
    assert (told["SubjectNameID"], told["preferred_username"]) == (number, number)
    assert None not in texts(told)
    keys = [
        key
        for key in ACTIVITY_KEYS.values()
        if shape is not UserInfoShape.Y2021 or key != "codeGenreActivite"
    ]
    for activity in activities(told):
        assert sorted(activity) == sorted(keys)
        assert all(isinstance(value, str) for value in activity.values())
    for exercice in told.get("SubjectRefPro", {"exercices": []})["exercices"]:
        assert len(exercice) == 8
        pairs = (exercice["codeTypeSavoirFaire"], exercice["codeSavoirFaire"])
        assert all(pairs) or pairs == ("", "")


@pytest.mark.parametrize("slug", PEOPLE)
def test_what_is_said_at_the_top_is_of_the_first_activity(slug: str) -> None:
    told = golden(slug)["userinfo"]["current"]
    if not activities(told):
        assert told.keys() == WITHOUT_PRACTICE
        return
    exercice = next(each for each in told["SubjectRefPro"]["exercices"] if each["activities"])
    first = exercice["activities"][0]
    assert {name: told[name] for name in MIRRORED} == {
        name: first[key] for name, key in MIRRORED.items()
    }
    sector = first["codeSecteurDactivite"]
    assert told["Secteur_Activite"] == (f"{sector}^1.2.250.1.71.4.2.4" if sector else "")
    is_student = exercice["codeCategorieProfessionnelle"] == "E"
    suffix = "1.2.250.1.71.1.2.8" if is_student else "1.2.250.1.213.1.1.5.5"
    assert told["SubjectRole"] == [f"{exercice['codeProfession']}^{suffix}"]
    assert told["Palier_Authentification"] == "APPPRIP3^1.2.250.1.213.1.5.1.1.1"
    assert told["PSI_Locale"] == "1.2.250.1.213.1.3.1.1"
    assert (told["Acces_Regulation_Medicale"], told["UITVersion"]) == ("FAUX", "1.0")
    assert told["Mode_Acces_Raison"] == ""
    origin = "RPPS" if PEOPLE[slug].startswith("8") else "ADELI"
    assert told["otherIds"] == [{"identifiant": PEOPLE[slug], "origine": origin, "qualite": 1}]


@pytest.mark.parametrize("slug", PEOPLE)
def test_the_id_token_names_the_person_and_tells_no_practice(slug: str) -> None:
    told = golden(slug)
    for profile, claims in told["id_token"].items():
        userinfo = {**told["userinfo"]["current"], **told["userinfo_beside_psc"].get(profile, {})}
        person = {name for name in claims if name in userinfo}
        assert {name: claims[name] for name in person} == {name: userinfo[name] for name in person}
        assert person == {
            "sub", "preferred_username", "given_name", "family_name", "SubjectNameID",
        }  # fmt: skip
        assert isinstance(claims["aud"], str)
        assert all(isinstance(claims[name], int) for name in ("exp", "iat", "auth_time"))


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("slug", "role"), [("doctor", "10^1.2.250.1.71.1.2.7"), ("student", "10^1.2.250.1.71.1.2.8")]
)
def test_the_tables_of_codes_are_the_operators_but_for_students(
    portal: Portal, settings: Settings, slug: str, role: str
) -> None:
    settings.HYGIE = replace(
        settings.HYGIE, subject_role_oid="1.2.250.1.71.1.2.7", secteur_activite_oid="1.2.3"
    )
    person = Person.objects.get(national_id=PEOPLE[slug])
    told = portal.userinfo(portal.tokens(person)["access_token"]).json()
    assert told["SubjectRole"] == [role]
    assert told["Secteur_Activite"].endswith("^1.2.3")
