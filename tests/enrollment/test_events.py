"""Live pages: the state first, each change at once, and an end."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.test import AsyncClient, Client
from django.urls import reverse

from idp.directory.models import Person
from idp.enrollment.flows.tokens import typed_code
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.people import make_person

pytestmark = pytest.mark.django_db(transaction=True)


def doctor_with_phone() -> tuple[Person, SoftPhone]:
    person, station = make_person(), Workstation()
    station.log_in_by_card(person)
    return person, station.activate(SoftPhone(Client()))


async def listen(station: Workstation, address: str) -> AsyncGenerator[dict[str, Any]]:
    """The events of this browser, one JSON value each."""
    client = AsyncClient()
    client.cookies = station.client.cookies
    response: Any = await client.get(address)
    assert response["Content-Type"] == "text/event-stream"
    async for chunk in response.streaming_content:
        if chunk.startswith(b"data: "):
            yield json.loads(chunk[len(b"data: ") :])


async def test_the_waiting_page_goes_on_the_moment_the_phone_approves() -> None:
    person, phone = await sync_to_async(doctor_with_phone)()
    station = Workstation()
    asked = await sync_to_async(station.ask_phone)(person.national_id)
    events = listen(station, f"{asked.path}/events")
    assert await anext(events) == {"state": "pending", "next": None}
    await sync_to_async(phone.approve)(asked.request_id, number=asked.number)
    finish = reverse("login:finish", args=[asked.attempt.pk])
    assert await anext(events) == {"state": "approved", "next": finish}
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_a_wrong_number_ends_the_waiting() -> None:
    person, phone = await sync_to_async(doctor_with_phone)()
    station = Workstation()
    asked = await sync_to_async(station.ask_phone)(person.national_id)
    events = listen(station, f"{asked.path}/events")
    await anext(events)
    with pytest.raises(AssertionError, match="wrong_number"):
        await sync_to_async(phone.challenge)(asked.request_id, number=asked.wrong_number)
    assert await anext(events) == {"state": "failed", "next": asked.path}


async def test_the_activation_page_follows_the_phone() -> None:
    station, phone = Workstation(), SoftPhone(Client())
    await sync_to_async(lambda: station.log_in_by_card(make_person()))()
    enrolment = await sync_to_async(station.begin_activation)()
    events = listen(station, reverse("enrollment:events", args=[enrolment.pk]))
    assert await anext(events) == {"state": "waiting"}
    claimed = await sync_to_async(phone.claim)(code=typed_code(enrolment.pk))
    assert await anext(events) == {"state": "claimed"}
    keys, digits = phone.make_keys(claimed)
    await sync_to_async(phone.submit_keys)(claimed["enrolment_id"], keys)
    assert await anext(events) == {"state": "keys_received"}
    await sync_to_async(station.confirm)(enrolment, digits)
    assert await anext(events) == {"state": "active"}
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_a_waiting_page_keeps_no_database_connection() -> None:
    """Else as many waiting pages as the pool has connections stop the whole provider."""
    person, _phone = await sync_to_async(doctor_with_phone)()
    station = Workstation()
    asked = await sync_to_async(station.ask_phone)(person.national_id)
    made: list[BaseDatabaseWrapper] = []

    def note(**facts: Any) -> None:
        made.append(facts["connection"])

    connection_created.connect(note)
    try:
        async with ThreadSensitiveContext():  # a thread of its own, as each request has under ASGI
            events = listen(station, f"{asked.path}/events")
            await anext(events)
            assert made
            # Whichever thread opened one, for the page or for its state, has given it back.
            assert [each for each in made if each.connection is not None] == []
            await events.aclose()
    finally:
        connection_created.disconnect(note)
