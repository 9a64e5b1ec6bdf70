"""`Porteurs_CPS_CPF`: what it says of the cards that were issued."""

from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from idp.core import clock
from idp.directory.flows.import_cards import import_cards
from idp.directory.flows.importing import ImportSummary, Options
from idp.directory.flows.toggle import toggle_identifiers
from idp.directory.models import ImportBatch, IssuedCard, Person
from idp.directory.rules.card_row import COLUMNS
from idp.directory.rules.register_columns import RefusedFileError
from tests.directory.register import register, row, rpps

pytestmark = pytest.mark.django_db
HEADER = "|".join(["Identifiant PP", *COLUMNS.values()]) + "|"
Load = Callable[..., ImportSummary]


def card(number: int = 1, *, start: str = "20250101", opposed: str = "") -> str:
    national_id = f"8{rpps(number)}"
    return f"{rpps(number)}|{number:010d}|{national_id}|CPS|{start}|20280101|{opposed}|"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(*rows: str, header: str = HEADER, accept: bool = False) -> ImportSummary:
        path = tmp_path / "Porteurs_CPS_CPF.txt"
        path.write_bytes("".join(f"{line}\n" for line in (header, *rows)).encode("latin-1"))
        return import_cards(path=path, options=Options(accept_changes=accept))

    return load


def test_a_card_is_known_with_its_holder_validity_and_opposition(
    load: Load, import_bytes: Callable[..., ImportSummary]
) -> None:
    import_bytes(register(row()))
    assert load(card(), card(2, opposed="20261103")).created == 2
    held, opposed = IssuedCard.objects.order_by("number")
    assert held.person == Person.objects.get()
    assert (held.kind, held.valid_from, held.valid_until) == (
        "CPS", date(2025, 1, 1), date(2028, 1, 1),
    )  # fmt: skip
    assert (opposed.person, opposed.opposed_on) == (None, date(2026, 11, 3))


def test_what_was_acted_upon_outlives_the_next_file(load: Load) -> None:
    load(card(opposed="20261103"))
    IssuedCard.objects.update(withdrawn_at=clock.now(), opposition_reason="perte")
    assert load(card(opposed="20261104"), card(2)).changed == 1
    kept = IssuedCard.objects.get(number=f"{1:010d}")
    assert kept.withdrawn_at is not None
    assert (kept.opposition_reason, kept.opposed_on) == ("perte", date(2026, 11, 4))


def test_unchanged_cards_cost_nothing_and_the_same_file_is_skipped(load: Load) -> None:
    load(card(), card(2))
    assert load(card(), card(2)).skipped
    summary = load(card(), card(2), card(3))
    assert (summary.created, summary.changed, summary.unchanged) == (1, 0, 2)


def test_cards_that_came_before_their_holders_get_them_from_the_next_import_of_people(
    load: Load, import_bytes: Callable[..., ImportSummary]
) -> None:
    load(card(), card(2), card(3))
    held = IssuedCard.objects.exclude(person=None)
    import_bytes(register(row(), row(rpps(2))))
    assert [
        (each.number, each.national_id == each.person.national_id) for each in held if each.person
    ] == [(f"{1:010d}", True), (f"{2:010d}", True)]
    # Nothing is news to the next file.
    assert load(card(), card(2), card(3), card(4)).unchanged == 3


@pytest.mark.parametrize(
    "bad", ["half", card(start="20250230"), card(start="01/01/25"), card().replace("|8", "|7")]
)
def test_a_malformed_card_is_left_out_and_named_by_line(load: Load, bad: str) -> None:
    summary = load(card(2), bad)
    assert (summary.created, [number for number, _ in summary.malformed]) == (1, [3])


@pytest.mark.parametrize("missing", range(len(COLUMNS) + 1))
def test_a_card_that_lacks_a_value_is_left_out_whichever_it_is(load: Load, missing: int) -> None:
    """Read as it is, the day of the end of another card would be its opposition."""
    load(card(1), card(2))
    before = list(IssuedCard.objects.order_by("number").values())
    values = card(1).split("|")
    summary = load("|".join(values[:missing] + values[missing + 1 :]), card(2))
    assert (summary.malformed_rows, summary.changed) == (1, 0)
    assert "columns" in summary.malformed[0][1]
    assert list(IssuedCard.objects.order_by("number").values()) == before


