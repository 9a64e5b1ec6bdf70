"""`Porteurs_CPS_CPF` as it may be and as it should not be: a sentence, a status, no change."""

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from idp.core import clock
from idp.directory.flows.live_cards import has_live_card, opposed_in_register
from idp.directory.models import IssuedCard, Person
from idp.directory.rules.card_row import COLUMNS
from tests.directory.digest import directory_digest
from tests.directory.register import register, row, rpps
from tests.directory.test_import_register_command import run

pytestmark = pytest.mark.django_db
TODAY = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAMES = [
    "Identifiant PP",
    "Nom d'exercice",
    "Prénom d'exercice",
    "Code profession",
    "Code type de carte",
    "Libellé type de carte",
    "Numéro carte",
    "Identifiant national contenu dans la carte",
    "Date début validité",
    "Date fin validité",
    "Date opposition",
    "Date de mise à jour",
]
Edit = Callable[[bytes], bytes]


def card(serial: int = 1, /, **changes: str) -> dict[str, str]:
    """A good card of a good professional."""
    return {
        "Identifiant PP": rpps(1),
        "Nom d'exercice": "LEFÈVRE",
        "Prénom d'exercice": "ÉLOÏSE",
        "Code profession": "10",
        "Code type de carte": "CPS",
        "Libellé type de carte": "Carte de Professionnel de Santé",
        "Numéro carte": f"{2_900_000_000 + serial}",
        "Identifiant national contenu dans la carte": f"8{rpps(1)}",
        "Date début validité": "20250101",
        "Date fin validité": "20280101",
        "Date de mise à jour": "20261101",
        **{COLUMNS[field]: value for field, value in changes.items()},
    }


def content(*cards: dict[str, str], names: list[str] = NAMES, encoding: str = "latin-1") -> bytes:
    lines = [names, *([values.get(name, "") for name in names] for values in cards)]
    return "".join("|".join(line) + "|\n" for line in lines).encode(encoding)


def imported(tmp_path: Path, whole: bytes, *options: str) -> tuple[int, str, str]:
    path = tmp_path / "Porteurs_CPS_CPF.txt"
    path.write_bytes(whole)
    status, out, err = run(path, *options)
    return status, out, err.replace(str(path), "cards")


def cards() -> dict[str, IssuedCard]:
    return {card.number: card for card in IssuedCard.objects.all()}


@pytest.fixture
def holder(tmp_path: Path) -> Person:
    path = tmp_path / "people.txt"
    path.write_bytes(register(row()))
    assert run(path)[0] == 0
    return Person.objects.get()


@pytest.fixture
def known(tmp_path: Path, holder: Person) -> bytes:
    """Two live cards and an opposed one, of which the directory knows."""
    whole = content(card(), card(2), card(3, opposed_on="20261103"))
    assert imported(tmp_path, whole)[0] == 0
    return whole


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_the_file_is_read_whatever_its_encoding(
    tmp_path: Path, holder: Person, encoding: str
) -> None:
    status, out, err = imported(tmp_path, content(card(), encoding=encoding))
    assert (status, err) == (0, "")
    assert "1 rows; cards: 1 created, 0 changed, 0 unchanged" in out
    (held,) = cards().values()
    assert (held.person, held.kind, held.valid_until) == (holder, "CPS", date(2028, 1, 1))


def test_the_name_of_a_holder_is_not_kept(known: bytes) -> None:
    assert "LEFÈVRE" not in str(list(IssuedCard.objects.values()))


@pytest.mark.parametrize("names", [NAMES[::-1], sorted(NAMES), [*COLUMNS.values()]])
def test_columns_in_another_order_say_the_same(
    tmp_path: Path, known: bytes, names: list[str]
) -> None:
    before = directory_digest()
    same = content(card(), card(2), card(3, opposed_on="20261103"), names=names)
    status, out, err = imported(tmp_path, same)
    assert (status, err) == (0, "")
    assert "0 created, 0 changed, 3 unchanged" in out
    assert directory_digest() == before


