"""A login and the opposition of its card in the same moment: one of the two sees the other."""

from threading import Thread
from typing import Any

import pytest
from cryptography.x509.oid import NameOID
from django.db import OperationalError, connection

from idp.cardbridge.flows.barring import withdraw_opposed_cards
from idp.directory.models import Card
from idp.login import flows as login
from idp.login.rules.authentication import LoginPolicy
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import DOCTOR, Recipe, craft
from tests.cardbridge.opposition import barred, session_by
from tests.cardbridge.steps import log_in
from tests.login.conftest import open_one


def test_a_login_that_raced_with_its_opposition_is_ended_by_the_worker(fort: Credential) -> None:
    card = craft(fort)
    session = session_by(card)
    barred(fort, card)
    assert withdraw_opposed_cards() == 1
    assert withdraw_opposed_cards() == 0
    session.refresh_from_db()
    assert session.ended_at is not None


def test_one_card_that_cannot_be_ended_keeps_no_other_from_its_end(
    fort: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    midwife = Recipe(subject={**DOCTOR, NameOID.COMMON_NAME: "899900000052"})
    cards = [craft(fort), craft(fort, midwife)]
    sessions = [session_by(card) for card in cards]
    for card in cards:
        barred(fort, card)
    end = login.withdraw_card

    def withdraw_card(*, card: Card, **arguments: Any) -> dict[str, int]:
        if card.person_id == sessions[0].person_id:
            raise OperationalError("deadlock detected")
        return end(card=card, **arguments)

    monkeypatch.setattr(login, "withdraw_card", withdraw_card)
    assert withdraw_opposed_cards() == 1
    for session in sessions:
        session.refresh_from_db()
    assert [session.ended_at is not None for session in sessions] == [False, True]
    monkeypatch.setattr(login, "withdraw_card", end)
    assert withdraw_opposed_cards() == 1


def test_a_proof_that_is_refused_leaves_no_card(fort: Credential) -> None:
    card = craft(fort)
    attempt = open_one(policy=LoginPolicy(acr_values=("eidas3",)))
    assert log_in(attempt, card) == "unmet_authentication_requirements"
    assert not Card.objects.filter(serial=f"{card.certificate.serial_number:x}").exists()


@pytest.mark.django_db(transaction=True)
def test_a_card_is_seen_with_the_proof_and_never_before_it(
    fort: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an opposition between the two would mark the card as dealt with, and miss the login."""
    card = craft(fort)
    mine = Card.objects.filter(serial=f"{card.certificate.serial_number:x}")
    seen: list[bool] = []

    def look() -> None:
        seen.append(mine.exists())
        connection.close()

    prove = login.prove_within

    def prove_within(**arguments: Any) -> None:
        prove(**arguments)
        elsewhere = Thread(target=look)
        elsewhere.start()
        elsewhere.join()

    monkeypatch.setattr(login, "prove_within", prove_within)
    assert log_in(open_one(), card) == ""
    assert seen == [False]
    assert mine.exists()
