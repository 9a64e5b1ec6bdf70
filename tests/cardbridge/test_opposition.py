"""An opposed card ends what it opened, at once: sessions, tokens, logins under way, phones."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import Client as Browser
from django.utils.module_loading import import_string
from pytest_django import Settings

from idp.audit.models import AuditRow
from idp.cardbridge.flows import barring, crl
from idp.cardbridge.flows.barring import withdraw_opposed_cards
from idp.cardbridge.flows.crl import import_list
from idp.cardbridge.models import BarredSerial, RevocationList, TrustedCertificate
from idp.cardbridge.rules.revocation import Bar
from idp.core import clock, secrets
from idp.core.errors import IdpError
from idp.directory.models import Card, Person
from idp.enrollment.models import Device
from idp.login import flows as login
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import LoginPolicy
from idp.oidc.models import Client, Delivery, Grant
from idp.sandbox.pki.installation import revoke_card
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import Recipe, craft, make_list, private_extensions
from tests.cardbridge.opposition import oppose, session_by
from tests.cardbridge.steps import log_in
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.login.conftest import PORTAL, open_one


def grant_of(session: SsoSession, client_id: str = "portail") -> Grant:
    """A portal that holds tokens of this session and listens at its back channel."""
    now = clock.now()
    client, _new = Client.objects.get_or_create(
        client_id=client_id,
        defaults={
            "name": client_id,
            "backchannel_logout_uri": "https://portail.example/logout",
            "created_at": now,
        },
    )
    return Grant.objects.create(
        client=client,
        session=session,
        scope="openid",
        acr="eidas2",
        auth_mode="CARD",
        auth_time=now,
        code_digest=secrets.digest(str(session.pk)),
        code_expires_at=now,
        code_used_at=now,
        refresh_digest=secrets.digest("r"),
        refresh_expires_at=now + timedelta(minutes=30),
        created_at=now,
    )


def test_a_list_that_opposes_a_card_ends_its_holders_session_and_tells_the_portals(
    fort: Credential,
) -> None:
    card = craft(fort)
    session = session_by(card)
    grant = grant_of(session)
    oppose(fort, card)
    session.refresh_from_db()
    grant.refresh_from_db()
    assert session.ended_at is not None
    assert session.end_reason == "card opposed"
    is_alive = import_string("idp.oidc.flows.token_reading.is_alive")
    assert not is_alive(Grant.objects.get(pk=grant.pk), now=clock.now())
    assert Delivery.objects.get().reference == str(session.pk)
    row = AuditRow.objects.get(event="card_opposed")
    assert row.subject == "899900000011"
    assert row.data["source"] == "crl"
    assert row.data["ended"] == {"sessions": 1, "logins": 0, "phones": 0}
    assert AuditRow.objects.filter(event="session_ended").count() == 1


def test_every_session_of_the_card_ends_and_nobody_elses(fort: Credential, sandbox: Path) -> None:
    card = craft(fort)
    first, second = session_by(card), session_by(card)
    nurse = open_one()
    assert log_in(nurse, sandbox / "nurse") == ""
    other, _secret = login.finish(attempt=nurse)
    oppose(fort, card)
    ended = set(SsoSession.objects.filter(ended_at__isnull=False).values_list("pk", flat=True))
    assert ended == {first.pk, second.pk}
    assert SsoSession.objects.get(pk=other.pk).ended_at is None


def test_a_login_proven_and_not_yet_finished_ends_too(
    fort: Credential, attempt: LoginAttempt
) -> None:
    card = craft(fort)
    assert log_in(attempt, card) == ""
    oppose(fort, card)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.refusal_code) == ("refused", "access_denied")
    with pytest.raises(IdpError):
        login.finish(attempt=attempt)
    assert not SsoSession.objects.exists()


def test_a_question_past_its_time_does_not_undo_the_opposition(fort: Credential) -> None:
    card = craft(fort)
    session = session_by(card)
    person = Person.objects.get(national_id="899900000011")
    workstation = Workstation()
    workstation.log_in_by_card(person)
    workstation.activate(SoftPhone(Browser()))
    asked = login.ask_decoupled(
        portal=PORTAL,
        policy=LoginPolicy(),
        question=login.Question(identifier=person.national_id),
        lifetime=timedelta(seconds=120),
    )
    with clock.frozen(asked.expires_at):
        oppose(fort, card)
    session.refresh_from_db()
    assert session.end_reason == "card opposed"
    assert Device.objects.get().state == "suspended"
    assert log_in(open_one(), card) == "card_revoked"


def test_all_or_nothing(fort: Credential, settings: Settings) -> None:
    card = craft(fort)
    session = session_by(card)
    settings.WITHDRAWAL_HOOKS = {"broken": "tests.cardbridge.test_opposition.fail"}
    with pytest.raises(ZeroDivisionError):
        oppose(fort, card)
    session.refresh_from_db()
    assert session.ended_at is None
    assert not BarredSerial.objects.filter(
        serial=f"{card.certificate.serial_number:x}", source="crl"
    ).exists()


def fail(_withdrawal: object) -> int:
    raise ZeroDivisionError


def test_the_same_list_again_ends_nothing_twice(fort: Credential) -> None:
    card = craft(fort)
    session_by(card)
    oppose(fort, card)
    oppose(fort, card)
    assert AuditRow.objects.filter(event="card_opposed").count() == 1


def test_a_card_never_seen_here_ends_nothing(fort: Credential) -> None:
    session = session_by(craft(fort))
    oppose(fort, craft(fort))
    session.refresh_from_db()
    assert session.ended_at is None


def test_the_same_serial_of_another_issuer_is_another_card(fort: Credential) -> None:
    card = craft(fort)
    session = session_by(card)
    other = TrustedCertificate.objects.get(subject__contains="ELEMENTAIRE PERSONNES")
    BarredSerial.objects.create(
        issuer=other,
        serial=f"{card.certificate.serial_number:x}",
        source="crl",
        revoked_at=clock.now(),
    )
    assert withdraw_opposed_cards() == 0
    assert log_in(open_one(), card) == ""
    session.refresh_from_db()
    assert session.ended_at is None


def test_two_live_cards_of_one_person_lead_to_one_person(fort: Credential) -> None:
    old, new = craft(fort), craft(fort)
    first, second = session_by(old), session_by(new)
    assert first.person_id == second.person_id
    assert Card.objects.filter(person_id=first.person_id).count() == 2
    oppose(fort, old)
    # The old one is refused and its holder logs in anew with the other.
    assert log_in(open_one(), old) == "card_revoked"
    assert log_in(open_one(), new) == ""


def test_a_card_taken_off_the_list_logs_in_again_and_may_be_opposed_again(
    fort: Credential,
) -> None:
    card = craft(fort)
    session_by(card)
    oppose(fort, card, number=300)
    assert log_in(open_one(), card) == "card_revoked"
    oppose(fort, number=301)
    session = session_by(card)
    assert Card.objects.get().opposed_at is None
    oppose(fort, card, number=302)
    session.refresh_from_db()
    assert session.ended_at is not None


def test_the_sandbox_opposes_a_card_and_its_session_ends(
    sandbox: Path, tmp_path: Path, settings: Settings
) -> None:
    # The tray is shared by all tests: this one opposes a card of a copy.
    shutil.copytree(sandbox.parent, tmp_path / "sandbox")
    settings.HYGIE = replace(settings.HYGIE, data_dir=tmp_path)
    attempt = open_one()
    assert log_in(attempt, sandbox / "pharmacist") == ""
    session, _secret = login.finish(attempt=attempt)
    revoke_card(card_id="pharmacist")
    session.refresh_from_db()
    assert session.ended_at is not None
    assert log_in(open_one(), sandbox / "pharmacist") == "card_revoked"


def test_the_first_day_named_is_the_day_of_opposition(fort: Credential) -> None:
    card = craft(fort)
    session_by(card)
    oppose(fort, card)
    assert Card.objects.get().opposed_at is not None
    entry = BarredSerial.objects.get(
        serial=f"{card.certificate.serial_number:x}", issuer__accepts_cards=True
    )
    assert entry.revoked_at == Card.objects.get().opposed_at


# ---- long lists ---------------------------------------------------------------------------------


def test_a_long_list_is_written_in_short_transactions(
    fort: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crl, "BATCH", 10)
    sizes: list[int] = []

    def counted(issuer: TrustedCertificate, bars: list[Bar]) -> None:
        sizes.append(len(bars))
        barring.bar(issuer, bars)

    monkeypatch.setattr(crl, "bar", counted)
    serials = tuple(range(1000, 1035))
    import_list(data=make_list(fort, revoked=serials, number=400).public_bytes(Encoding.DER))
    assert sizes == [10, 10, 10, 5]
    sizes.clear()
    more = (*serials[1:], 5000)
    import_list(data=make_list(fort, revoked=more, number=401).public_bytes(Encoding.DER))
    # What is there already is not written again, what is gone is taken away.
    assert sizes == [1]
    kept = set(
        BarredSerial.objects.filter(issuer__accepts_cards=True, source="crl").values_list(
            "serial", flat=True
        )
    )
    assert kept == {f"{serial:x}" for serial in more}
    assert RevocationList.objects.get(issuer__accepts_cards=True).entries == 35


def test_a_list_that_was_cut_short_is_finished_by_the_next_round(
    fort: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crl, "BATCH", 10)
    data = make_list(fort, revoked=tuple(range(1, 26)), number=400).public_bytes(Encoding.DER)
    calls: list[int] = []

    def stops(issuer: TrustedCertificate, bars: list[Bar]) -> None:
        calls.append(len(bars))
        if len(calls) == 2:
            raise KeyboardInterrupt
        barring.bar(issuer, bars)

    monkeypatch.setattr(crl, "bar", stops)
    with pytest.raises(KeyboardInterrupt):
        import_list(data=data)
    monkeypatch.setattr(crl, "bar", barring.bar)
    assert BarredSerial.objects.filter(serial="1", source="crl").exists()
    assert import_list(data=data).entries == 25
    assert BarredSerial.objects.filter(issuer__accepts_cards=True).count() == 25


def test_the_reason_of_an_entry_is_kept(fort: Credential) -> None:
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(77)
        .revocation_date(clock.now().replace(microsecond=0))
        .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        .build()
    )
    import_list(data=make_list(fort, number=500, entries=(entry,)).public_bytes(Encoding.DER))
    assert BarredSerial.objects.get(serial="4d").reason == "keyCompromise"


def test_two_professions_are_two_cards_of_one_account(fort: Credential) -> None:
    physician = craft(fort)
    nurse = craft(fort, Recipe(private=private_extensions(profession=asn1.encode_der(60))))
    assert session_by(physician).person_id == session_by(nurse).person_id
    assert Card.objects.count() == 2
    # The tokens are built from the directory; the card of the other profession is only noted.
    assert AuditRow.objects.filter(event="card_profession_differs").count() == 1