REFUSED: dict[str, tuple[Edit, str]] = {
    "semicolons": (lambda c: c.replace(b"|", b";"), "not a register file: the columns are not"),
    "tabs": (lambda c: c.replace(b"|", b"\t"), "not a register file: the columns are not"),
    "gzip cut": (lambda c: gzip.compress(c)[:-20], "cannot be read: "),
    "number missing": (
        lambda c: c.replace("Numéro carte".encode("latin-1"), b"Carte"),
        "column missing: Numéro carte",
    ),
    "opposition missing": (
        lambda c: c.replace(b"Date opposition", b"Opposition"),
        "column missing: Date opposition",
    ),
    "number twice": (
        lambda c: c.replace(b"Code profession", "Numéro carte".encode("latin-1")),
        "column given twice: Numéro carte",
    ),
    "cut in its header": (lambda c: c[:120], "column missing: "),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_trusted_is_refused_in_one_sentence(
    tmp_path: Path, known: bytes, name: str
) -> None:
    edit, sentence = REFUSED[name]
    before = directory_digest()
    status, out, err = imported(tmp_path, edit(known))
    assert (status, out) == (1, "")
    assert err.startswith(f"cards: refused, nothing has changed: {sentence}")
    assert "\n" not in err
    assert directory_digest() == before


def test_a_file_cut_anywhere_in_its_last_line_gives_no_card_back(
    tmp_path: Path, known: bytes
) -> None:
    before = directory_digest()
    last = len(known.splitlines()[-1])
    for cut in range(2, last + 1):
        status, _, err = imported(tmp_path, known[:-cut])
        assert (status, err) == (
            1,
            "cards: refused, nothing has changed: the file breaks off in line 4",
        ), known[-cut - 20 : -cut]
    assert directory_digest() == before


@pytest.mark.parametrize("field", ["valid_from", "valid_until", "opposed_on"])
@pytest.mark.parametrize("day", ["20260230", "20261301", "30/11/2026", "2026", "x", "00000000"])
def test_a_card_with_a_wrong_date_is_left_out_and_stays_as_it_was(
    tmp_path: Path, known: bytes, field: str, day: str
) -> None:
    before = directory_digest()
    bad = content(card(**{field: day}), card(2), card(3, opposed_on="20261103"))
    status, out, err = imported(tmp_path, bad)
    assert (status, err) == (
        2,
        "line 2: a date that is none, AAAAMMJJ expected\n1 malformed rows left out",
    )
    assert "0 created, 0 changed, 2 unchanged" in out
    assert directory_digest() == before


SWAPPED = [
    ("Date début validité", "Date fin validité", "valid until a day before it is valid"),
    (
        "Numéro carte",
        "Identifiant national contenu dans la carte",
        "identifier: no form of national identifier matches",
    ),
    ("Numéro carte", "Code type de carte", "a card number of few digits"),
    ("Date opposition", "Numéro carte", "no Numéro carte of 1 to 42 characters"),
    ("Code type de carte", "Libellé type de carte", "no Code type de carte of 1 to 10 characters"),
]


@pytest.mark.parametrize(("one", "other", "reason"), SWAPPED)
def test_a_header_that_does_not_fit_the_rows_changes_nothing_and_says_so(
    tmp_path: Path, known: bytes, one: str, other: str, reason: str
) -> None:
    before = directory_digest()
    names = [{one: other, other: one}.get(name, name) for name in NAMES]
    header, rest = "|".join(names).encode("latin-1"), known.partition(b"\n")[2]
    status, _, err = imported(tmp_path, header + b"|\n" + rest, "--accept-changes")
    assert status == 1
    sentence = "cards: refused, nothing has changed: none of 3 rows can be read"
    assert err.splitlines()[-1] == sentence
    assert reason in err
    assert directory_digest() == before


@pytest.mark.parametrize("kind", ["CPS", "CPF", "CPE", "XYZ", "0", "99", "é"])
def test_a_type_that_nobody_knows_is_kept(tmp_path: Path, holder: Person, kind: str) -> None:
    status, _, err = imported(tmp_path, content(card(kind=kind)))
    assert (status, err) == (0, "")
    assert [each.kind for each in cards().values()] == [kind]
    with clock.frozen(TODAY):
        assert has_live_card(person_id=holder.pk, barred=())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": ""}, "no Code type de carte of 1 to 10 characters"),
        ({"kind": "x" * 11}, "no Code type de carte of 1 to 10 characters"),
        ({"number": ""}, "no Numéro carte of 1 to 42 characters"),
        ({"number": "2" * 43}, "no Numéro carte of 1 to 42 characters"),
        ({"number": "CPS 12"}, "a card number of few digits"),
    ],
)
def test_what_is_no_card_is_left_out(
    tmp_path: Path, known: bytes, changes: dict[str, str], reason: str
) -> None:
    before = directory_digest()
    status, _, err = imported(tmp_path, known + content(card(4, **changes)).partition(b"\n")[2])
    assert (status, err) == (2, f"line 5: {reason}\n1 malformed rows left out")
    assert directory_digest() == before


