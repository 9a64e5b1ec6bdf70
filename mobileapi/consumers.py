"""The open application: its state and its requests, pushed at each change.

The first message proves the instance key (WebSockets carry no headers of ours); every push re-reads
the database, so that a device revoked meanwhile gets its last state and the door.
"""

import asyncio
import json
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from idp.core import clock, strict_json
from idp.core.errors import IdpError
from idp.enrollment.flows.devices import DeviceProof, authenticate
from idp.enrollment.flows.people import device_group, holder_of
from idp.enrollment.flows.requests import waiting_requests
from idp.enrollment.gateways.dpop import ProofTarget
from idp.enrollment.models import Device
from idp.enrollment.rules.states import DeviceState
from mobileapi.documents import own_document, request_document

HELLO_SECONDS = 10
LONGEST_HELLO = 8192
# Application close codes (RFC 6455 §7.4.2).
UNPROVEN = 4401
GONE = 4403
TOO_SLOW = 4408
# States in which the phone has something to wait for.
LISTENING = frozenset({DeviceState.PENDING, DeviceState.ACTIVE, DeviceState.SUSPENDED})


def _authenticate(hello: dict[str, Any]) -> Device:
    """Raises ValueError, TypeError, KeyError for a malformed hello, IdpError for a refused one."""
    if hello["type"] != "hello" or not isinstance(hello["proof"], str):
        raise ValueError("not a hello")
    target = ProofTarget(method="GET", url=f"{settings.HYGIE.base_url}/ws/device")
    return authenticate(
        DeviceProof(
            claimed_device_id=UUID(str(hello["device_id"])), proof=hello["proof"], target=target
        )
    )


def _state_message(device_id: UUID) -> dict[str, Any] | None:
    """The present state; None when the device is no more."""
    device = Device.objects.filter(pk=device_id).first()
    if device is None:
        return None
    is_active = device.state_at(clock.now()) is DeviceState.ACTIVE
    waiting = waiting_requests(device=device) if is_active else []
    return {
        "type": "state",
        "device": own_document(device, holder_of(device.holder_id)),
        "requests": [request_document(request) for request in waiting],
    }


class DeviceConsumer(AsyncWebsocketConsumer):
    """One open application."""

    device_id: UUID | None = None
    group: str = ""
    too_slow: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        await self.accept()
        loop = asyncio.get_running_loop()
        self.too_slow = loop.call_later(HELLO_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if self.device_id is None:
            self.closing = asyncio.ensure_future(self.close(TOO_SLOW))

    async def disconnect(self, code: int) -> None:
        if self.too_slow is not None:
            self.too_slow.cancel()
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Only the hello is listened to; a second message is of no use and ends the connection."""
        if self.device_id is not None or text_data is None or len(text_data) > LONGEST_HELLO:
            await self.close(UNPROVEN)
            return
        try:
            device = await database_sync_to_async(_authenticate)(strict_json.read(text_data))
        except (IdpError, ValueError, TypeError, KeyError):
            await self.close(UNPROVEN)
            return
        self.device_id, self.group = device.pk, device_group(device.holder_id)
        # Listen before the first look, so that nothing falls between look and wait.
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self._push()

    async def wake(self, event: dict[str, Any]) -> None:
        """From `idp.core.live.wake`: something of this holder changed."""
        await self._push()

    async def _push(self) -> None:
        if self.device_id is None:
            return
        try:
            message = await database_sync_to_async(_state_message)(self.device_id)
        except IdpError:
            message = None
        if message is not None:
            await self.send(text_data=json.dumps(message))
        if message is None or message["device"]["state"] not in LISTENING:
            await self.close(GONE)
