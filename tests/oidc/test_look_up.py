"""The directory for portals: by right alone, few at a time, never the red list, all audited."""

import json
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.core.management import call_command
from pytest_django import Settings

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.flows.import_register import import_register
from idp.directory.models import Exercice, Person
from idp.oidc.gateways.client_cache import forget_client
from idp.oidc.models import Client
from tests.directory.register import SANDBOX_FILE
from tests.oidc.portal import FORM, Browser, Portal
from tests.oidc.signing_portal import signing_portal
from tests.oidc.test_client_credentials import own_token
from tests.people import make_person

pytestmark = pytest.mark.django_db
ANNUAIRE = "/auth/realms/esante-wallet/annuaire"
DOCTOR = "899900000011"
# Nothing listens there.
REDIS_AWAY = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": "redis://127.0.0.1:1/0",
    "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
}


def change(portal: Portal, **values: Any) -> None:
    Client.objects.filter(pk=portal.client.pk).update(**values)
    forget_client(portal.client.client_id)


@pytest.fixture
def reader(portal: Portal) -> Portal:
    """A portal with the right."""
    import_register(path=SANDBOX_FILE, test_identities=True)
    cache.clear()
    change(portal, may_look_up=True, grant_types=["authorization_code", "client_credentials"])
    return portal


def token(portal: Portal) -> str:
    answer = own_token(portal, scope="annuaire").json()
    assert answer["scope"] == "annuaire"
    return str(answer["access_token"])


def ask(portal: Portal, access_token: str = "", **form: str) -> Any:
    return _post(access_token or token(portal), form)


def _post(access_token: str, form: dict[str, str]) -> Any:
    return Browser().post(
        ANNUAIRE,
        urlencode(form),
        content_type=FORM,
        HTTP_AUTHORIZATION=f"Bearer {access_token}",
    )


