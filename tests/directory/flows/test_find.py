"""Who is this? One statement, and nobody fictitious outside a sandbox."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from idp.directory.flows.find import find_professional, get_professional, list_test_professionals
from idp.directory.flows.importing import ImportSummary
from idp.directory.models import AlternativeIdentifier, Person
from idp.directory.models.people import SANDBOX_SOURCE
from tests.directory.register import fictitious_rpps, register, row, rpps

DOCTOR = "899900000011"
pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("sandbox_people")
def test_a_professional_is_found_by_the_national_identifier_in_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        found = find_professional(identifier=DOCTOR)
    assert found is not None
    assert found.display_name == "Dr Camille Lefèvre"
    assert found.is_test


@pytest.mark.usefixtures("sandbox_people")
def test_a_professional_is_found_by_the_internal_subject_in_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    known = find_professional(identifier=DOCTOR)
    assert known is not None
    with django_assert_num_queries(1):
        assert get_professional(person_id=known.person_id) == known


@pytest.mark.usefixtures("sandbox_people")
def test_a_former_identifier_still_leads_to_the_person() -> None:
    person = Person.objects.get(national_id=DOCTOR)
    AlternativeIdentifier.objects.create(
        person=person, identifier="0441234567", origin="ADELI", quality=2
    )
    found = find_professional(identifier="0441234567")
    assert found is not None
    assert found.person_id == person.pk


@pytest.mark.usefixtures("sandbox_people")
def test_an_adeli_identifier_leads_to_its_person() -> None:
    found = find_professional(identifier="00B9100017")
    assert found is not None
    assert found.profession_label == "Orthophoniste"


@pytest.mark.usefixtures("sandbox_people")
@pytest.mark.parametrize(
    "identifier", ["810100271385", "99900000011", "", "x", "8999\x0000000011", "' OR 1=1 --"]
)
def test_nobody_is_found_by_anything_else(identifier: str) -> None:
    assert find_professional(identifier=identifier) is None


@pytest.mark.usefixtures("sandbox_people")
def test_nobody_is_found_by_another_subject() -> None:
    assert get_professional(person_id=uuid4()) is None


@pytest.mark.usefixtures("sandbox_people", "production")
def test_fictitious_people_left_in_a_database_do_not_exist_in_production() -> None:
    person = Person.objects.get(national_id=DOCTOR)
    assert find_professional(identifier=DOCTOR) is None
    assert get_professional(person_id=person.pk) is None
    assert list_test_professionals() == ()


@pytest.mark.usefixtures("production")
def test_real_people_exist_in_production(import_bytes: Callable[..., ImportSummary]) -> None:
    import_bytes(register(row()))
    found = find_professional(identifier=f"8{rpps(1)}")
    assert found is not None
    assert not found.is_test


@pytest.mark.usefixtures("sandbox_people")
def test_test_people_are_listed_in_one_statement_and_in_order(
    django_assert_num_queries: DjangoAssertNumQueries,
    import_bytes: Callable[..., ImportSummary],
) -> None:
    Person.objects.update(source=SANDBOX_SOURCE)
    # Beside them somebody real, and somebody fictitious whom the sandbox did not bring along.
    import_bytes(register(row()))
    import_bytes(register(row(fictitious_rpps(5000))), test_identities=True)
    with django_assert_num_queries(1):
        people = list_test_professionals()
    identifiers = [person.national_id for person in people]
    assert len(identifiers) == 20
    assert identifiers == sorted(identifiers, key=lambda number: (number[0] != "8", number))
    assert identifiers[0] == DOCTOR
    assert f"8{rpps(1)}" not in identifiers


@pytest.mark.usefixtures("sandbox_people")
def test_the_subject_of_a_test_person_is_the_same_in_every_sandbox() -> None:
    found = find_professional(identifier=DOCTOR)
    assert found is not None
    assert found.person_id == UUID("89990000-0011-8c49-923c-8087c3d5b18a")
