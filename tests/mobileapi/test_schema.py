"""The OpenAPI document: complete, and only about the phone."""

from typing import Any

import pytest
from django.test import Client


@pytest.fixture
def schema(db: None) -> dict[str, Any]:
    response = Client().get("/api/v1/schema")
    assert response.status_code == 200
    document: dict[str, Any] = response.json()
    return document


def test_every_address_of_the_phone_is_described(schema: dict[str, Any]) -> None:
    assert set(schema["paths"]) == {
        "/api/v1/nonce",
        "/api/v1/enrolments/claim",
        "/api/v1/enrolments/{enrolment_id}/keys",
        "/api/v1/devices/me",
        "/api/v1/devices/me/push",
        "/api/v1/devices/me/offline",
        "/api/v1/devices",
        "/api/v1/devices/{device_id}",
        "/api/v1/requests",
        "/api/v1/journal",
        "/api/v1/journal/{reference}",
        "/api/v1/requests/scan",
        "/api/v1/requests/{request_id}/challenge",
        "/api/v1/requests/{request_id}/approve",
        "/api/v1/requests/{request_id}/deny",
    }


def test_signed_calls_say_how_they_are_signed(schema: dict[str, Any]) -> None:
    assert "DPoP" in schema["components"]["securitySchemes"]["device"]["description"]
    assert schema["paths"]["/api/v1/requests"]["get"]["security"] == [{"device": []}]


def test_examples_are_given(schema: dict[str, Any]) -> None:
    claim = schema["paths"]["/api/v1/enrolments/claim"]["post"]
    examples = claim["requestBody"]["content"]["application/json"]["examples"]
    assert {"TypedCode", "QRCode"} <= set(examples)
