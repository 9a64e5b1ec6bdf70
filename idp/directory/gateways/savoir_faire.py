"""The savoir-faire of people as they are stored."""

from collections.abc import Sequence
from uuid import UUID

from idp.directory import models
from idp.directory.rules.professional import SavoirFaire
from idp.directory.rules.savoir_faire import Known, Source


def live_of(people: Sequence[UUID], *sources: Source) -> dict[UUID, Known]:
    """Those that have not ended, of who has some."""
    found: dict[UUID, dict[tuple[str, str], list[SavoirFaire]]] = {}
    rows = models.SavoirFaire.objects.filter(person__in=people, until=None, source__in=sources)
    for person_id, profession, category, code_type, code in rows.values_list(
        "person_id", "code_profession", "code_categorie_professionnelle", "code_type", "code"
    ):
        known = found.setdefault(person_id, {}).setdefault((profession, category), [])
        known.append(SavoirFaire(code_type, code))
    return {**found}
