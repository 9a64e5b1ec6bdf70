"""The phone's API keeps what its OpenAPI document says, whatever is sent to it (schemathesis)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
import schemathesis
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response as Reply
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from idp.enrollment.models import Device
from idp.enrollment.rules.states import DeviceState
from tests.emulators.phones import SoftPhone

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 12


def operations() -> dict[str, Any]:
    """Every operation of the document, by its name in it."""
    described = Client().get("/api/v1/schema").json()
    document: Any = schemathesis.openapi.from_dict(described)
    found = [each.ok() for each in document.get_all_operations()]
    return {each.definition.raw["operationId"]: each for each in found}


def hold(operation: Any, check: Callable[[Any], None]) -> None:
    """Whatever the document allows, and some of what it does not."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def every(case: Any) -> None:
        cache.clear()
        check(case)

    every()


def sent(case: Any, phone: SoftPhone | None) -> Reply:
    """The call through Django, signed by the phone where there is one, as a reply of HTTP."""
    call = case.as_transport_kwargs(base_url="http://localhost:8000")
    body = json.dumps(call["json"]).encode() if "json" in call else call.get("data") or b""
    if not isinstance(body, bytes):
        body = str(body).encode()
    prepared = requests.Request(call["method"], call["url"], params=call.get("params")).prepare()
    path = prepared.path_url
    headers = {
        name: value
        for name, value in dict(call.get("headers") or {}).items()
        if name.lower() not in {"content-type", "content-length", "authorization", "dpop"}
    }
    if phone is not None:
        claims = phone.proof_claims(call["method"], path.partition("?")[0], body)
        proof = phone.instance.proof(claims)
        headers |= {"Authorization": f"Device {phone.device_id}", "DPoP": proof}
    answer = Client().generic(
        call["method"], path, body, content_type="application/json", headers=headers
    )
    if phone is not None:
        phone.nonce = answer.headers.get("DPoP-Nonce", phone.nonce)
    return Reply(
        status_code=answer.status_code,
        headers={name.lower(): [value] for name, value in answer.headers.items()},
        content=answer.content,
        request=prepared,
        elapsed=0.0,
        verify=False,
    )


NAMES = (
    *("get_nonce", "claim_enrolment", "submit_keys", "get_device", "revoke_device"),
    *("list_devices", "rename_device", "revoke_other_device", "get_push", "put_push"),
    *("delete_push", "get_offline", "renew_offline", "delete_offline", "list_requests"),
    *("scan_login", "present_number", "approve_request", "deny_request", "list_journal"),
    "get_receipt",
)


@pytest.mark.django_db
def test_every_operation_is_tried() -> None:
    assert set(NAMES) == set(operations())


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_gets_what_is_described(name: str, phone: SoftPhone) -> None:
    def check(case: Any) -> None:
        # A call may have removed the phone: the next one is made by a phone in use.
        Device.objects.filter(pk=phone.device_id).update(state=DeviceState.ACTIVE)
        phone.fetch_nonce()
        case.validate_response(sent(case, phone), checks=CHECKS)

    hold(operations()[name], check)


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_a_stranger_gets_what_is_described(name: str) -> None:
    hold(
        operations()[name],
        lambda case: case.validate_response(sent(case, None), checks=CHECKS),
    )


def test_what_is_sent_reaches_the_answers(phone: SoftPhone) -> None:
    """The harness itself: a signed call through it is taken for the phone's own."""
    case = operations()["get_device"].Case()
    phone.fetch_nonce()
    assert sent(case, phone).json()["state"] == "active"
    assert sent(case, None).status_code == 401
