"""ADELI numbers that became RPPS numbers: whoever is meant stays one person with one subject."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from idp.audit.models import AuditRow
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows.find import find_professional
from idp.directory.flows.importing import ImportSummary
from idp.directory.flows.roll_back_import import roll_back_import
from idp.directory.flows.toggle import Toggled
from idp.directory.models import AlternativeIdentifier, Card, Exercice, IssuedCard, Person, Practice
from idp.directory.rules.register_columns import RefusedFileError
from idp.login.flows.revocation import lift, revoke
from idp.login.flows.standing import check_standing
from idp.login.rules.revocation import Cause, Order, TargetKind
from tests.directory.register import PRACTICE, register, row, rpps

pytestmark = pytest.mark.django_db
ADELI, RPPS = "751234567", rpps(1)
BOTH = {"0" + ADELI, "8" + RPPS}
HEADER = "N° ADELI;N° RPPS"
Import = Callable[..., ImportSummary]


def adeli_row(**changes: str) -> str:
    names = {"nom": "MARTIN", "code_profession": "91", **changes}
    return row(ADELI, type_identifiant="0", national_id=f"0{ADELI}", **names)


def use(person: Person) -> None:
    """A card of theirs logged in."""
    Card.objects.create(
        person=person, issuer_sha256="00" * 32, serial=person.pk.hex, number="1", kind="CPS",
        not_after=clock.now() + timedelta(days=30), first_seen_at=clock.now(),
        last_seen_at=clock.now(), next_ocsp_at=clock.now(),
    )  # fmt: skip


def only_person() -> Person:
    """Found by both numbers, the RPPS number being the main one."""
    found = {find_professional(identifier=each) for each in BOTH}
    assert len(found) == 1
    professional = found.pop()
    assert professional is not None
    assert professional.national_id == f"8{RPPS}"
    assert [(a.identifier, a.origin, a.quality) for a in professional.alternative_identifiers] == [
        (f"8{RPPS}", "RPPS", 1),
        (f"0{ADELI}", "ADELI", 2),
    ]
    person = Person.objects.get(pk=professional.person_id)
    assert person.national_id == f"8{RPPS}"
    rows = AlternativeIdentifier.objects.filter(person=person).order_by("quality")
    assert list(rows.values_list("identifier", "quality")) == [(f"8{RPPS}", 1), (f"0{ADELI}", 2)]
    return person


def people() -> tuple[Person, Person]:
    """Whom each number leads to before."""
    return Person.objects.get(national_id=f"0{ADELI}"), Person.objects.get(national_id=f"8{RPPS}")


def test_who_is_known_by_the_former_number_keeps_the_subject(
    import_bytes: Import, toggle: Callable[..., Toggled]
) -> None:
    import_bytes(register(adeli_row(**PRACTICE)))
    before = Person.objects.get().pk
    assert toggle(f"{ADELI};{RPPS}") == Toggled(renamed=1)
    assert only_person().pk == before
    audit = AuditRow.objects.get(event="identifier_toggled")
    assert audit.data == {"former": f"0{ADELI}", "how": "renamed", "by": "a test"}
    # The next file knows them by the RPPS number: the same person, changed.
    summary = import_bytes(register(row(RPPS, code_profession="91", **PRACTICE)))
    assert (summary.created, summary.changed, summary.ended) == (0, 1, 0)
    assert only_person().pk == before


def test_what_the_register_still_says_under_the_former_number_changes_nothing(
    import_bytes: Import, toggle: Callable[..., Toggled]
) -> None:
    import_bytes(register(row(RPPS, nom="DURAND")))
    assert toggle(f"{ADELI};{RPPS}") == Toggled(added=1)
    summary = import_bytes(register(row(RPPS, nom="DURAND"), adeli_row()))
    assert (summary.created, summary.changed) == (0, 0)
    assert only_person().family_name == "DURAND"


def test_of_two_people_the_one_that_was_used_stays_with_what_the_register_says_now(
    import_bytes: Import, toggle: Callable[..., Toggled]
) -> None:
    import_bytes(register(adeli_row(), row(RPPS, nom="DURAND", **PRACTICE)))
    former, main = people()
    use(former)
    assert toggle(f"{ADELI};{RPPS}") == Toggled(fused=1)
    person = only_person()
    assert person.pk == former.pk
    assert (person.family_name, person.practices_ended_on) == ("DURAND", None)
    assert not Person.objects.filter(pk=main.pk).exists()
    assert Practice.objects.get(until=None).person_id == former.pk
    ended = Exercice.objects.exclude(until=None).get()
    assert (ended.person_id, ended.code_profession) == (former.pk, "91")
    # Nothing is news at the next import.
    summary = import_bytes(register(row(RPPS, nom="DURAND", **PRACTICE), row(rpps(2))))
    assert (summary.created, summary.changed) == (1, 0)


def test_of_two_people_the_rpps_one_stays_where_only_it_was_used(
    import_bytes: Import, toggle: Callable[..., Toggled]
) -> None:
    import_bytes(register(adeli_row(**PRACTICE), row(RPPS)))
    former, main = people()
    use(main)
    assert toggle(f"{ADELI};{RPPS}") == Toggled(fused=1)
    assert only_person().pk == main.pk
    assert not Person.objects.filter(pk=former.pk).exists()
    # What the other did is kept, as ended.
    kept = Practice.objects.get()
    assert (kept.person_id, kept.until) == (main.pk, clock.now().date())
    assert only_person().practices_ended_on == kept.until


def test_of_two_people_who_were_both_used_the_former_one_has_left_the_register(
    import_bytes: Import, toggle: Callable[..., Toggled]
) -> None:
    import_bytes(register(adeli_row(), row(RPPS)))
    former, main = people()
    use(former)
    use(main)
    assert toggle(f"{ADELI};{RPPS}") == Toggled(ended=1)
    assert only_person().pk == main.pk
    former.refresh_from_db()
    assert former.left_register_at is not None
    assert not former.exercices.filter(until=None).exists()
    assert main.exercices.filter(until=None).exists()


@pytest.mark.parametrize("used", [(), ("former",), ("main",), ("former", "main")])
@pytest.mark.parametrize("known", [("former",), ("main",), ("former", "main")])
def test_issued_cards_go_where_their_numbers_lead_to(
    import_bytes: Import,
    toggle: Callable[..., Toggled],
    used: tuple[str, ...],
    known: tuple[str, ...],
) -> None:
    rows = {"former": adeli_row(), "main": row(RPPS)}
    import_bytes(register(*(rows[each] for each in known)))
    for national_id in BOTH:
        person = Person.objects.filter(national_id=national_id).first()
        if person and ("main" if national_id == f"8{RPPS}" else "former") in used:
            use(person)
        IssuedCard.objects.create(
            number=national_id, person=person, national_id=national_id, kind="CPS",
            source="porteurs", updated_at=clock.now(),
        )  # fmt: skip
    toggle(f"{ADELI};{RPPS}")
    holder = only_person().pk
    assert [card.person_id for card in IssuedCard.objects.all()] == [holder, holder]


@pytest.mark.parametrize("listed", ["former", "main"])
@pytest.mark.parametrize("used", ["former", "main"])
def test_whoever_asked_not_to_appear_under_either_number_does_not(
    import_bytes: Import, toggle: Callable[..., Toggled], listed: str, used: str
) -> None:
    import_bytes(register(adeli_row(), row(RPPS)))
    of = dict(zip(("former", "main"), people(), strict=True))
    use(of[used])
    Person.objects.filter(pk=of[listed].pk).update(is_red_listed=True)
    assert toggle(f"{ADELI};{RPPS}") == Toggled(fused=1)
    assert only_person().is_red_listed


def test_an_import_that_is_taken_back_leaves_the_new_number(
    import_bytes: Import, toggle: Callable[..., Toggled]
) -> None:
    others = [row(rpps(number)) for number in range(2, 5)]
    import_bytes(register(adeli_row(), *others))
    changed = [row(rpps(2), nom="DURAND"), *others[1:]]
    last = import_bytes(register(adeli_row(nom="DURAND"), *changed))
    toggle(f"{ADELI};{RPPS}")
    roll_back_import(batch_id=last.batch)
    assert only_person().national_id == f"8{RPPS}"


def test_who_left_with_the_number_is_not_given_back_by_an_import_that_is_taken_back(
    import_bytes: Import, toggle: Callable[..., Toggled]
) -> None:
    import_bytes(register(adeli_row(), row(RPPS), row(rpps(3))))
    last = import_bytes(register(adeli_row(nom="AUTRE"), row(RPPS), row(rpps(3), nom="DURAND")))
    former, main = people()
    use(former)
    use(main)
    toggle(f"{ADELI};{RPPS}")
    roll_back_import(batch_id=last.batch)
    former.refresh_from_db()
    assert former.left_register_at is not None
    assert not former.exercices.filter(until=None).exists()


def live_sites(person: Person) -> list[str]:
    sites = person.practices.filter(until=None).values_list(
        "structure__identifiant_technique_structure", flat=True
    )
    return [*sites]


@pytest.mark.parametrize("entered", [True, False])
@pytest.mark.parametrize("known_before", [True, False])
def test_whose_number_changed_keeps_what_the_import_said_of_them(
    import_bytes: Import,
    toggle: Callable[..., Toggled],
    *,
    entered: bool,
    known_before: bool,
) -> None:
    """The claims and the tables alike, though the import is taken back for all others."""
    other, changed = row(rpps(3)), row(rpps(3), nom="DURAND")
    here, there = PRACTICE, {**PRACTICE, "identifiant_technique_structure": "R700"}
    former = [adeli_row(**here)] if known_before else []
    import_bytes(register(*former, other, *([] if entered else [row(RPPS, **here)])))
    last = import_bytes(register(*former, row(RPPS, **there), changed))
    toggle(f"{ADELI};{RPPS}")
    person = only_person()
    assert Person.objects.get(pk=person.pk).exercices.filter(until=None).count() == 1
    before = live_sites(person)
    assert len(before) == 1
    roll_back_import(batch_id=last.batch)
    assert live_sites(person) == before
    assert person.exercices.filter(until=None).count() == 1
    assert Person.objects.get(national_id=f"8{rpps(3)}").family_name == "MARTIN"


def test_said_twice_it_is_done_once(import_bytes: Import, toggle: Callable[..., Toggled]) -> None:
    import_bytes(register(adeli_row()))
    assert toggle(f"{ADELI};{RPPS}", f"{ADELI};{RPPS}") == Toggled(renamed=1, already=1)
    assert toggle(f"{ADELI};{RPPS}") == Toggled(already=1)
    assert AuditRow.objects.filter(event="identifier_toggled").count() == 1


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("known", [(1,), (1, 2), (2,)], ids=str)
def test_nobody_has_two_rpps_numbers(
    import_bytes: Import, toggle: Callable[..., Toggled], known: tuple[int, ...], together: bool
) -> None:
    """One number was replaced by two: the second of them is somebody else's, or a mistake."""
    import_bytes(
        register(adeli_row(), *(row(rpps(number), nom=f"NOM{number}") for number in known))
    )
    files = [[f"{ADELI};{rpps(1)}", f"{ADELI};{rpps(2)}"]]
    if not together:
        files = [[line] for line in files[0]]
    first = toggle(*files[0])
    before = {number: find_professional(identifier=f"8{rpps(number)}") for number in (1, 2)}
    if together:
        assert [number for number, _ in first.malformed] == [3]
    else:
        with pytest.raises(RefusedFileError, match="another RPPS number"):
            toggle(*files[1])
    assert (before[2] is None) is (2 not in known)
    for number in known:
        found = find_professional(identifier=f"8{rpps(number)}")
        assert found is not None
        assert found == before[number]
        assert (found.national_id, found.exercices[0].nom) == (f"8{rpps(number)}", f"NOM{number}")
    only_person()


