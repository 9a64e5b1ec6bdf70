"""What happens between a screen and a phone: an enrolment, a login page, an approval request."""

import uuid
from datetime import datetime
from functools import cache
from typing import Any

from django.db import models
from django.db.models import Q

from idp.core.prepared import Given, PreparedUpdate
from idp.directory.models import Person
from idp.enrollment.models.devices import Device
from idp.enrollment.rules.approval import CHOSEN, SCANNED, ApprovalContext
from idp.enrollment.rules.codes import NUMBER_LENGTH
from idp.enrollment.rules.states import (
    ENROLMENT_SOURCES,
    OPEN_ENROLMENTS,
    OPEN_REQUESTS,
    REQUEST_SOURCES,
    EnrolmentState,
    RequestState,
)
from idp.login.models import LoginAttempt


class Enrolment(models.Model):
    """One activation of one phone, begun by a fresh card login."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    holder = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="enrolments")
    # The SSO session that began it: no other may confirm.
    session_id = models.UUIDField()
    state = models.CharField(max_length=15, default=EnrolmentState.WAITING)
    code_digest = models.BinaryField(max_length=32, unique=True)
    claim_digest = models.BinaryField(max_length=32, null=True)
    nonce = models.BinaryField(max_length=32, null=True)
    device = models.OneToOneField(
        Device, on_delete=models.SET_NULL, null=True, related_name="enrolment"
    )
    # Encrypted: T and its signature; emptied when the enrolment is over.
    sealed_proof = models.BinaryField(max_length=2000, null=True)
    # The card login that signs it, the last one that was begun.
    certifying_id = models.UUIDField(null=True)
    # Encrypted: what its statement was made with besides T.
    sealed_salt = models.BinaryField(max_length=300, null=True)
    end_reason = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in EnrolmentState]),
                name="enrolment_state_known",
            ),
            models.UniqueConstraint(
                fields=["holder"],
                condition=Q(state__in=sorted(map(str, OPEN_ENROLMENTS))),
                name="enrolment_one_open_per_holder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    def state_at(self, now: datetime) -> EnrolmentState:
        """The state in force: an open enrolment past its end is expired."""
        state = EnrolmentState(self.state)
        is_over = state in OPEN_ENROLMENTS and now >= self.expires_at
        return EnrolmentState.EXPIRED if is_over else state

    def move(self, target: EnrolmentState, *, now: datetime, **changes: Any) -> bool:
        """The only transition of an enrolment; forward moves need that it is still in time."""
        row = Enrolment.objects.filter(
            pk=self.pk, state__in=[str(state) for state in ENROLMENT_SOURCES[target]]
        )
        if target not in {EnrolmentState.CANCELLED, EnrolmentState.EXPIRED}:
            row = row.filter(expires_at__gt=now)
        if row.update(state=target, **changes) != 1:
            return False
        self.state = target
        return True


class PhoneScreen(models.Model):
    """A login page that shows its rotating QR code: it names nobody, so it reaches no phone."""

    attempt = models.OneToOneField(
        LoginAttempt, on_delete=models.CASCADE, primary_key=True, related_name="phone_screen"
    )
    browser = models.CharField(max_length=80, blank=True)
    place = models.CharField(max_length=80, blank=True)
    # Of the ten characters for a phone without a camera, where they were asked for.
    code_digest = models.BinaryField(max_length=32, null=True, unique=True)
    code_ends_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.attempt_id)


class ApprovalRequest(models.Model):
    """One question to a holder's phones: is it you who logs in there?"""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.ForeignKey(LoginAttempt, on_delete=models.CASCADE, related_name="approvals")
    # Whom the screen named; null when nobody has that identifier.
    holder = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    # Looks the same on the screen and reaches no phone.
    is_decoy = models.BooleanField()
    is_test = models.BooleanField(default=False)
    browser_digest = models.BinaryField(max_length=32)
    client_id = models.CharField(max_length=200)
    rp_name = models.CharField(max_length=200)
    rp_host = models.CharField(max_length=255)
    acr = models.CharField(max_length=10)
    browser = models.CharField(max_length=80, blank=True)
    place = models.CharField(max_length=80, blank=True)
    # What the portal says to the person (CIBA); shown as its words.
    binding_message = models.CharField(max_length=64, blank=True)
    # The phone read the code on the login page: it is bound to that phone, and types no number.
    is_scanned = models.BooleanField(default=False)
    # Three numbers are offered on the phone, instead of a field to type one.
    offers_choices = models.BooleanField(default=False)
    # The browser that was known to the holder, where that is why they could be asked.
    known_digest = models.BinaryField(max_length=32, null=True)
    # 0: the portal shows no number, or the phone has read the code; none is typed.
    number_length = models.PositiveSmallIntegerField(default=NUMBER_LENGTH)
    # Encrypted digits that the portal shows; null where they are ours (`flows.tokens`).
    sealed_number = models.BinaryField(max_length=300, null=True)
    state = models.CharField(max_length=10, default=RequestState.PENDING)
    # Set by the right number: which phone may sign, and over what.
    device = models.ForeignKey(Device, on_delete=models.SET_NULL, null=True, related_name="+")
    nonce = models.BinaryField(max_length=32, null=True)
    denied_at = models.DateTimeField(null=True)
    # When the worker queued the rings of the holder's phones.
    rung_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ("view",)
        indexes = [models.Index(fields=["holder", "created_at"], name="request_holder_created")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in RequestState]),
                name="request_state_known",
            ),
            models.CheckConstraint(
                condition=Q(is_decoy=True) | Q(holder__isnull=False),
                name="request_real_has_holder",
            ),
            # The only gate against two questions at once.
            models.UniqueConstraint(
                fields=["holder"],
                condition=Q(state__in=sorted(map(str, OPEN_REQUESTS)), is_decoy=False),
                name="request_one_pending_per_holder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.state}"

    def state_at(self, now: datetime) -> RequestState:
        """The state in force: an open request past its end is expired."""
        state = RequestState(self.state)
        is_over = state in OPEN_REQUESTS and now >= self.expires_at
        return RequestState.EXPIRED if is_over else state

    def is_open_at(self, now: datetime) -> bool:
        """Still waiting for the phone's answer."""
        return self.state_at(now) in OPEN_REQUESTS

    @property
    def means(self) -> str:
        """How the phone got the secret of the screen, where it was not typed."""
        if self.is_scanned:
            return SCANNED
        return CHOSEN if self.offers_choices else ""

    def move(self, target: RequestState, *, now: datetime, **changes: Any) -> bool:
        """The only transition of a request; a decision needs that it is still in time."""
        if _request_move(target, tuple(changes)).run(pk=self.pk, now=now, **changes) != 1:
            return False
        self.state = target
        return True

    def context(self, *, number: str, device_id: uuid.UUID) -> dict[str, str | int]:
        """What the phone displays and signs."""
        return ApprovalContext(
            id=str(self.pk),
            client_id=self.client_id,
            rp_name=self.rp_name,
            rp_host=self.rp_host,
            acr=self.acr,
            browser=self.browser,
            place=self.place,
            iat=int(self.created_at.timestamp()),
            exp=int(self.expires_at.timestamp()),
            number=number,
            device_id=str(device_id),
            binding_message=self.binding_message,
            means=self.means,
        ).to_json()


@cache
def _request_move(target: RequestState, changed: tuple[str, ...]) -> PreparedUpdate:
    """The conditional UPDATE of `ApprovalRequest.move`."""
    fields = ApprovalRequest._meta

    def make() -> tuple[models.QuerySet[ApprovalRequest], dict[str, Any]]:
        row = ApprovalRequest.objects.filter(
            pk=Given("pk", fields.pk),
            state__in=sorted(map(str, REQUEST_SOURCES[target])),
        )
        if target not in {RequestState.CANCELLED, RequestState.EXPIRED}:
            row = row.filter(expires_at__gt=Given("now", fields.get_field("expires_at")))
        changes = {name: Given(name, fields.get_field(name)) for name in changed}
        return row, {"state": str(target), **changes}

    return PreparedUpdate(make)
