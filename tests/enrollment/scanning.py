"""What tests of the code on the login page ask of the page and of the phone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from tests.emulators.transport import RefusedError
from tests.emulators.workstation import Shown, Workstation


def refusal(work: Callable[[], Any]) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        work()
    return caught.value


def typed_code(station: Workstation, shown: Shown) -> str:
    page = station.client.post(reverse("enrollment:phone_code", args=[shown.attempt.pk]))
    code: str = page.context["typed_code"]
    return code


def status(station: Workstation, shown: Shown) -> dict[str, Any]:
    address = reverse("enrollment:phone_scan_status", args=[shown.attempt.pk])
    answer: dict[str, Any] = station.client.get(address).json()
    return answer
