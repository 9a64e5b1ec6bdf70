"""The claims of the sandbox's people, to the letter: golden files in tests/vectors/oidc."""

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from idp.directory.rules.activity import ACTIVITY_KEYS
from idp.directory.rules.professional import AlternativeIdentifier, Exercice
from idp.oidc.rules import tokens
from idp.oidc.rules.claims import every_claim, userinfo
from idp.oidc.rules.introspection import introspection
from idp.oidc.rules.scopes import open_claims
from tests.oidc.rules.people import DOCTOR, PEOPLE

VECTORS = Path(__file__).parents[2] / "vectors" / "oidc"
GRANT = UUID("00000000-0000-4000-8000-0000000000aa")
SESSION = UUID("00000000-0000-4000-8000-0000000000bb")
FACTS = tokens.TokenFacts(
    issuer="https://auth.example.fr/auth/realms/esante-wallet",
    client_id="portail",
    subject=str(DOCTOR.person_id),
    grant_id=GRANT,
    session_id=SESSION,
    scope="openid scope_all",
    nonce="",
    acr="eidas1",
    amr=("sc", "pin"),
    auth_mode="CARD",
    auth_time=1_795_000_000,
    issued_at=1_795_000_060,
)


def golden(name: str) -> object:
    return json.loads((VECTORS / f"{name}.json").read_text())


@pytest.mark.parametrize("slug", PEOPLE)
def test_the_userinfo_of(slug: str) -> None:
    person = PEOPLE[slug]
    told = userinfo(
        person,
        subject=str(person.person_id),
        auth_mode="CARD",
        open_claims=open_claims(scopes=("openid", "scope_all")),
        emits_name=False,
    )
    assert told == golden(f"userinfo-{slug}")


def test_the_access_token() -> None:
    claims = tokens.access_claims(FACTS, DOCTOR, jti=f"{GRANT}:x", expires_at=1_795_000_180)
    assert claims == golden("access-token")
    assert introspection(claims) == golden("introspection-access-token")
    assert tokens.grant_of(claims) == GRANT


def test_the_id_token() -> None:
    claims = tokens.id_claims(
        FACTS,
        DOCTOR,
        jti=f"{GRANT}:x",
        expires_at=1_795_000_180,
        access_token="access",
        alg="RS256",
        open_claims=tokens.id_token_claims_opened(
            by_scope=open_claims(scopes=("openid", "scope_all")), requested=()
        ),
    )
    assert claims == golden("id-token")


def test_the_refresh_token() -> None:
    claims = tokens.refresh_claims(FACTS, jti=f"{GRANT}:x", expires_at=1_795_001_860)
    assert claims == golden("refresh-token")
    assert introspection(claims) == golden("introspection-refresh-token")


def test_the_token_response() -> None:
    answer = tokens.token_response(
        access_token="a",
        expires_in=120,
        refresh_token="r",
        refresh_expires_in=1800,
        id_token="i",
        session_id=SESSION,
        scope="openid scope_all",
    )
    assert answer == golden("token-response")


def test_a_nonce_that_was_not_sent_is_absent_where_it_is_not_blank() -> None:
    claims = tokens.refresh_claims(replace(FACTS, nonce=None), jti="x", expires_at=0)
    assert "nonce" not in claims


def test_at_hash_is_that_of_the_specification() -> None:
    # OpenID Connect Core, appendix A.3: the access token of the example.
    assert tokens.at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", alg="RS256") == (
        "77QmUPtjPfzWtF2AnpK9RQ"
    )


def test_an_intern_does_not_read_as_a_doctor() -> None:
    told = every_claim(PEOPLE["student"], subject="s", auth_mode="CARD")
    assert told["SubjectRole"] == ["10^1.2.250.1.71.1.2.8"]
    (exercice,) = told["SubjectRefPro"]["exercices"]
    assert exercice["codeCategorieProfessionnelle"] == "E"


def test_a_person_without_practice_has_the_base_keys_only() -> None:
    told = userinfo(
        PEOPLE["retired"],
        subject="s",
        auth_mode="CARD",
        open_claims=open_claims(scopes=("openid", "scope_all")),
        emits_name=False,
    )
    assert set(told) == {
        "sub",
        "preferred_username",
        "codeCivilite",
        "given_name",
        "SubjectNameID",
        "family_name",
    }


def test_several_savoir_faire_are_several_exercices() -> None:
    told = every_claim(PEOPLE["specialist"], subject="s", auth_mode="CARD")
    pairs = [
        (entry["codeTypeSavoirFaire"], entry["codeSavoirFaire"])
        for entry in told["SubjectRefPro"]["exercices"]
    ]
    assert len(pairs) == len(set(pairs)) == 3


@pytest.mark.parametrize("slug", PEOPLE)
def test_every_exercice_has_eight_keys_and_every_activity_thirty(slug: str) -> None:
    told = every_claim(PEOPLE[slug], subject="s", auth_mode="CARD")
    for exercice in told.get("SubjectRefPro", {"exercices": []})["exercices"]:
        assert len(exercice) == 8
        for activity in exercice["activities"]:
            assert list(activity) == list(ACTIVITY_KEYS.values())
            assert all(isinstance(value, str) for value in activity.values())


def test_the_first_activity_is_mirrored_from_whoever_owns_it() -> None:
    idle = Exercice(code_profession="60", code_categorie_professionnelle="C")
    person = replace(DOCTOR, exercices=(idle, *DOCTOR.exercices))
    told = every_claim(person, subject="s", auth_mode="CARD")
    assert told["SubjectRole"] == ["10^1.2.250.1.213.1.1.5.5"]
    assert len(told["SubjectRefPro"]["exercices"]) == 1 + len(DOCTOR.exercices)


def test_a_psi_account_is_named_beside_the_number() -> None:
    psi = AlternativeIdentifier(identifier=str(GRANT), origin="PSI", quality=2)
    person = replace(DOCTOR, alternative_identifiers=(psi, *DOCTOR.alternative_identifiers))
    claims = tokens.access_claims(FACTS, person, jti="x", expires_at=0)
    assert claims["PSISubjectNameID"] == str(GRANT)
    assert [entry["qualite"] for entry in claims["otherIds"]] == [1, 2]


def test_a_locum_without_a_place_still_has_an_activity() -> None:
    told = every_claim(PEOPLE["locum"], subject="s", auth_mode="MOBILE")
    assert told["SubjectOrganizationID"] == ""
    assert told["authMode"] == "MOBILE"
