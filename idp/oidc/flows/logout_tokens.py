"""How portals hear that a session ended: their server (Back-Channel Logout), or the browser.

login.end_session → announce_end (same transaction) → Delivery → worker → message_of.
"""

from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings

from idp.core import clock, secrets
from idp.login.models import SsoSession
from idp.oidc.flows.deliveries import Message, queue
from idp.oidc.flows.subjects import subject_of
from idp.oidc.gateways import keys
from idp.oidc.models import Client, Delivery
from idp.oidc.rules.delivery import DeliveryKind
from idp.oidc.rules.logout import frame_address, logout_claims

# §2.6: what a portal may believe, counted from the try and not from the end of the session.
LIFETIME = timedelta(minutes=2)
# A portal's own session is longer than ours at times: it must hear, even late.
GIVE_UP_AFTER = timedelta(hours=4)


def portals_of(session: SsoSession) -> list[Client]:
    """The enabled portals that hold tokens of this session."""
    return list(
        Client.objects.filter(
            is_enabled=True,
            grants__session=session,
            grants__code_used_at__isnull=False,
            grants__revoked_at__isnull=True,
        )
        .distinct()
        .order_by("client_id")
    )


def announce_end(*, session: SsoSession) -> None:
    """Queues a logout token for each portal of the session. In `settings.SESSION_END_HOOKS`."""
    give_up_at = clock.now() + GIVE_UP_AFTER
    for client in portals_of(session):
        if client.backchannel_logout_uri:
            queue(
                kind=DeliveryKind.BACKCHANNEL_LOGOUT,
                client=client,
                target=client.backchannel_logout_uri,
                reference=str(session.pk),
                give_up_at=give_up_at,
            )


def frames_of(session: SsoSession) -> list[str]:
    """What the browser loads in frames (Front-Channel Logout 1.0 §2). Asked before the end."""
    return [
        frame_address(
            client.frontchannel_logout_uri,
            issuer=settings.HYGIE.issuer,
            session_id=session.pk,
            is_told=client.frontchannel_logout_session_required,
        )
        for client in portals_of(session)
        if client.frontchannel_logout_uri
    ]


def message_of(delivery: Delivery) -> Message | None:
    """§2.5: a form with `logout_token`, signed when it is sent."""
    session = (
        SsoSession.objects.select_related("person").filter(pk=UUID(delivery.reference)).first()
    )
    if session is None:
        return None
    client, now = delivery.client, clock.now()
    token = keys.sign(
        logout_claims(
            issuer=settings.HYGIE.issuer,
            client_id=client.client_id,
            subject=subject_of(client=client, person=session.person),
            session_id=session.pk,
            jti=secrets.new_token(),
            issued_at=int(now.timestamp()),
            expires_at=int((now + LIFETIME).timestamp()),
        ),
        alg=client.id_token_alg,
        typ="logout+jwt",
    )
    return Message(
        content=urlencode({"logout_token": token}).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
