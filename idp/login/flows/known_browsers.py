"""Who proved themselves in this browser: only from there may anybody's phones be asked.

A national identifier is public. In a browser that never saw its owner it starts nothing.
"""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from idp.core import clock, secrets
from idp.directory.rules.professional import Professional
from idp.login.models import KnownBrowser

# A ward's computer sees many people; the last few are remembered.
REMEMBERED_PER_BROWSER = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """Somebody this browser may ask for. `network`: where it was when they last proved it."""

    person_id: UUID
    national_id: str
    identifiers: frozenset[str]
    network: str


def people_known_to(*, secret: str) -> tuple[KnownPerson, ...]:
    """The last one first; nobody without a cookie. One statement."""
    if not secret:
        return ()
    rows = (
        KnownBrowser.objects.filter(
            digest=secrets.digest(secret),
            proven_at__gt=clock.now() - settings.HYGIE.lifetimes.known_browser,
        )
        .order_by("-proven_at")
        .values_list("person_id", "person__snapshot", "network")[:REMEMBERED_PER_BROWSER]
    )
    people = ((person_id, Professional.from_snapshot(data), net) for person_id, data, net in rows)
    return tuple(
        KnownPerson(
            person_id=person_id,
            national_id=person.national_id,
            identifiers=frozenset(
                {person.national_id, *(each.identifier for each in person.alternative_identifiers)}
            ),
            network=network,
        )
        for person_id, person, network in people
        if settings.HYGIE.is_sandbox or not person.is_test
    )


def remember_person(*, secret: str, person_id: UUID, network: str) -> None:
    """They have just proven who they are in this browser. One statement."""
    KnownBrowser.objects.bulk_create(
        [
            KnownBrowser(
                digest=secrets.digest(secret),
                person_id=person_id,
                network=network,
                proven_at=clock.now(),
            )
        ],
        update_conflicts=True,
        unique_fields=["digest", "person"],
        update_fields=["network", "proven_at"],
    )


def forget_browser(*, secret: str) -> None:
    """Nobody is known there any more: the next login starts by card, by code or by passkey."""
    KnownBrowser.objects.filter(digest=secrets.digest(secret)).delete()


def forget_person(*, digest: bytes, person_id: UUID) -> None:
    """This browser asks this person's phones no more (« ce n'est pas moi »)."""
    KnownBrowser.objects.filter(digest=digest, person_id=person_id).delete()
