"""`manage.py sandbox setup|revoke-card|reset`: files first, then trust and lists in the database.

Idempotent, and quick when all is there: the demo calls it at each start.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from idp.cardbridge.flows.crl import import_list
from idp.cardbridge.flows.trust import Wish, disable_authority, import_authorities
from idp.cardbridge.models import TrustedCertificate
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows.import_register import import_register
from idp.directory.flows.importing import Options
from idp.directory.models.people import SANDBOX_SOURCE
from idp.sandbox.flows.test_identity import refuse_outside_sandbox
from idp.sandbox.pki.cards import credentials_of, write_missing_cards
from idp.sandbox.pki.catalogue import CATALOGUE, Flaw
from idp.sandbox.pki.hierarchy import AuthorityName, Hierarchy, load_or_make
from idp.sandbox.pki.lists import publish, revoke

REGISTER = Path(__file__).parents[1] / "data" / "PS_LibreAcces_Personne_activite_TEST.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """What setup did: cards made now, people in the register file."""

    new_cards: list[str]
    people: int


def pki_directory() -> Path:
    return settings.HYGIE.data_dir / "sandbox" / "pki"


def cards_directory() -> Path:
    return settings.HYGIE.data_dir / "sandbox" / "cards"


def set_up() -> SetUp:
    """Hierarchy, cards, lists, trust, people. Every part is made only where it is missing."""
    refuse_outside_sandbox()
    hierarchy = _hierarchy()
    new_cards = write_missing_cards(cards_directory(), hierarchy, now=clock.now())
    # Whether new or not: a first start that was killed here left the card without its opposition.
    for spec in CATALOGUE:
        if spec.flaw is Flaw.REVOKED:
            _put_on_list(spec.id)
    _trust(hierarchy)
    publish_lists(hierarchy)
    # A source of its own: importing other fictitious people never ends the sandbox's.
    summary = import_register(
        path=REGISTER,
        options=Options(test_identities=True, accept_changes=True, source=SANDBOX_SOURCE),
    )
    return SetUp(new_cards=new_cards, people=summary.created + summary.changed + summary.unchanged)


def revoke_card(*, card_id: str) -> None:
    """Opposes a card of the tray: the next login with it is refused."""
    refuse_outside_sandbox()
    known = {spec.id for spec in CATALOGUE if (cards_directory() / spec.id / "card.json").exists()}
    if card_id not in known:
        raise IdpError("unknown_card", "", detail=f"no such card; there are {sorted(known)}")
    _put_on_list(card_id)
    publish_lists(_hierarchy())


def reset() -> None:
    """Throws hierarchy and cards away and makes new ones; nothing of the old is trusted."""
    refuse_outside_sandbox()
    for fingerprint in _fingerprints(_hierarchy()).values():
        if TrustedCertificate.objects.filter(sha256=fingerprint).exists():
            disable_authority(fingerprint=fingerprint)
    shutil.rmtree(pki_directory())
    shutil.rmtree(cards_directory(), ignore_errors=True)
    set_up()


def publish_lists(hierarchy: Hierarchy | None = None) -> dict[AuthorityName, bytes]:
    """Every list, signed anew where needed, on disk and in the database."""
    lists = publish(pki_directory(), hierarchy or _hierarchy(), now=_whole_second())
    for der in lists.values():
        import_list(data=der)
    return lists


def published(name: AuthorityName) -> bytes:
    """What `/sandbox/pki/<name>.crl` serves: renewed by itself, so that a long demo goes on."""
    return publish(pki_directory(), _hierarchy(), now=_whole_second())[name]


def authority_certificate(name: AuthorityName) -> bytes:
    return _hierarchy().authorities[name].certificate.public_bytes(Encoding.DER)


def _hierarchy() -> Hierarchy:
    return load_or_make(pki_directory(), base_url=settings.HYGIE.base_url, now=clock.now())


def _put_on_list(card_id: str) -> None:
    issuer = next(spec.issuer for spec in CATALOGUE if spec.id == card_id)
    for credential in credentials_of(cards_directory(), card_id):
        revoke(
            pki_directory(),
            issuer=issuer,
            serial_number=credential.certificate.serial_number,
            now=_whole_second(),
        )


def _trust(hierarchy: Hierarchy) -> None:
    fingerprints = _fingerprints(hierarchy)
    wish = Wish(
        accept=frozenset(fingerprints.values()),
        for_cards=frozenset({fingerprints[AuthorityName.FORT_PERSONNES]}),
        crl_urls={sha256: hierarchy.crl_url(name) for name, sha256 in fingerprints.items()},
    )
    bundle = b"".join(
        each.certificate.public_bytes(Encoding.PEM) for each in hierarchy.authorities.values()
    )
    import_authorities(data=bundle, wish=wish)


def _fingerprints(hierarchy: Hierarchy) -> dict[AuthorityName, str]:
    return {
        name: each.certificate.fingerprint(SHA256()).hex()
        for name, each in hierarchy.authorities.items()
    }


def _whole_second() -> datetime:
    return clock.now().replace(microsecond=0)  # X.509 times have no fractions
