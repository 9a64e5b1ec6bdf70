"""Asks a holder's phones for an approval. The screen never tells whether anybody was asked."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from idp.audit.flows import Outcome, record
from idp.core import clock, live, secrets, throttle
from idp.directory.flows.find import find_professional
from idp.enrollment.flows import refusals, tokens
from idp.enrollment.flows.endings import end_decoupled
from idp.enrollment.flows.people import device_group, request_group
from idp.enrollment.models import ApprovalRequest, Device
from idp.enrollment.rules.codes import NUMBER_LENGTH
from idp.enrollment.rules.limits import PHONE_LOGIN_STARTS
from idp.enrollment.rules.people import browser_label
from idp.enrollment.rules.quiet import MEMORY, Asked, Patience, was_alarmed, why_quiet
from idp.enrollment.rules.risk import Signs, digits_to_type
from idp.enrollment.rules.states import OPEN_REQUESTS, DeviceState, RequestState
from idp.login import flows as login
from idp.login.methods import installed_methods
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import MethodName
from idp.login.rules.ecps import EcpsPolicy
from idp.login.rules.levels import Level, acr_answered, known_levels
from idp.login.rules.steps import AttemptState, usable_methods

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Where the login began, as far as it can be told."""

    user_agent: str
    network: str
    # What the operator calls that network; mostly `""`.
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """What the phone shows of the asker's side, and which number it asks for."""

    browser: str = ""
    place: str = ""
    message: str = ""
    # The browser that is known to the holder, and whether it stands elsewhere than it did then.
    known_digest: bytes | None = None
    moved: bool = False
    # Digits that the asker shows (CIBA); None: ours, on the waiting page; `""`: none is typed.
    number: str | None = None


def request_approval(
    *, attempt: LoginAttempt, person: login.KnownPerson, known_secret: str, screen: Screen
) -> ApprovalRequest:
    """From a browser that this person is known to have used, within its network's rate."""
    count_start(screen)
    ceremony = Ceremony(
        browser=browser_label(screen.user_agent),
        place=screen.place,
        known_digest=secrets.digest(known_secret),
        moved=person.network != screen.network,
    )
    return ask_holder(attempt=attempt, identifier=person.national_id, ceremony=ceremony)


def count_start(screen: Screen) -> None:
    """A login by phone begins so often from one network, and no more."""
    throttle.hit(
        "phone_start",
        screen.network,
        limit=settings.HYGIE.phone_starts_per_network,
        window=PHONE_LOGIN_STARTS.window,
    )


def ask_holder(*, attempt: LoginAttempt, identifier: str, ceremony: Ceremony) -> ApprovalRequest:
    """A request for the person of this (well-formed) identifier, or a decoy that looks the same.

    Known or not, with or without a phone: the same statements run and the same answer follows.
    """
    level = level_asked(attempt)
    professional = find_professional(identifier=identifier)
    # Nobody's id: what is asked of the database about nobody costs what it costs for somebody.
    person_id = professional.person_id if professional else uuid4()
    now = clock.now()
    with transaction.atomic():
        _make_room(person_id, attempt)
        asked = _asked_lately(person_id)
        reason = _why_decoy(person_id, attempt, asked, is_known=professional is not None)
        request = ApprovalRequest(
            attempt=attempt,
            holder_id=person_id if professional else None,
            is_decoy=bool(reason),
            is_test=professional.is_test if professional else False,
            browser_digest=attempt.browser_digest,
            client_id=attempt.client_id,
            rp_name=attempt.portal_name,
            rp_host=attempt.portal_host,
            acr=level,
            browser=ceremony.browser,
            place=ceremony.place,
            known_digest=ceremony.known_digest,
            number_length=digits_to_type(
                Signs(
                    moved=ceremony.moved,
                    alarmed=was_alarmed(asked),
                    demanded=attempt.login_policy.ecps is not EcpsPolicy.ANY,
                )
            ),
            binding_message=ceremony.message,
            created_at=now,
            expires_at=_end_of(attempt, now),
        )
        tokens.expect_number(request, ceremony.number)
        request.offers_choices = (
            settings.HYGIE.number_choices and request.number_length == NUMBER_LENGTH
        )
        _insert(request)
        record(
            event="phone_request",
            outcome=Outcome.REFUSED if request.is_decoy else Outcome.ACCEPTED,
            subject=identifier,
            client_id=attempt.client_id,
            is_test=request.is_test,
            data={"attempt": str(attempt.pk), "request": str(request.pk), "code": reason},
        )
        live.wake(device_group(person_id))
    # Only here and in the audit log: the operator's answer to « nothing came to my phone ».
    log.info("phone_asked", request_id=str(request.pk), is_decoy=request.is_decoy, code=reason)
    return request


def _end_of(attempt: LoginAttempt, now: datetime) -> datetime:
    """A login without a browser ends with its request: the portal was told how long it lasts."""
    usual = now + settings.HYGIE.lifetimes.approval_request
    return attempt.expires_at if attempt.is_decoupled else usual


def level_asked(attempt: LoginAttempt) -> Level:
    """What a phone will prove here; refused where the portal takes no phone."""
    policy = attempt.login_policy
    usable = {method.name for method in usable_methods(installed_methods(), policy)}
    level = acr_answered(
        asked=known_levels(policy.acr_values), reached=Level(settings.HYGIE.phone_level)
    )
    if MethodName.PHONE not in usable or level is None:
        raise refusals.method_not_allowed_here()
    return level