def test_a_card_of_one_value_more_is_left_out(load: Load) -> None:
    load(card(2))
    summary = load(card(1) + "x", card(1) + "x|", card(2), card(3))
    assert (summary.malformed_rows, summary.created) == (2, 1)


@pytest.mark.parametrize("header", [HEADER.replace("opposition", "x"), HEADER + "Numéro carte|"])
def test_a_missing_or_doubled_column_refuses_the_file(load: Load, header: str) -> None:
    with pytest.raises(RefusedFileError, match=r"column (missing|given twice)"):
        load(card(), header=header)
    assert not IssuedCard.objects.exists()
    assert ImportBatch.objects.get().state == "refused"


def test_many_cards_opposed_at_once_stop_the_import_unless_told(load: Load) -> None:
    load(*(card(n) for n in range(20)))
    opposed = [card(n, opposed="20261103" if n < 2 else "") for n in range(20)]
    with pytest.raises(RefusedFileError, match="2 of 20 live cards would be opposed"):
        load(*opposed)
    assert not IssuedCard.objects.exclude(opposed_on=None).exists()
    assert load(*opposed, accept=True).changed == 2


def test_many_oppositions_taken_back_at_once_stop_the_import_unless_told(load: Load) -> None:
    load(*(card(n, opposed="20261103" if n < 2 else "") for n in range(50)))
    given_back = [card(0), card(1, opposed="20991231"), *(card(n) for n in range(2, 50))]
    with pytest.raises(RefusedFileError, match="2 of 2 opposed cards would be so no longer"):
        load(*given_back)
    assert IssuedCard.objects.filter(opposed_on=date(2026, 11, 3)).count() == 2
    assert load(*given_back, accept=True).changed == 2


def test_many_cards_of_other_holders_at_once_stop_the_import_unless_told(load: Load) -> None:
    load(*(card(n) for n in range(20)))
    others = [card(n) for n in range(2, 20)]
    others += [card(n).replace(f"8{rpps(n)}", f"8{rpps(n + 2)}") for n in range(2)]
    with pytest.raises(RefusedFileError, match="2 of 20 cards would be somebody else's"):
        load(*others)
    assert load(*others, accept=True).changed == 2


def test_the_same_holder_by_another_number_stops_no_import(
    load: Load, import_bytes: Callable[..., ImportSummary], tmp_path: Path
) -> None:
    adeli = row("751234567", type_identifiant="0", national_id="0751234567")
    import_bytes(register(adeli))
    load(card().replace(f"8{rpps(1)}", "0751234567"))
    changes = tmp_path / "bascule.csv"
    changes.write_text(f"N° ADELI;N° RPPS\n751234567;{rpps(1)}\n")
    toggle_identifiers(path=changes)
    assert load(card()).changed == 1
    assert IssuedCard.objects.get().person == Person.objects.get()


def test_an_opposition_is_acted_upon_again_for_the_right_holder(
    load: Load, import_bytes: Callable[..., ImportSummary]
) -> None:
    import_bytes(register(row(rpps(1)), row(rpps(2))))
    load(card(opposed="20261103"))
    IssuedCard.objects.update(withdrawn_at=clock.now())
    corrected = card(opposed="20261103").replace(f"8{rpps(1)}", f"8{rpps(2)}")
    load(corrected, accept=True)
    kept = IssuedCard.objects.get()
    assert kept.person == Person.objects.get(national_id=f"8{rpps(2)}")
    assert kept.withdrawn_at is None


def test_the_command_knows_the_file_by_its_header_and_does_not_take_it_back(
    tmp_path: Path,
) -> None:
    path = tmp_path / "cards.txt"
    path.write_bytes(f"{HEADER}\n{card()}\n".encode("latin-1"))
    call_command("import_register", str(path), stdout=StringIO())
    assert IssuedCard.objects.count() == 1
    with pytest.raises(CommandError, match="not rolled back"):
        call_command("import_register", "--rollback", str(ImportBatch.objects.get().pk))
