"""What a card says of a profession never makes a student read as the professional."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat import asn1
from cryptography.x509.oid import NameOID

from idp.audit.models import AuditRow
from idp.directory.flows.find import get_professional
from idp.directory.flows.import_register import import_register
from idp.directory.flows.importing import Options
from idp.login.models import LoginAttempt
from idp.oidc.rules.claims import every_claim
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import DOCTOR, Recipe, craft, private_extensions
from tests.cardbridge.steps import log_in
from tests.directory.register import PRACTICE, fictitious_rpps, register, row
from tests.login.conftest import open_one
from tests.oidc.test_students import CODES, ROLE, ROLE_IN_TRAINING, profession

# What fits the extension: a number.
CARD_CODES = [int(code) for code in CODES if code.isascii() and code.isdecimal()]
NUMBER = fictitious_rpps(900)


def card(fort: Credential, code: int, *, in_training: bool) -> Credential:
    value = asn1.encode_der(code)
    private = private_extensions(
        profession=None if in_training else value,
        future_profession=value if in_training else None,
    )
    subject = DOCTOR | {NameOID.COMMON_NAME: f"8{NUMBER}"}
    return craft(fort, Recipe(private=private, subject=subject))


def logged_in(fort: Credential, code: int, *, in_training: bool) -> dict[str, Any]:
    """The claims after a login with this card."""
    attempt = open_one()
    assert log_in(attempt, card(fort, code, in_training=in_training)) == ""
    return claims_of(attempt)


def claims_of(attempt: LoginAttempt) -> dict[str, Any]:
    assert attempt.proof is not None
    professional = get_professional(person_id=attempt.proof.person_id)
    assert professional is not None
    return every_claim(professional, subject="s", auth_mode="CARD")


def differences() -> list[dict[str, Any]]:
    rows = AuditRow.objects.filter(event="card_profession_differs").order_by("pk")
    return [row.data["card"] for row in rows]


@pytest.fixture
def holder(fort: Credential, tmp_path: Path) -> Callable[[str], None]:
    """Imports the holder of the cards: somebody of profession 10 in this category."""

    def holder(category: str) -> None:
        path = tmp_path / "register.txt"
        line = row(NUMBER, code_categorie_professionnelle=category, **PRACTICE)
        path.write_bytes(register(line))
        options = Options(test_identities=True, ends_absent=False, source="cards")
        assert import_register(path=path, options=options).created == 1

    return holder


def test_no_card_makes_a_professional_of_a_student(
    fort: Credential, holder: Callable[[str], None]
) -> None:
    holder("E")
    for code in CARD_CODES:
        told = logged_in(fort, code, in_training=False)
        assert told["SubjectRole"] == [f"10^{ROLE_IN_TRAINING}"]
        assert profession(told) == {("10", "E")}
    # Each of them is held against the register, G15's 10 too, which is not G16's.
    assert differences() == [{"profession": str(code), "in_training": False} for code in CARD_CODES]


@pytest.mark.parametrize("category", ["C", "M", "F"])
def test_the_card_of_a_student_takes_nothing_from_a_professional(
    fort: Credential, holder: Callable[[str], None], category: str
) -> None:
    holder(category)
    for code in (10, 21, 77):
        told = logged_in(fort, code, in_training=True)
        assert told["SubjectRole"] == [f"10^{ROLE}"]
        assert profession(told) == {("10", category)}
    assert [each["in_training"] for each in differences()] == [True, True, True]


def test_every_code_in_training_logs_a_student_in_and_only_theirs_agrees(
    fort: Credential, holder: Callable[[str], None]
) -> None:
    holder("E")
    for code in CARD_CODES:
        told = logged_in(fort, code, in_training=True)
        assert told["SubjectRole"] == [f"10^{ROLE_IN_TRAINING}"]
    others = [code for code in CARD_CODES if code != 10]
    assert [each["profession"] for each in differences()] == [str(code) for code in others]


@pytest.mark.parametrize("value", [asn1.encode_der(70_000), asn1.encode_der(-1)])
@pytest.mark.parametrize("table", ["profession", "future_profession"])
def test_a_number_of_no_table_is_not_fatal(
    fort: Credential, holder: Callable[[str], None], table: str, value: bytes
) -> None:
    holder("E")
    private = private_extensions(**{"profession": None, table: value})
    subject = DOCTOR | {NameOID.COMMON_NAME: f"8{NUMBER}"}
    attempt = open_one()
    assert log_in(attempt, craft(fort, Recipe(private=private, subject=subject))) == ""
    assert claims_of(attempt)["SubjectRole"] == [f"10^{ROLE_IN_TRAINING}"]
