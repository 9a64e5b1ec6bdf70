"""Cards that are opposed, and the sessions that they opened."""

from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from idp.cardbridge.flows.crl import import_list
from idp.cardbridge.models import BarredSerial, TrustedCertificate
from idp.core import clock
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import Recipe, craft, make_list, private_extensions
from tests.cardbridge.crafting import number as printed
from tests.cardbridge.steps import log_in
from tests.login.conftest import open_one


def oppose(issuer: Credential, *cards: Credential, number: int = 200) -> None:
    serials = tuple(card.certificate.serial_number for card in cards)
    crl_of = make_list(issuer, revoked=serials, number=number)
    import_list(data=crl_of.public_bytes(Encoding.DER))


def session_by(card: Credential) -> SsoSession:
    attempt = open_one()
    assert log_in(attempt, card) == ""
    session, _secret = login.finish(attempt=attempt)
    return session


def barred(fort: Credential, card: Credential) -> None:
    """As if the serial had come between the look-up of the login and its proof."""
    BarredSerial.objects.create(
        issuer=TrustedCertificate.objects.get(
            subject=fort.certificate.subject.rfc4514_string(), enabled=True
        ),
        serial=f"{card.certificate.serial_number:x}",
        source="crl",
        revoked_at=clock.now(),
    )


def numbered(fort: Credential, number: str, **changes: Any) -> Credential:
    """A card of the doctor with a number of its own, as two cards have."""
    return craft(fort, Recipe(private=private_extensions(card_number=printed(number)), **changes))
