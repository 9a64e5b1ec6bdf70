"""A student never reads as the profession: of every code, from the register's row to the portal."""

from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Visitor
from django.urls import reverse

from idp.directory.flows.find import find_professional
from idp.directory.flows.import_register import import_register
from idp.directory.flows.importing import ImportSummary, Options
from idp.directory.models import Exercice, Person
from idp.directory.models.people import SANDBOX_SOURCE
from idp.directory.rules.professional import Professional
from idp.oidc.gateways.client_cache import forget_client
from idp.oidc.models import Client
from idp.oidc.rules.answers import UserInfoShape
from idp.oidc.rules.claims import userinfo
from idp.oidc.rules.scopes import SCOPES, open_claims
from tests.directory.register import PRACTICE, fictitious_rpps, register, row
from tests.login.conftest import BROWSER, open_one
from tests.oidc.portal import Portal
from tests.oidc.test_practice_choice import proven

pytestmark = pytest.mark.django_db

G15 = [
    "10", "21", "26", "28", "31", "32", "40", "50", "60", "69", "70", "80", "81", "82", "83", "84",
    "85", "86", "91", "92", "94", "95", "96", "98",
]  # fmt: skip
G15_DEPRECATED = ["35", "36", "37", "38", "39", "93"]
G16 = ["10", "21", "40", "50"]
OTHER_TABLES = ["71", "72", "73", "97", "41", "99"]
# Of no table, or of one to come.
UNKNOWN = ["00", "77", "100", "171", "1O", "é", "010", "10 10", "10^", "<b>10</b>"]
CODES = list(dict.fromkeys([*G15, *G15_DEPRECATED, *G16, *OTHER_TABLES, *UNKNOWN]))
PRACTISING, STUDENT = ("C", "M", "F"), "E"
ROLE, ROLE_IN_TRAINING = "1.2.250.1.213.1.1.5.5", "1.2.250.1.71.1.2.8"

# Somebody of every code in every category.
NUMBERS = {
    (code, category): fictitious_rpps(100 + number)
    for number, (code, category) in enumerate(
        (code, category) for code in CODES for category in (*PRACTISING, STUDENT)
    )
}


def row_of_one(code: str, category: str) -> str:
    return row(
        NUMBERS[code, category],
        code_profession=code,
        code_categorie_professionnelle=category,
        code_civilite="",
        **PRACTICE,
    )


@pytest.fixture
def everybody(db: None, tmp_path: Any) -> ImportSummary:
    path = tmp_path / "register.txt"
    path.write_bytes(register(*(row_of_one(*pair) for pair in NUMBERS)))
    return import_register(path=path, options=Options(test_identities=True))


def found(code: str, category: str) -> Professional:
    professional = find_professional(identifier=f"8{NUMBERS[code, category]}")
    assert professional is not None
    return professional


def claims(
    code: str, category: str, shape: UserInfoShape = UserInfoShape.CURRENT
) -> dict[str, Any]:
    return userinfo(
        found(code, category),
        subject="s",
        auth_mode="CARD",
        open_claims=open_claims(scopes=SCOPES),
        emits_name=True,
        shape=shape,
    )


def profession(told: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (each["codeProfession"], each["codeCategorieProfessionnelle"])
        for each in told["SubjectRefPro"]["exercices"]
    }


def test_no_code_is_fatal_and_each_is_kept(everybody: ImportSummary) -> None:
    assert (everybody.created, everybody.malformed) == (len(NUMBERS), [])
    kept = Exercice.objects.values_list("code_profession", "code_categorie_professionnelle")
    assert set(kept) == set(NUMBERS)


@pytest.mark.usefixtures("everybody")
@pytest.mark.parametrize("shape", UserInfoShape)
def test_the_claims_of_a_student_are_never_those_of_the_profession(shape: UserInfoShape) -> None:
    for code in CODES:
        student = claims(code, STUDENT, shape)
        assert student["SubjectRole"] == [f"{code}^{ROLE_IN_TRAINING}"]
        assert profession(student) == {(code, "E")}
        for category in PRACTISING:
            qualified = claims(code, category, shape)
            assert qualified["SubjectRole"] == [f"{code}^{ROLE}"]
            assert profession(qualified) == {(code, category)}