def test_two_live_cards_of_a_person_are_two(tmp_path: Path, holder: Person) -> None:
    """A renewed card comes weeks before the other ends: one may be opposed without the other."""
    first, second = card(1), card(2, valid_from="20261101", valid_until="20291101")
    assert imported(tmp_path, content(first, second))[0] == 0
    assert [each.person for each in cards().values()] == [holder, holder]
    opposed = {**first, "Date opposition": "20261120"}
    status, _, err = imported(tmp_path, content(opposed, second), "--accept-changes")
    assert (status, err) == (0, "")
    with clock.frozen(TODAY):
        numbers = list(cards())
        assert list(opposed_in_register(numbers)) == [first["Numéro carte"]]
        assert has_live_card(person_id=holder.pk, barred=())
        assert not has_live_card(person_id=holder.pk, barred=[second["Numéro carte"]])


@pytest.mark.parametrize(
    ("day", "is_opposed"),
    [("20261123", True), ("20261124", True), ("20261125", False), ("20991231", False)],
)
def test_an_opposition_counts_from_its_day_on(
    tmp_path: Path, holder: Person, day: str, is_opposed: bool
) -> None:
    assert imported(tmp_path, content(card(opposed_on=day)))[0] == 0
    with clock.frozen(TODAY):
        assert bool(opposed_in_register(list(cards()))) is is_opposed
        assert has_live_card(person_id=holder.pk, barred=()) is not is_opposed


def test_a_card_that_is_not_valid_yet_or_no_more_is_not_live(
    tmp_path: Path, holder: Person
) -> None:
    later = card(1, valid_from="20261125")
    over = card(2, valid_until="20261123")
    assert imported(tmp_path, content(later, over))[0] == 0
    with clock.frozen(TODAY):
        assert not has_live_card(person_id=holder.pk, barred=())


@pytest.mark.parametrize("first", [0, 1])
def test_a_card_that_comes_twice_is_opposed_if_either_says_so(
    tmp_path: Path, holder: Person, first: int
) -> None:
    both = [card(), card(opposed_on="20261103")]
    others = [card(number) for number in range(2, 1200)]
    status, _, _ = imported(tmp_path, content(both[first], *others, both[1 - first]))
    assert status == 0
    opposed = cards()[card()["Numéro carte"]]
    assert opposed.opposed_on == date(2026, 11, 3)
    assert IssuedCard.objects.count() == 1199


def test_the_very_file_is_skipped_and_an_older_one_refused(tmp_path: Path, holder: Person) -> None:
    newer, older = (tmp_path / f"Porteurs_CPS_CPF_202611{day}0730.txt" for day in (24, 23))
    newer.write_bytes(content(card(opposed_on="20261103")))
    older.write_bytes(content(card()))
    assert run(newer)[0] == 0
    before = directory_digest()
    status, out, _ = run(newer)
    assert status == 0
    assert "the very file of import" in out
    status, _, err = run(older)
    assert status == 1
    assert "nothing has changed: older than the last import, of 2026-11-24 07:30" in err
    assert directory_digest() == before
