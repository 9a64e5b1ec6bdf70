"""Fictitious people for tests: a person's row with its rendered professional."""

from idp.core import clock
from idp.directory.models import AlternativeIdentifier, Person
from idp.directory.models.people import SANDBOX_SOURCE
from idp.directory.rules.professional import (
    AlternativeIdentifier as KnownAs,
)
from idp.directory.rules.professional import (
    Exercice,
    Professional,
)

DOCTOR = "899900000011"


def make_person(national_id: str = DOCTOR, *, is_test: bool = True, **changes: str) -> Person:
    """A general practitioner, unless `changes` say otherwise (profession, category, names)."""
    source = SANDBOX_SOURCE if is_test else ""
    person = Person(national_id=national_id, is_test=is_test, source=source)
    professional = Professional(
        person_id=person.pk,
        national_id=national_id,
        family_name=changes.get("family_name", "Lefèvre"),
        given_names=changes.get("given_names", "Camille"),
        civility="MME",
        is_test=is_test,
        alternative_identifiers=(KnownAs(identifier=national_id, origin="RPPS", quality=1),),
        exercices=(
            Exercice(
                code_profession=changes.get("profession", "10"),
                code_categorie_professionnelle=changes.get("category", "C"),
                code_civilite="DR",
                nom=changes.get("family_name", "Lefèvre"),
                prenom=changes.get("given_names", "Camille"),
                savoir_faire=(),
                activities=(),
            ),
        ),
    )
    person.family_name = professional.family_name
    person.given_names = professional.given_names
    person.snapshot = professional.to_snapshot()
    person.created_at = person.updated_at = clock.now()
    person.save(force_insert=True)
    AlternativeIdentifier.objects.create(
        person=person, identifier=national_id, origin="RPPS", quality=1
    )
    return person
