"""A login that waits for a phone, and a right approval in which one thing is changed."""

from typing import Any

import pytest

from idp.directory.models import Person
from idp.enrollment.models import ApprovalRequest
from tests.emulators.phones import SoftPhone
from tests.emulators.transport import RefusedError
from tests.emulators.workstation import Asked, Workstation


class Screen:
    """A login that waits for the doctor's phone."""

    def __init__(self, person: Person) -> None:
        self.station = Workstation()
        self.asked: Asked = self.station.ask_phone(person.national_id)

    @property
    def request(self) -> ApprovalRequest:
        return ApprovalRequest.objects.get(pk=self.asked.request_id)

    @property
    def is_proven(self) -> bool:
        self.asked.attempt.refresh_from_db()
        return self.asked.attempt.proof is not None


def approve(phone: SoftPhone, asked: Asked, **changes: Any) -> None:
    """A right approval, with members of its body changed."""
    (request,) = phone.requests()
    challenge = phone.challenge(asked.request_id, number=asked.number)
    body = phone.approval(request, challenge, number=asked.number)
    phone.signed_call("POST", f"/requests/{asked.request_id}/approve", {**body, **changes})


def refusal(call: Any, *args: Any, **kwargs: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        call(*args, **kwargs)
    return caught.value
