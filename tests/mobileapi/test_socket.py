"""The open application: first a proof, then the state at once and at each change."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from idp.asgi import application
from idp.directory.models import Person
from idp.enrollment.flows.devices import revoke
from idp.enrollment.flows.tokens import device_nonce, typed_code
from mobileapi import consumers
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.people import make_person

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = b"http://localhost:8000"
PATH = "/ws/device"


def hello(phone: SoftPhone, **claims: Any) -> dict[str, Any]:
    phone.nonce = device_nonce()
    proof = phone.instance.proof({**phone.proof_claims("GET", PATH), **claims})
    return {"type": "hello", "device_id": phone.device_id, "proof": proof}


def enrolled(person: Person) -> SoftPhone:
    station = Workstation()
    station.log_in_by_card(person)
    return station.activate(SoftPhone(Client()))


def socket(origin: bytes = ORIGIN) -> WebsocketCommunicator:
    return WebsocketCommunicator(application, PATH, headers=[(b"origin", origin)])


async def state(open_socket: WebsocketCommunicator) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await open_socket.receive_from(timeout=5))
    return message


@pytest.fixture
async def open_socket() -> AsyncIterator[WebsocketCommunicator]:
    communicator = socket()
    connected, _protocol = await communicator.connect(timeout=10)
    assert connected
    yield communicator
    await communicator.disconnect(timeout=10)


async def test_another_origin_is_not_let_in() -> None:
    connected, _code = await socket(b"https://evil.example").connect(timeout=10)
    assert not connected


async def test_the_state_comes_at_once_and_at_each_change(
    open_socket: WebsocketCommunicator,
) -> None:
    person = await sync_to_async(make_person)()
    phone = await sync_to_async(enrolled)(person)
    await open_socket.send_to(text_data=json.dumps(hello(phone)))
    first = await state(open_socket)
    assert first["type"] == "state"
    assert first["device"]["state"] == "active"
    assert first["requests"] == []
    asked = await sync_to_async(Workstation().ask_phone)(person.national_id)
    second = await state(open_socket)
    assert [request["id"] for request in second["requests"]] == [asked.request_id]
    await sync_to_async(phone.deny)(asked.request_id)
    assert (await state(open_socket))["requests"] == []


async def test_a_pending_phone_learns_that_it_became_active(
    open_socket: WebsocketCommunicator,
) -> None:
    station, phone = Workstation(), SoftPhone(Client())
    await sync_to_async(lambda: station.log_in_by_card(make_person()))()
    enrolment = await sync_to_async(station.begin_activation)()
    digits = await sync_to_async(phone.enrol)(code=typed_code(enrolment.pk))
    await open_socket.send_to(text_data=json.dumps(hello(phone)))
    assert (await state(open_socket))["device"]["state"] == "pending"
    await sync_to_async(station.confirm)(enrolment, digits)
    assert (await state(open_socket))["device"]["state"] == "active"


async def test_a_revoked_phone_gets_its_last_state_and_the_door(
    open_socket: WebsocketCommunicator,
) -> None:
    person = await sync_to_async(make_person)()
    phone = await sync_to_async(enrolled)(person)
    await open_socket.send_to(text_data=json.dumps(hello(phone)))
    await state(open_socket)
    await sync_to_async(revoke)(device_id=UUID(phone.device_id), person_id=person.pk, by="test")
    assert (await state(open_socket))["device"]["state"] == "revoked"
    assert (await open_socket.receive_output(timeout=5))["code"] == 4403


@pytest.mark.parametrize(
    "message",
    ["x", "[]", "{}", '"hello"', "null", '{"type": "hello"}', "x" * 9000, "[" * 8000],
    ids=lambda message: message[:10],
)
async def test_who_does_not_say_hello_is_shown_the_door(
    open_socket: WebsocketCommunicator, message: str
) -> None:
    await open_socket.send_to(text_data=message)
    assert (await open_socket.receive_output(timeout=5))["code"] == 4401


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "stale"}, {"htm": "POST"}, {"htu": "http://localhost:8000/api/v1/requests"}],
    ids=str,
)
async def test_a_wrong_proof_is_shown_the_door(
    open_socket: WebsocketCommunicator, claims: dict[str, Any]
) -> None:
    person = await sync_to_async(make_person)()
    phone = await sync_to_async(enrolled)(person)
    await open_socket.send_to(text_data=json.dumps(hello(phone, **claims)))
    assert (await open_socket.receive_output(timeout=5))["code"] == 4401


async def test_who_says_nothing_is_shown_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "HELLO_SECONDS", 0)
    silent = socket()
    await silent.connect(timeout=10)
    assert (await silent.receive_output(timeout=5))["code"] == 4408


async def test_a_second_message_ends_the_connection(open_socket: WebsocketCommunicator) -> None:
    person = await sync_to_async(make_person)()
    phone = await sync_to_async(enrolled)(person)
    await open_socket.send_to(text_data=json.dumps(hello(phone)))
    await state(open_socket)
    await open_socket.send_to(text_data=json.dumps(hello(phone)))
    assert (await open_socket.receive_output(timeout=5))["code"] == 4401


async def test_a_proof_opens_one_socket(open_socket: WebsocketCommunicator) -> None:
    person = await sync_to_async(make_person)()
    phone = await sync_to_async(enrolled)(person)
    message = json.dumps(hello(phone))
    await open_socket.send_to(text_data=message)
    await state(open_socket)
    second = socket()
    await second.connect(timeout=10)
    await second.send_to(text_data=message)
    assert (await second.receive_output(timeout=5))["code"] == 4401
