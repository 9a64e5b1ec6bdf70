"""« En tant que »: which practice a person logs in for, where the portal asks it to be chosen."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from idp.core import clock
from idp.directory.flows.find import get_professional
from idp.directory.flows.nomenclatures import labels_of
from idp.directory.rules.practices import Practice, practices_of
from idp.directory.rules.professional import Professional
from idp.login.models import LoginAttempt, PracticeChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A practice as the person reads it. `details`: the sector, the way of practising, …"""

    key: str
    place: str
    profession: str
    details: tuple[str, ...]
    address: str
    is_last: bool


def offered_practices(*, attempt: LoginAttempt) -> list[Offered]:
    """What to choose from, the last choice at this portal first; nothing where there is no choice.

    Whoever has one practice, or none, is not asked.
    """
    proof = attempt.proof
    if proof is None or not attempt.login_policy.asks_practice:
        return []
    professional = get_professional(person_id=proof.person_id)
    practices = practices_of(professional) if professional else ()
    if len(practices) < 2:
        return []
    last = remembered_practice(person_id=proof.person_id, client_id=attempt.client_id)
    words = labels_of({pair for each in practices for pair in _codes(each)})
    offered = [_offered(each, words, last) for each in practices]
    return sorted(offered, key=lambda each: not each.is_last)


def must_choose(professional: Professional, *, remembered: str) -> bool:
    """Whether an open session is not enough: several practices, none of them chosen before."""
    keys = {each.key for each in practices_of(professional)}
    return len(keys) > 1 and remembered not in keys


def remembered_practice(*, person_id: UUID, client_id: str) -> str:
    """The key of the last choice at this portal; `""` for none."""
    rows = PracticeChoice.objects.filter(person_id=person_id, client_id=client_id)
    return rows.values_list("practice", flat=True).first() or ""


def remember_practice(*, person_id: UUID, client_id: str, practice: str) -> None:
    PracticeChoice.objects.update_or_create(
        person_id=person_id,
        client_id=client_id,
        defaults={"practice": practice, "chosen_at": clock.now()},
    )


def _codes(practice: Practice) -> Iterable[tuple[str, str]]:
    activity = practice.activity
    pairs = (
        ("R23", activity.code_mode_exercice),
        ("R02", activity.code_secteur_activite),
        ("G05", activity.code_section_pharmacien),
        ("R21", activity.code_role),
        ("R22", activity.code_genre_activite),
    )
    return [(table, code) for table, code in pairs if code]


def _offered(practice: Practice, words: dict[tuple[str, str], str], last: str) -> Offered:
    activity = practice.activity
    street = " ".join(
        filter(None, (activity.numero_voie, activity.indice_repetition_voie, activity.libelle_voie))
    )
    return Offered(
        key=practice.key,
        place=activity.place,
        profession=practice.exercice.profession_label,
        # A code without words says nothing to a person.
        details=tuple(words[pair] for pair in _codes(practice) if pair in words),
        address=", ".join(filter(None, (street, activity.code_postal))),
        is_last=practice.key == last,
    )
