"""Imports of savoir-faire taken back, and those of people around them."""

import random
from collections.abc import Callable

import pytest

from idp.core.errors import IdpError
from idp.directory.flows.importing import ImportSummary
from idp.directory.flows.roll_back_import import roll_back_import
from idp.directory.models import ImportBatch, Person, SavoirFaire
from tests.directory.register import register, row, rpps
from tests.directory.savoir_faire import NURSE, agree, exercices, knows, shown, skill

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("agreement")]
Import = Callable[..., ImportSummary]


def test_an_import_taken_back_leaves_no_trace(say: Import, import_bytes: Import) -> None:
    import_bytes(register(row(**knows("SM26")), row(rpps(2)), row(rpps(3))))
    empty = shown()
    first = say(skill(), skill(2))
    before = list(SavoirFaire.objects.order_by("pk").values()), shown(), shown(2), shown(3)
    last = say(skill(code="SM04"), skill(3))
    assert (shown(), shown(2), shown(3)) == (["SM04", "SM26"], [], ["SM54"])
    with pytest.raises(IdpError) as caught:
        roll_back_import(batch_id=first.batch)
    assert caught.value.code == "not_the_last"
    assert roll_back_import(batch_id=last.batch) == 3
    assert (
        list(SavoirFaire.objects.order_by("pk").values()),
        shown(),
        shown(2),
        shown(3),
    ) == before
    assert ImportBatch.objects.get(pk=last.batch).state == "rolled_back"
    # Even the first of its kind.
    roll_back_import(batch_id=first.batch)
    assert (shown(), shown(2)) == (empty, [])


def test_what_an_import_taken_back_had_ended_stays_ended_of_who_practises_no_more(
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(), row(code_profession=NURSE), row(rpps(2)), row(rpps(3))))
    say(skill(code="IADE", profession=NURSE), skill(2))
    last = say(skill(99))
    import_bytes(register(row(), row(rpps(3))))
    roll_back_import(batch_id=last.batch)
    assert not SavoirFaire.objects.filter(until=None).exists()
    assert shown() == []


def test_a_register_of_people_taken_back_keeps_what_this_file_says_meanwhile(
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**knows("SM26")), row(code_profession=NURSE), row(rpps(2))))
    say(skill(), skill(code="IADE", profession=NURSE), skill(2))
    people = import_bytes(register(row(nom="DURAND", **knows("SM05")), row(rpps(3))))
    say(skill(code="SM04"), skill(3))
    roll_back_import(batch_id=people.batch)
    assert exercices()[0].nom == "MARTIN"
    # As a nurse, since before: the later file could not say it of somebody who practised no more.
    assert shown() == ["SM04", "SM26", "IADE"]
    assert shown(2) == ["SM54"]
    entered = Person.objects.get(national_id=f"8{rpps(3)}")
    assert entered.left_register_at is not None


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_after_what_tables_and_snapshots_say_the_same(
    say: Import, import_bytes: Import, seed: int
) -> None:
    chance = random.Random(seed)
    codes = ["SM04", "SM26", "SM54", "C1"]
    for _ in range(12):
        people = [n for n in range(6) for _ in range(chance.randint(0, 2))]
        step = chance.choice("ppssr")
        if step == "p":
            of = ({"code_profession": chance.choice(["10", "60"])} for _ in people)
            knowing = (knows(chance.choice([*codes, ""])) for _ in people)
            rows = zip(people, of, knowing, strict=True)
            import_bytes(register(*(row(rpps(n), **one, **other) for n, one, other in rows)))
        elif step == "s":
            say(*(skill(n, chance.choice(codes)) for n in people))
        else:
            roll_back_last("savoir_faire")
            roll_back_last("personne_activite")
        agree()


def roll_back_last(kind: str) -> None:
    done = ImportBatch.objects.filter(state="done", kind=kind).order_by("-pk")[:2]
    if len(done) == 2:
        roll_back_import(batch_id=done[0].pk)
