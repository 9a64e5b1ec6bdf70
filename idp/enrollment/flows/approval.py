"""The phone approves: the number first, then the signatures, in one transaction with the login.

Refusals are returned out of the transaction, so that what they cost (a try, the request) is kept.
"""

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from idp.core import clock, live
from idp.core.errors import IdpError
from idp.enrollment.flows import refusals, tokens
from idp.enrollment.flows.answers import audited, end_as_failed, lock_for_answer
from idp.enrollment.flows.fitness import grade_of_device, refusal_of_unfit
from idp.enrollment.flows.people import (
    device_group,
    holder_row,
    relying_party,
    request_group,
    standing_of_holder,
)
from idp.enrollment.flows.proofs import Approval, verify_approval
from idp.enrollment.gateways import webauthn
from idp.enrollment.models import Device
from idp.enrollment.rules.approval import Decision, approval_challenge
from idp.enrollment.rules.states import DeviceKind, RequestState
from idp.login import flows as login
from idp.login.rules.authentication import Authentication, AuthMode, MethodName
from idp.login.rules.levels import Level

NONCE_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What the phone gets for the right number: what to sign, and over which nonce."""

    nonce: bytes
    context: dict[str, str | int]
    webauthn: dict[str, Any] | None


def present_number(*, device: Device, request_id: UUID, number: str) -> Challenge:
    """The number typed on the phone. A wrong one ends the request."""
    try:
        with transaction.atomic():
            outcome = _present(device.pk, request_id, number)
    except IdpError as error:
        outcome = error
    if isinstance(outcome, IdpError):
        raise audited(outcome, device=device, request_id=request_id)
    return outcome


def _present(device_id: UUID, request_id: UUID, number: str) -> Challenge | IdpError:
    device, request = lock_for_answer(device_id=device_id, request_id=request_id)
    if unfit := refusal_of_unfit(device, request):
        return unfit
    if not tokens.is_request_number(request, number):
        end_as_failed(request)
        return refusals.wrong_number()
    nonce = secrets.token_bytes(NONCE_BYTES)
    if not request.move(RequestState.NUMBER_OK, now=clock.now(), device_id=device.pk, nonce=nonce):
        return refusals.request_over("raced")
    context = request.context(number=number, device_id=device.pk)
    options = None
    if device.kind == DeviceKind.PASSKEY:
        options = webauthn.request_options(
            rp=relying_party(),
            credential_id=bytes(device.passkey.credential_id),
            challenge=approval_challenge(nonce=nonce, context=context, decision=Decision.APPROVE),
        )
    return Challenge(nonce=nonce, context=context, webauthn=options)


def approve(*, device: Device, request_id: UUID, approval: Approval) -> None:
    """Verifies both signatures and proves the login: all of it, or nothing and the reason."""
    try:
        with transaction.atomic():
            refusal = _approve(device.pk, request_id, approval)
    except IdpError as error:
        refusal = error
    if refusal is not None:
        raise audited(refusal, device=device, request_id=request_id)


def _approve(device_id: UUID, request_id: UUID, approval: Approval) -> IdpError | None:
    device, request = lock_for_answer(device_id=device_id, request_id=request_id)
    if request.nonce is None or request.device_id != device.pk:
        return refusals.challenge_needed()
    outcome = verify_approval(device, request, approval)
    if isinstance(outcome, IdpError):
        return outcome
    if not request.move(RequestState.APPROVED, now=clock.now(), nonce=None):
        return refusals.request_over("raced")
    device.note_use(now=clock.now())
    holder = holder_row(request)
    login.prove_within(
        attempt=request.attempt,
        standing=standing_of_holder(request),
        authentication=Authentication(
            person_id=holder.pk,
            national_id=holder.national_id,
            method=MethodName.PHONE,
            auth_mode=AuthMode.MOBILE,
            amr=outcome.amr,
            level=Level(settings.HYGIE.phone_level),
            at=clock.now(),
            is_test=holder.is_test,
            ecps_grade=grade_of_device(device, is_hardware=outcome.is_hardware),
            device=str(device.pk),
            evidence=outcome.evidence,
        ),
    )
    live.wake(request_group(request.pk), device_group(device.holder_id))
    return None
