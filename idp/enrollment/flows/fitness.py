"""Whether a phone is enough for the portal that asks (`LoginPolicy.ecps`), and what follows."""

from datetime import datetime

from django.conf import settings

from idp.core import clock, live
from idp.core.errors import IdpError
from idp.enrollment.flows import refusals
from idp.enrollment.flows.endings import end_decoupled
from idp.enrollment.flows.people import device_group, request_group
from idp.enrollment.models import ApprovalRequest, Device, PasskeyCredential
from idp.enrollment.rules.grade import PhoneFacts, grade_of, is_on_probation
from idp.enrollment.rules.states import DeviceState, RequestState
from idp.login.rules.ecps import EcpsGrade, EcpsPolicy


def grade_of_device(
    device: Device, *, now: datetime | None = None, is_hardware: bool | None = None
) -> EcpsGrade:
    """What an approval by this phone shows now. `is_hardware`: where it was looked up already."""
    probation = settings.HYGIE.lifetimes.phone_probation
    facts = _facts(device, is_hardware)
    return grade_of(facts, probation=probation, now=now or clock.now())


def passkey_grade(device: Device, *, is_hardware: bool) -> EcpsGrade:
    """What its passkey alone shows: where it may be a synced copy, no particular phone."""
    grade = grade_of_device(device, is_hardware=is_hardware)
    return grade if grade is EcpsGrade.ATTESTED else EcpsGrade.PLAIN


def refusal_of_unfit(device: Device, request: ApprovalRequest) -> IdpError | None:
    """Why this phone may not answer; where no other phone may either, the request ends.

    Said on the phone only: the screen must not tell which phones a person has.
    """
    policy = request.attempt.login_policy.ecps
    refusal = refusal_of_grade(device, policy, grade_of_device(device))
    if refusal is None:
        return None
    others = Device.objects.filter(
        holder_id=device.holder_id, state=DeviceState.ACTIVE, valid_until__gt=clock.now()
    ).exclude(pk=device.pk)
    if not any(policy.accepts(grade_of_device(other)) for other in others):
        _end(request)
    return refusal


def refusal_of_grade(device: Device, policy: EcpsPolicy, grade: EcpsGrade) -> IdpError | None:
    """Why a proof of this grade is not enough for the portal: too new, or never enough."""
    if policy.accepts(grade):
        return None
    probation = settings.HYGIE.lifetimes.phone_probation
    facts = _facts(device)
    if is_on_probation(facts, probation=probation, now=clock.now()) and policy.accepts(
        grade_of_device(device, now=facts.activated_at + probation)
    ):
        return refusals.phone_on_probation()
    return refusals.phone_not_accepted()


def is_new(device: Device) -> bool:
    """Still on probation."""
    probation = settings.HYGIE.lifetimes.phone_probation
    return is_on_probation(_facts(device), probation=probation, now=clock.now())


def _end(request: ApprovalRequest) -> None:
    """Cancelled, not failed: nobody did anything wrong, and it must not count as an alarm."""
    if request.move(RequestState.CANCELLED, now=clock.now(), nonce=None):
        end_decoupled(request)
        live.wake(request_group(request.pk))
        if request.holder_id:
            live.wake(device_group(request.holder_id))


def _facts(device: Device, is_hardware: bool | None = None) -> PhoneFacts:
    if is_hardware is None:
        # None: a phone with a PIN key.
        passkey: PasskeyCredential | None = getattr(device, "passkey", None)
        is_hardware = passkey is not None and passkey.is_hardware
    return PhoneFacts(
        is_hardware=is_hardware,
        activated_at=device.activated_at or clock.now(),
    )
