"""Files of savoir-faire for tests, and what the directory then says."""

from idp.directory.flows.find import find_professional
from idp.directory.flows.importing import ImportSummary
from idp.directory.models import Exercice, Person, SavoirFaire
from idp.directory.rules.official_headers import SAVOIR_FAIRE_FILE
from idp.directory.rules.professional import Exercice as ExerciceValue
from idp.directory.rules.professional import Professional
from tests.directory.register import row_of, rpps

COLUMNS = [*SAVOIR_FAIRE_FILE]
HEADER = "|".join((*COLUMNS, ""))
NURSE = "60"


def skill(
    number: int = 1, code: str = "SM54", *, kind: str = "S", profession: str = "10", **changes: str
) -> str:
    of = {"code_profession": profession, "code_type_savoir_faire": kind, "code_savoir_faire": code}
    return row_of(COLUMNS, rpps(number), **of, **changes)


def knows(code: str) -> dict[str, str]:
    """What a row of the register of people says of a savoir-faire."""
    return {"code_type_savoir_faire": "S", "code_savoir_faire": code}


def agree() -> None:
    """Who is in the register is shown with what is said of their professions; who left, ended."""
    present = Person.objects.filter(left_register_at=None)
    live = SavoirFaire.objects.filter(until=None)
    assert not live.exclude(person__in=present).exists()
    for person in present:
        practised = Exercice.objects.filter(person=person, until=None)
        of = ("code_profession", "code_categorie_professionnelle")
        said = {*live.filter(person=person).values_list(*of, "code_type", "code")}
        assert {each[:2] for each in said} <= {*practised.values_list(*of)}
        shown = [
            (entry.code_profession, entry.code_categorie_professionnelle, *known)
            for entry in Professional.from_snapshot(person.snapshot).exercices
            for known in entry.savoir_faire
        ]
        assert len(shown) == len(said)
        assert {*shown} == said


def exercices(number: int = 1) -> tuple[ExerciceValue, ...]:
    found = find_professional(identifier=f"8{rpps(number)}")
    assert found is not None
    return found.exercices


def shown(number: int = 1) -> list[str]:
    return [known.code for exercice in exercices(number) for known in exercice.savoir_faire]


def counts(summary: ImportSummary) -> tuple[int, int, int, int]:
    return summary.created, summary.changed, summary.unchanged, summary.ended


def everything() -> list[object]:
    return [list(table.objects.order_by("pk").values()) for table in (Person, SavoirFaire)]