def _make_room(person_id: UUID, attempt: LoginAttempt) -> None:
    """One pending request a person, and one an asker: its new one takes the place.

    Decoys leave like the others: else the page of the older one would tell which it was.
    """
    now = clock.now()
    asked = ApprovalRequest.objects.filter(state__in=sorted(OPEN_REQUESTS))
    for request in asked.filter(holder_id=person_id, is_decoy=False, expires_at__lte=now):
        request.move(RequestState.EXPIRED, now=now)
    for request in _of_same_asker(asked, person_id, attempt).filter(expires_at__gt=now):
        if request.move(RequestState.CANCELLED, now=now):
            end_decoupled(request)
            live.wake(request_group(request.pk))
            if request.holder_id and request.holder_id != person_id:
                live.wake(device_group(request.holder_id))


def _of_same_asker(
    asked: QuerySet[ApprovalRequest], person_id: UUID, attempt: LoginAttempt
) -> QuerySet[ApprovalRequest]:
    """What the same browser asked; where there is none, what the same portal asked of this person.

    A portal's server asks for many people at once: its question to one leaves the others alone.
    """
    asked = asked.select_related("attempt", "holder")
    if attempt.is_decoupled:
        return asked.filter(
            attempt__is_decoupled=True, client_id=attempt.client_id, holder_id=person_id
        )
    return asked.filter(browser_digest=attempt.browser_digest)


def _why_decoy(
    person_id: UUID, attempt: LoginAttempt, asked: list[Asked], *, is_known: bool
) -> str:
    """`""` when a phone will be asked. Every question is put to the database, whatever the first
    answer: the time it takes must not tell one reason from another.
    """
    now = clock.now()
    has_phone = Device.objects.filter(
        holder_id=person_id, state=DeviceState.ACTIVE, valid_until__gt=now
    ).exists()
    is_asked_already = ApprovalRequest.objects.filter(
        holder_id=person_id, is_decoy=False, state__in=sorted(OPEN_REQUESTS)
    ).exists()
    is_blocked = _is_blocked(person_id, attempt)
    quiet = _why_quiet(person_id, asked)
    reasons = (
        ("unknown_person", not is_known),
        ("no_phone", not has_phone),
        ("already_asked", is_asked_already),
        ("reported", is_blocked),
        (quiet, bool(quiet)),
    )
    return next((reason for reason, holds in reasons if holds), "")


def _asked_lately(person_id: UUID) -> list[Asked]:
    rows = ApprovalRequest.objects.filter(
        holder_id=person_id, is_decoy=False, created_at__gt=clock.now() - MEMORY
    ).values_list("state", "created_at", "denied_at")
    return [
        Asked(state=RequestState(state), at=denied_at or created_at)
        for state, created_at, denied_at in rows
    ]


def _why_quiet(person_id: UUID, asked: list[Asked]) -> str:
    hygie = settings.HYGIE
    return why_quiet(
        asked,
        now=clock.now(),
        patience=Patience(
            unanswered=hygie.phone_requests_per_holder,
            alarms=hygie.phone_alarms_per_holder,
            daily=hygie.phone_requests_per_day,
            denials=hygie.phone_denials_per_holder,
            after_denial=hygie.lifetimes.phone_denial_quiet,
        ),
        card_at=login.last_card_login(person_id=person_id),
    )


def _is_blocked(person_id: UUID, attempt: LoginAttempt) -> bool:
    """Whom a holder reported (« ce n'est pas moi ») asks nobody for a while.

    A browser, by its cookie; where there is none, the portal for that person.
    """
    since = clock.now() - settings.HYGIE.lifetimes.phone_report_block
    reported = ApprovalRequest.objects.filter(state=RequestState.REPORTED, denied_at__gt=since)
    return _of_same_asker(reported, person_id, attempt).exists()


def _insert(request: ApprovalRequest) -> None:
    """Inserts; where another browser was faster by an instant, the constraint says so."""
    try:
        with transaction.atomic():
            request.save(force_insert=True)
    except IntegrityError:
        request.is_decoy = True
        request.save(force_insert=True)


def waiting_requests(*, device: Device) -> list[ApprovalRequest]:
    """What this device may answer now: of its holder, in time, of a login still open.

    What one phone has read from a screen is that phone's alone.
    """
    return list(
        ApprovalRequest.objects.filter(
            Q(is_scanned=False) | Q(device=device),
            holder_id=device.holder_id,
            is_decoy=False,
            state__in=sorted(OPEN_REQUESTS),
            expires_at__gt=clock.now(),
            attempt__state=AttemptState.OPEN,
            attempt__expires_at__gt=clock.now(),
        ).order_by("created_at")
    )


def request_of_attempt(*, request_id: UUID) -> ApprovalRequest | None:
    """For the waiting page, which checks that the browser is the attempt's own."""
    return ApprovalRequest.objects.select_related("attempt").filter(pk=request_id).first()


@transaction.atomic
def cancel_request(*, request: ApprovalRequest) -> None:
    """The person at the screen gives up; the login itself stays open."""
    if request.move(RequestState.CANCELLED, now=clock.now()):
        live.wake(request_group(request.pk))
        if request.holder_id:
            live.wake(device_group(request.holder_id))
