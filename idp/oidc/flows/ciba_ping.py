"""CIBA Core 1.0 §10.2: tells a portal in ping mode that its request has an answer."""

import json

from idp.core import vault
from idp.login.models import LoginAttempt
from idp.oidc.flows.ciba import PING_PURPOSE
from idp.oidc.flows.deliveries import Message, queue
from idp.oidc.models import BackchannelRequest, Delivery
from idp.oidc.rules.delivery import DeliveryKind


def announce_answer(*, attempt: LoginAttempt) -> None:
    """In the transaction that proves or refuses the login (`settings.DECOUPLED_END_HOOKS`)."""
    asked = (
        BackchannelRequest.objects.select_related("client")
        .filter(attempt=attempt, sealed_ping__isnull=False)
        .first()
    )
    if asked is None:
        return
    queue(
        kind=DeliveryKind.CIBA_PING,
        client=asked.client,
        target=asked.client.backchannel_client_notification_endpoint,
        reference=str(asked.pk),
        give_up_at=attempt.expires_at,
    )


def message_of(delivery: Delivery) -> Message | None:
    """§10.2: auth_req_id alone, under the portal's own bearer token; never the person's answer."""
    asked = BackchannelRequest.objects.filter(pk=delivery.reference).first()
    if asked is None or asked.sealed_ping is None:
        return None
    ping = json.loads(vault.unseal(asked.sealed_ping, purpose=PING_PURPOSE))
    return Message(
        content=json.dumps({"auth_req_id": ping["auth_req_id"]}).encode(),
        headers={
            "Authorization": f"Bearer {ping['token']}",
            "Content-Type": "application/json",
        },
    )
