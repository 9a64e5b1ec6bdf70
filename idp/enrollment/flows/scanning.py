"""The phone reads the code on the login page: that login is now a question to this very phone.

The page names nobody, so nobody's phone can be made to ring with a public number: whoever wants to
log in shows their phone what is on the screen.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.core import clock, live, throttle
from idp.core.errors import IdpError
from idp.enrollment.flows import refusals, tokens
from idp.enrollment.flows.devices import require_active
from idp.enrollment.flows.fitness import refusal_of_unfit
from idp.enrollment.flows.people import device_group, holder_of, request_group
from idp.enrollment.flows.requests import Screen, level_asked
from idp.enrollment.models import ApprovalRequest, Device, PhoneScreen
from idp.enrollment.rules.codes import normalised_code
from idp.enrollment.rules.limits import TYPED_CODE_TRIES
from idp.enrollment.rules.people import browser_label
from idp.enrollment.rules.states import OPEN_REQUESTS, RequestState
from idp.login.flows.attempts import attempt_group
from idp.login.models import LoginAttempt
from idp.login.rules.steps import AttemptState


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedCode:
    """For a phone without a camera: ten characters, and until when."""

    code: str
    ends_at: datetime


def open_screen(*, attempt: LoginAttempt, screen: Screen) -> None:
    """Notes where the code is shown, for the phone that will read it. One statement."""
    level_asked(attempt)
    PhoneScreen.objects.bulk_create(
        [
            PhoneScreen(
                attempt=attempt, browser=browser_label(screen.user_agent), place=screen.place
            )
        ],
        update_conflicts=True,
        unique_fields=["attempt"],
        update_fields=["browser", "place"],
    )


def typed_code_of(*, attempt: LoginAttempt) -> TypedCode:
    """A code that lives two minutes; the one before it, if any, is over."""
    ends_at = clock.now() + settings.HYGIE.lifetimes.login_code
    code = tokens.login_code(attempt.pk, ends_at)
    PhoneScreen.objects.filter(attempt=attempt).update(
        code_digest=tokens.code_digest(code), code_ends_at=ends_at
    )
    return TypedCode(code=code, ends_at=ends_at)


def scanned_request(*, attempt: LoginAttempt) -> ApprovalRequest | None:
    """What became of the code: the request of the phone that read it, the latest one."""
    return (
        ApprovalRequest.objects.filter(attempt=attempt, is_scanned=True)
        .order_by("-created_at")
        .first()
    )


def scan(*, device: Device, token: str = "", code: str = "", network: str) -> ApprovalRequest:
    """Binds the login on the screen to this phone, once. One same answer for every stale code.

    `network`: of the phone, which may try so many typed codes.
    """
    try:
        with transaction.atomic():
            outcome = _scan(device.pk, _login_of(token, code, network))
    except IdpError as error:
        error.reference = _audit(device, error)
        raise
    if isinstance(outcome, IdpError):
        # Returned, not raised: that the login's question ended is kept.
        outcome.reference = _audit(device, outcome)
        raise outcome
    return outcome


def _login_of(token: str, code: str, network: str) -> UUID:
    if code:
        return _login_of_code(code, network)
    scanned = tokens.read_login_qr(token)
    if scanned is None:
        raise refusals.scan_over("altered")
    began_at = (
        LoginAttempt.objects.filter(pk=scanned.login).values_list("created_at", flat=True).first()
    )
    window = settings.HYGIE.lifetimes.login_qr
    if began_at is None or not scanned.is_fresh(began_at=began_at, now=clock.now(), window=window):
        raise refusals.scan_over("stale")
    return scanned.login


def _login_of_code(code: str, network: str) -> UUID:
    throttle.hit(
        "login_code", network, limit=TYPED_CODE_TRIES.limit, window=TYPED_CODE_TRIES.window
    )
    typed = normalised_code(code)
    screen = PhoneScreen.objects.filter(
        code_digest=tokens.code_digest(typed), code_ends_at__gt=clock.now()
    ).first()
    if not typed or screen is None:
        raise refusals.scan_over("code")
    # A hospital behind one address types many codes; only guesses must be few.
    throttle.forgive("login_code", network)
    return screen.attempt_id


def _scan(device_id: UUID, login_id: UUID) -> ApprovalRequest | IdpError:
    device = Device.objects.select_for_update().get(pk=device_id)
    require_active(device)
    attempt = (
        LoginAttempt.objects.select_for_update(of=("self",))
        .select_related("phone_screen")
        .filter(pk=login_id, phone_screen__isnull=False)
        .first()
    )
    now = clock.now()
    if attempt is None or attempt.state != AttemptState.OPEN or now >= attempt.expires_at:
        raise refusals.scan_over("the login is over")
    if _is_reported(device, attempt):
        raise refusals.browser_reported()
    if _is_taken(attempt):
        raise refusals.scan_taken()
    _make_room(device)
    professional = holder_of(device.holder_id)
    request = ApprovalRequest.objects.create(
        attempt=attempt,
        holder_id=device.holder_id,
        is_decoy=False,
        is_test=professional.is_test,
        browser_digest=attempt.browser_digest,
        client_id=attempt.client_id,
        rp_name=attempt.portal_name,
        rp_host=attempt.portal_host,
        acr=level_asked(attempt),
        browser=attempt.phone_screen.browser,
        place=attempt.phone_screen.place,
        is_scanned=True,
        number_length=0,
        device=device,
        # It is in the holder's hand: there is nobody to ring.
        rung_at=now,
        created_at=now,
        expires_at=now + settings.HYGIE.lifetimes.approval_request,
    )
    # Both codes have served.
    PhoneScreen.objects.filter(attempt=attempt).update(code_digest=None, code_ends_at=None)
    record(
        event="phone_request",
        outcome=Outcome.ACCEPTED,
        subject=professional.national_id,
        client_id=attempt.client_id,
        is_test=professional.is_test,
        data={"attempt": str(attempt.pk), "request": str(request.pk), "device": str(device.pk)},
    )
    live.wake(attempt_group(attempt.pk), device_group(device.holder_id))
    if unfit := refusal_of_unfit(device, request):
        request.move(RequestState.CANCELLED, now=now)
        return unfit
    return request


def _is_reported(device: Device, attempt: LoginAttempt) -> bool:
    """A page that this person called somebody else's does not get them by its code either."""
    since = clock.now() - settings.HYGIE.lifetimes.phone_report_block
    return ApprovalRequest.objects.filter(
        state=RequestState.REPORTED,
        denied_at__gt=since,
        browser_digest=attempt.browser_digest,
        holder_id=device.holder_id,
    ).exists()


def _is_taken(attempt: LoginAttempt) -> bool:
    """Another phone was faster. Under the lock of the attempt: of two at once, one is."""
    return ApprovalRequest.objects.filter(
        attempt=attempt,
        is_scanned=True,
        state__in=sorted(OPEN_REQUESTS),
        expires_at__gt=clock.now(),
    ).exists()


def _make_room(device: Device) -> None:
    """One question at a time: who holds the phone means the one that they are reading now."""
    now = clock.now()
    open_ones = ApprovalRequest.objects.filter(
        holder_id=device.holder_id, is_decoy=False, state__in=sorted(OPEN_REQUESTS)
    )
    for request in open_ones:
        over = RequestState.EXPIRED if now >= request.expires_at else RequestState.CANCELLED
        if request.attempt.is_decoupled and over is RequestState.CANCELLED:
            raise refusals.answer_first()
        if request.move(over, now=now):
            live.wake(request_group(request.pk))


def _audit(device: Device, error: IdpError) -> str:
    return record(
        event="phone_request",
        outcome=Outcome.REFUSED,
        subject=device.holder.national_id,
        is_test=device.holder.is_test,
        data={"device": str(device.pk), "code": error.code, "detail": error.detail},
    ).reference