def told(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [each["SubjectNameID"] for each in response.json()["people"]]


@pytest.mark.parametrize("rpps", [DOCTOR, DOCTOR[1:], f" {DOCTOR} "])
def test_one_person_by_identifier(reader: Portal, rpps: str) -> None:
    response = ask(reader, rpps=rpps)
    assert told(response) == [DOCTOR]
    (person,) = response.json()["people"]
    assert set(person) == {"SubjectNameID", "exercices"}
    assert person["exercices"][0]["codeProfession"] == "10"
    assert person["exercices"][0]["nomDexercice"] == "Lefèvre"
    assert response["Cache-Control"] == "no-store"


def test_some_by_name_whatever_the_case(reader: Portal) -> None:
    assert told(ask(reader, nom="le goff")) == ["899900000045"]
    assert told(ask(reader, nom="LE GOFF", prenom="jean")) == ["899900000045"]
    assert told(ask(reader, nom="Le Goff", prenom="Paul")) == []
    for accented in ("Lefèvre", "LEFÈVRE", "lefèvre"):
        assert DOCTOR in told(ask(reader, nom=accented))
    # The whole name, not its beginning; and no wildcard of the database.
    assert told(ask(reader, nom="Le G")) == []
    assert told(ask(reader, nom="%%")) == []
    assert told(ask(reader, nom="__ ____")) == []


def test_at_most_twenty_and_that_there_are_more(reader: Portal) -> None:
    for number in range(21):
        person = make_person(f"Q{number:02}", family_name="Martin")
        Exercice.objects.create(
            person=person, rank=0, nom="MARTIN", since="2026-01-01", entered_by=1
        )
    response = ask(reader, nom="martin")
    assert len(told(response)) == 20
    assert response.json()["more"] is True
    assert ask(reader, nom="Le Goff").json()["more"] is False


def test_a_civil_name_finds_nobody_who_practises_under_another(reader: Portal) -> None:
    # As the restricted extraction says it: both names are known here, one is public.
    Person.objects.filter(national_id=DOCTOR).update(family_name="Secret", given_names="Cachée")
    nobody = ask(reader, nom="Personne")
    assert ask(reader, nom="Secret").content == nobody.content
    Person.objects.filter(national_id=DOCTOR).update(family_name="Lefèvre")
    assert told(ask(reader, nom="Lefèvre", prenom="Cachée")) == []
    assert told(ask(reader, nom="Lefèvre", prenom="Camille")) == [DOCTOR]


def test_nobody_is_found_by_the_name_of_a_profession_that_ended(reader: Portal) -> None:
    Exercice.objects.filter(person__national_id=DOCTOR).update(until="2026-01-01")
    assert told(ask(reader, nom="Lefèvre")) == []


@pytest.mark.parametrize(
    "change_of_person",
    [{"is_red_listed": True}, {"left_register_at": "2026-01-01T00:00:00Z"}],
)
def test_the_red_list_and_who_left_are_not_told_from_nobody(
    reader: Portal, change_of_person: dict[str, Any]
) -> None:
    Person.objects.filter(national_id=DOCTOR).update(**change_of_person)
    nobody = ask(reader, rpps="899900099993")
    for response in (ask(reader, rpps=DOCTOR), ask(reader, nom="Lefèvre")):
        assert response.content == nobody.content
    assert told(nobody) == []


def test_every_read_is_a_row(reader: Portal) -> None:
    ask(reader, nom="Le Goff")
    row = AuditRow.objects.filter(event="directory_read").latest("pk")
    assert row.client_id == "portail-test"
    assert row.data == {"asked": {"nom": "Le Goff"}, "told": ["899900000045"]}
    ask(reader, rpps=DOCTOR)
    row = AuditRow.objects.filter(event="directory_read").latest("pk")
    assert (row.subject, row.data["told"]) == (DOCTOR, [DOCTOR])
    ask(reader, nom="Personne")
    assert AuditRow.objects.filter(event="directory_read").latest("pk").data["told"] == []


# ---- the right ---------------------------------------------------------------------------------


def test_no_portal_has_it_by_default(portal: Portal) -> None:
    change(portal, grant_types=["client_credentials"])
    assert own_token(portal, scope="annuaire").json()["error"] == "invalid_scope"


def test_a_token_without_the_scope_opens_nothing(reader: Portal) -> None:
    other = own_token(reader, scope="scope_all").json()["access_token"]
    response = ask(reader, other, rpps=DOCTOR)
    assert (response.status_code, response.json()["error"]) == (403, "insufficient_scope")
    row = AuditRow.objects.get(event="directory_read")
    assert (row.outcome, row.data["code"]) == ("refused", "insufficient_scope")


def test_a_right_that_is_taken_away_ends_at_once(reader: Portal) -> None:
    access_token = token(reader)
    change(reader, may_look_up=False)
    assert ask(reader, access_token, rpps=DOCTOR).status_code == 403


def test_a_portal_that_is_disabled_reads_no_more(reader: Portal) -> None:
    access_token = token(reader)
    change(reader, is_enabled=False)
    assert ask(reader, access_token, rpps=DOCTOR).status_code == 401


def test_a_persons_token_opens_it_for_nobody(reader: Portal) -> None:
    tokens = reader.tokens(Person.objects.get(national_id=DOCTOR), scope="openid annuaire")
    assert "annuaire" not in tokens["scope"]
    assert ask(reader, tokens["access_token"], rpps=DOCTOR).status_code == 401


def test_its_token_opens_no_userinfo(reader: Portal) -> None:
    assert reader.userinfo(token(reader)).status_code == 403


def test_without_a_token_it_is_said_how(reader: Portal) -> None:
    response = Browser().post(ANNUAIRE, "rpps=1", content_type=FORM)
    assert (response.status_code, response.content) == (401, b"{}")
    assert response["WWW-Authenticate"] == 'Bearer realm="hygie"'


def test_a_forged_token_opens_nothing(reader: Portal) -> None:
    assert ask(reader, "a.b.c", rpps=DOCTOR).status_code == 401


def test_a_bound_token_is_no_bearer_token(reader: Portal) -> None:
    bound = signing_portal("bound", grant_types=("client_credentials",), redirect_uris=())
    Client.objects.filter(pk=bound.client.pk).update(may_look_up=True)
    forget_client("bound")
    bound.with_nonce()
    answer = bound.send("token", {"grant_type": "client_credentials", "scope": "annuaire"}).json()
    assert answer["token_type"] == "DPoP"
    assert _post(answer["access_token"], {"rpps": DOCTOR}).status_code == 401


# ---- the question ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"rpps": ""},
        {"rpps": DOCTOR, "nom": "Lefèvre"},
        {"prenom": "Camille"},
        {"nom": "L"},
        {"nom": " L "},
        {"nom": "x" * 81},
        {"rpps": "8" * 81},
    ],
)
def test_what_is_not_one_question_is_refused(reader: Portal, form: dict[str, str]) -> None:
    response = ask(reader, **form)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_it_comes_in_the_body_of_a_post(reader: Portal) -> None:
    header: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {token(reader)}"}
    assert Browser().get(f"{ANNUAIRE}?rpps={DOCTOR}", **header).status_code == 405
    response = Browser().post(f"{ANNUAIRE}?rpps={DOCTOR}", "", content_type=FORM, **header)
    assert response.status_code == 400
    assert not AuditRow.objects.filter(event="directory_read").exists()


def test_repeated_or_broken_parameters_are_refused(reader: Portal) -> None:
    header: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {token(reader)}"}
    for body in ("nom=AB&nom=CD", "nom=%00AB", "nom=%ff"):
        assert Browser().post(ANNUAIRE, body, content_type=FORM, **header).status_code == 400


def test_the_one_too_many_in_a_minute_is_told_to_wait(reader: Portal) -> None:
    access_token = token(reader)
    with clock.frozen(clock.now()):
        for _time in range(30):
            assert ask(reader, access_token, rpps=DOCTOR).status_code == 200
        response = ask(reader, access_token, rpps=DOCTOR)
    assert (response.status_code, response.json()["error"]) == (429, "slow_down")
    assert response["Retry-After"] == "60"
    assert AuditRow.objects.filter(event="directory_read").count() == 30


def test_where_nobody_can_count_the_questions_none_is_answered(
    reader: Portal, settings: Settings
) -> None:
    access_token = token(reader)
    settings.CACHES = {"default": REDIS_AWAY}
    response = ask(reader, access_token, rpps=DOCTOR)
    assert (response.status_code, response.json()["error"]) == (503, "temporarily_unavailable")
    assert response["Retry-After"] == "30"
    assert "people" not in response.json()
    assert not AuditRow.objects.filter(event="directory_read").exists()


def test_the_operator_gives_the_right_and_sees_it() -> None:
    out = StringIO()
    words = ("--grant", "client_credentials", "--may-look-up")
    call_command("client", "add", "Service", *words, stdout=out)
    shown = json.loads(out.getvalue())
    assert shown["may_look_up"] is True
    assert Client.objects.get(client_id=shown["client_id"]).may_look_up