@pytest.mark.usefixtures("everybody")
def test_the_words_for_a_student_are_never_those_for_a_professional() -> None:
    practising = {
        found(code, category).profession_label for code in CODES for category in PRACTISING
    }
    for code in CODES:
        words = found(code, STUDENT).profession_label
        assert words not in practising
        assert "en formation" in words
    for code in G16:
        assert found(code, STUDENT).profession_label == (
            f"{found(code, 'C').profession_label} en formation"
        )


@pytest.mark.usefixtures("everybody")
def test_the_page_says_of_each_what_they_are() -> None:
    Person.objects.update(source=SANDBOX_SOURCE)
    visitor = Visitor()
    visitor.cookies[settings.HYGIE.cookie_name("browser")] = BROWSER.secret
    page = visitor.get(reverse("sandbox:test_identity", args=[open_one().pk]))
    html = page.content.decode()
    assert "<b>10</b>" not in html
    words = {
        number: unescape(line).partition(" · ")[2].partition(" · ")[0]
        for line in html.splitlines()
        for number in NUMBERS.values()
        if f'value="8{number}"' in line
    }
    assert len(words) == len(NUMBERS)
    practising = {words[NUMBERS[code, each]] for code in CODES for each in PRACTISING}
    for code in CODES:
        assert words[NUMBERS[code, STUDENT]] not in practising


@pytest.mark.usefixtures("everybody")
@pytest.mark.parametrize("code", G16)
def test_a_portal_is_told_so_by_a_whole_login(portal: Portal, code: str) -> None:
    """And so is the person, where one is both and chooses."""
    person = Person.objects.get(national_id=f"8{NUMBERS[code, STUDENT]}")
    tokens = portal.tokens(person)
    told = portal.userinfo(tokens["access_token"]).json()
    assert (told["SubjectRole"], profession(told)) == (
        [f"{code}^{ROLE_IN_TRAINING}"],
        {(code, "E")},
    )


@pytest.fixture
def both(tmp_path: Any, db: None) -> Person:
    """A physician who studies medicine again, at two places."""
    path = tmp_path / "both.txt"
    number = fictitious_rpps(1)
    elsewhere = {**PRACTICE, "identifiant_technique_structure": "F0B0900017"}
    path.write_bytes(
        register(
            row(number, code_categorie_professionnelle="E", **elsewhere),
            row(number, **PRACTICE),
        )
    )
    import_register(path=path, test_identities=True)
    return Person.objects.get(national_id=f"8{number}")


def test_who_is_both_chooses_between_two_names(portal: Portal, both: Person) -> None:
    Client.objects.filter(pk=portal.client.pk).update(practice_choice=True)
    forget_client(portal.client.client_id)
    html = portal.browser.get(proven(portal, both.national_id)).content.decode()
    assert html.count("Médecin en formation") == 1
    assert html.count("Médecin") == 2


@pytest.mark.parametrize("category", ["X", "ETUDIANT", "Étudiant", "0"])
def test_a_category_that_is_not_known_gives_no_role(tmp_path: Any, db: None, category: str) -> None:
    path = tmp_path / "register.txt"
    number = fictitious_rpps(1)
    path.write_bytes(register(row(number, code_categorie_professionnelle=category, **PRACTICE)))
    assert import_register(path=path, test_identities=True).created == 1
    person = find_professional(identifier=f"8{number}")
    assert person is not None
    told = userinfo(
        person, subject="s", auth_mode="CARD", open_claims=open_claims(scopes=SCOPES),
        emits_name=True,
    )  # fmt: skip
    assert told["SubjectRole"] == []
    assert profession(told) == {("10", category.upper())}
    assert person.profession_label.startswith("Statut non précisé")
