"""Devices: proven by their instance key, listed to their holder, revoked at once."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.core import clock, live, secrets
from idp.core.prepared import Given, Prepared
from idp.enrollment.flows import refusals, tokens
from idp.enrollment.flows.device_ends import end_if_over
from idp.enrollment.flows.endings import end_decoupled
from idp.enrollment.flows.people import device_group, request_group
from idp.enrollment.gateways.device_keys import InstanceKey
from idp.enrollment.gateways.dpop import ProofRefusedError, ProofTarget, verify_proof
from idp.enrollment.models import ApprovalRequest, Device
from idp.enrollment.rules.limits import SEEN_EVERY
from idp.enrollment.rules.states import OPEN_REQUESTS, DeviceState, RequestState
from idp.login import flows as login

_CLAIMED = Prepared(lambda: Device.objects.filter(pk=Given("device", Device._meta.pk)))
# A nonce made at the very end of a second lives a little longer than its 60 s.
JTI_MARGIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceProof:
    """What came with a device-signed request; nothing of it is verified yet."""

    claimed_device_id: UUID
    proof: str
    target: ProofTarget


def authenticate(proof: DeviceProof) -> Device:
    """The device that made this very request, once and just now, in whatever state it is."""
    found = _CLAIMED.rows(device=proof.claimed_device_id)
    if not found:
        raise refusals.unknown_device("no such device")
    device = found[0]
    key = InstanceKey.from_point(bytes(device.instance_key))
    try:
        verified = verify_proof(proof.proof, target=proof.target, key=key)
    except ProofRefusedError as error:
        raise refusals.invalid_proof(str(error)) from error
    # RFC 9449 §8: an old or foreign nonce is answered with a new one.
    if not tokens.is_fresh_nonce(verified.nonce):
        raise refusals.stale_nonce()
    _use_once(device.pk, verified.jti)
    if not end_if_over(device):
        _note_seen(device)
    return device


def _use_once(device_id: UUID, jti: str) -> None:
    """RFC 9449 §11.1: a proof serves once. The nonce ends its life, so the cache may forget it."""
    slot = f"device-proof:{device_id}:{secrets.digest(jti).hex()}"
    life = settings.HYGIE.lifetimes.device_nonce + JTI_MARGIN
    if not cache.add(slot, 1, timeout=life.total_seconds()):
        raise refusals.invalid_proof("replayed")


def _note_seen(device: Device) -> None:
    now = clock.now()
    if device.last_seen_at is None or now - device.last_seen_at >= SEEN_EVERY:
        Device.objects.filter(pk=device.pk).update(last_seen_at=now)


def require_active(device: Device) -> None:
    """Only an active device in its validity may list, approve or refuse."""
    match device.state_at(clock.now()):
        case DeviceState.ACTIVE:
            return
        case DeviceState.BLOCKED:
            raise refusals.device_blocked()
        case DeviceState.REVOKED:
            raise refusals.unknown_device("revoked")
        case state:
            raise refusals.device_not_active(state)


def devices_of(*, person_id: UUID) -> list[Device]:
    """What a holder sees of their phones: all that were activated and are not revoked."""
    shown = [DeviceState.ACTIVE, DeviceState.SUSPENDED, DeviceState.BLOCKED]
    return list(
        Device.objects.filter(
            holder_id=person_id, state__in=shown, valid_until__gt=clock.now()
        ).order_by("activated_at")
    )


def revoke(*, device_id: UUID, person_id: UUID, by: str, by_device: UUID | None = None) -> bool:
    """Revokes one of this person's devices and ends what is asked of them; False if it was over."""
    device = (
        Device.objects.select_related("holder").filter(pk=device_id, holder_id=person_id).first()
    )
    if device is None:
        raise refusals.no_such_device()
    with transaction.atomic():
        if not revoke_device(device, by=by, by_device=by_device):
            return False
        end_requests_of(person_id)
        login.withdraw_device(device=str(device.pk), reason="device revoked")
        live.wake(device_group(person_id))
    return True


def revoke_device(device: Device, *, by: str, by_device: UUID | None = None) -> bool:
    """One device and its audit row, in the caller's transaction; False when it was over already.

    `by`: at most 36 characters; `by_device`: the phone that asked for it, where one did.
    """
    if not device.move(DeviceState.REVOKED, ended_at=clock.now(), end_reason=f"by {by}"):
        return False
    record(
        event="device_revoked",
        outcome=Outcome.ACCEPTED,
        subject=device.holder.national_id,
        is_test=device.holder.is_test,
        data={
            "device": str(device.pk),
            "label": device.label,
            "by": by,
            **({"by_device": str(by_device)} if by_device else {}),
        },
    )
    return True


def end_requests_of(person_id: UUID) -> None:
    """Cancels what waits for this holder: at a revocation, a question under way is suspect too.

    One whose time is over has nobody left to tell: it only gets the state that the purge gives it.
    """
    now = clock.now()
    waiting = ApprovalRequest.objects.filter(
        holder_id=person_id, state__in=sorted(OPEN_REQUESTS)
    ).select_related("attempt", "holder")
    for request in waiting:
        if request.expires_at <= now:
            request.move(RequestState.EXPIRED, now=now, nonce=None)
        elif request.move(RequestState.CANCELLED, now=now):
            end_decoupled(request)
            live.wake(request_group(request.pk))