def test_a_former_rpps_number_is_nobody_elses(
    import_bytes: Import, toggle: Callable[..., Toggled]
) -> None:
    """Were somebody known by two, neither would be given to a third."""
    import_bytes(register(row(RPPS), adeli_row()))
    person = Person.objects.get(national_id=f"8{RPPS}")
    AlternativeIdentifier.objects.create(
        person=person, identifier=f"8{rpps(2)}", origin="RPPS", quality=2
    )
    with pytest.raises(RefusedFileError, match="another RPPS number"):
        toggle(f"{ADELI};{rpps(2)}")
    assert Person.objects.filter(national_id=f"0{ADELI}").exists()


@pytest.mark.parametrize("former_was_used", [False, True])
def test_who_was_ordered_out_under_the_former_number_is_out_under_the_new_one(
    import_bytes: Import, toggle: Callable[..., Toggled], former_was_used: bool
) -> None:
    import_bytes(register(adeli_row(), row()))
    former = Person.objects.get(national_id=f"0{ADELI}")
    survivor = Person.objects.get(national_id=f"8{RPPS}")
    use(survivor)
    if former_was_used:
        use(former)
    order = Order(kind=TargetKind.PERSON, target=f"0{ADELI}", reason="struck off", by="the Order")
    revoke(order)
    check_standing(person_id=survivor.pk)
    assert toggle(f"{ADELI};{RPPS}").ended == 1
    with pytest.raises(IdpError) as refused:
        check_standing(person_id=survivor.pk)
    assert refused.value.detail == Cause.ORDER
    (_, followed) = AuditRow.objects.filter(event="access_revoked").order_by("pk")
    assert followed.subject == f"8{RPPS}"
    assert followed.data["reason"] == "struck off"
    assert followed.data["by"] == "the Order"


def test_who_was_let_in_under_either_number_stays_so(
    import_bytes: Import, toggle: Callable[..., Toggled]
) -> None:
    import_bytes(register(adeli_row(), row()))
    for person in Person.objects.all():
        use(person)
    revoked = Order(
        kind=TargetKind.PERSON, target=f"0{ADELI}", reason="a mistake", by="an operator"
    )
    revoke(revoked)
    lift(revoked)
    assert toggle(f"{ADELI};{RPPS}").ended == 1
    check_standing(person_id=Person.objects.get(national_id=f"8{RPPS}").pk)
