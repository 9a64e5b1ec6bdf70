"""The phone refuses, with a signature of its own: the portal gets `access_denied`."""

from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.core import clock, live
from idp.core.errors import IdpError
from idp.enrollment.flows import refusals
from idp.enrollment.flows.answers import audited, lock_for_answer
from idp.enrollment.flows.evidence import approval_evidence
from idp.enrollment.flows.people import device_group, holder_row, request_group
from idp.enrollment.gateways.device_keys import InstanceKey
from idp.enrollment.models import Device
from idp.enrollment.rules.approval import Decision, approval_challenge
from idp.enrollment.rules.states import RequestState
from idp.login import flows as login
from idp.login.rules.authentication import MethodName

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A refusal as the phone signed it; the signature is not verified yet."""

    decision: Decision
    nonce: bytes
    instance_signature: bytes


def deny(*, device: Device, request_id: UUID, denial: Denial) -> None:
    """Ends the request and the login. « Ce n'est pas moi » is kept apart: it is an alarm."""
    try:
        with transaction.atomic():
            _deny(device.pk, request_id, denial)
    except IdpError as error:
        audited(error, device=device, request_id=request_id)
        raise


def _deny(device_id: UUID, request_id: UUID, denial: Denial) -> None:
    device, request = lock_for_answer(device_id=device_id, request_id=request_id)
    # No number is typed to refuse: the field is signed empty.
    context = request.context(number="", device_id=device.pk)
    challenge = approval_challenge(nonce=denial.nonce, context=context, decision=denial.decision)
    instance = InstanceKey.from_point(bytes(device.instance_key))
    if not instance.verifies(challenge, denial.instance_signature):
        raise refusals.bad_signature()
    is_alarm = denial.decision is Decision.NOT_ME
    target = RequestState.REPORTED if is_alarm else RequestState.DENIED
    now = clock.now()
    if not request.move(target, now=now, nonce=None, denied_at=now):
        raise refusals.request_over("raced")
    holder = holder_row(request)
    record(
        event="phone_denied",
        outcome=Outcome.REFUSED,
        subject=holder.national_id,
        client_id=request.client_id,
        is_test=holder.is_test,
        data={
            "request": str(request.pk),
            "portal": request.rp_name,
            "decision": str(denial.decision),
        },
        evidence=approval_evidence(
            nonce=denial.nonce,
            context=context,
            decision=denial.decision,
            instance_key=instance.point,
            instance_signature=denial.instance_signature,
        ),
    )
    login.refuse(
        attempt=request.attempt,
        code="access_denied",
        method=MethodName.PHONE,
        subject=holder.national_id,
    )
    if is_alarm:
        if request.known_digest is not None:
            login.forget_person(digest=bytes(request.known_digest), person_id=device.holder_id)
        # For the operator: somebody else uses this person's number.
        log.warning("phone_alarm", request_id=str(request.pk), client_id=request.client_id)
    live.wake(request_group(request.pk), device_group(device.holder_id))
