"""A phone enrolled as e-CPS, and the one key of the holder's own that it carries."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q

from idp.core.prepared import Given, PreparedUpdate
from idp.directory.models import Card, Person
from idp.enrollment.rules.people import LABEL_LENGTH
from idp.enrollment.rules.states import DEVICE_SOURCES, DeviceKind, DeviceState


class Device(models.Model):
    """One installation of the application: its instance key is here, its other key beside."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    holder = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="devices")
    label = models.CharField(max_length=LABEL_LENGTH)
    kind = models.CharField(max_length=10)
    state = models.CharField(max_length=10, default=DeviceState.PENDING)
    # Uncompressed P-256 point, and its RFC 7638 thumbprint.
    instance_key = models.BinaryField(max_length=65)
    instance_thumbprint = models.CharField(max_length=43, unique=True)
    # The audit row of the activation: which card login stands behind this phone.
    enrolled_reference = models.CharField(max_length=8, blank=True)
    # The card of that login, as far as it is kept.
    card = models.ForeignKey(Card, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    # Of a pending device: the end of its enrolment.
    valid_until = models.DateTimeField()
    # Which end its holder was told of last, and how many days before it.
    warned_end = models.DateTimeField(null=True)
    warned_days = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = "téléphone"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in DeviceState]),
                name="device_state_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[str(kind) for kind in DeviceKind]), name="device_kind_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=str(DeviceState.ACTIVE)) | Q(activated_at__isnull=False),
                name="device_active_was_activated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.state}"

    def state_at(self, now: datetime) -> DeviceState:
        """The state in force: whatever is past its end counts as revoked."""
        return DeviceState.REVOKED if now >= self.valid_until else DeviceState(self.state)

    def note_warning(self, *, end: datetime, days: int) -> bool:
        """The only gate of a warning: each end is told once so many days before, or fewer."""
        row = Device.objects.filter(
            pk=self.pk,
            state=DeviceState.ACTIVE,
            last_seen_at=self.last_seen_at,
            valid_until=self.valid_until,
        )
        untold = Q(warned_end__isnull=True) | ~Q(warned_end=end) | Q(warned_days__gt=days)
        return row.filter(untold).update(warned_end=end, warned_days=days) == 1

    def note_use(self, *, now: datetime) -> None:
        """It has just approved a login."""
        _DEVICE_USE.run(pk=self.pk, now=now)

    def move(self, target: DeviceState, **changes: Any) -> bool:
        """The only transition of a device: one conditional UPDATE along the table."""
        moved = Device.objects.filter(
            pk=self.pk, state__in=[str(state) for state in DEVICE_SOURCES[target]]
        ).update(state=target, **changes)
        if moved:
            self.state = target
        return moved == 1


class PasskeyCredential(models.Model):
    """A WebAuthn credential (ES256) and what its registration proved."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="passkey")
    credential_id = models.BinaryField(max_length=1023, unique=True)
    # COSE key, as in the attested credential data.
    public_key = models.BinaryField(max_length=256)
    sign_count = models.BigIntegerField()
    aaguid = models.CharField(max_length=36)
    attestation_format = models.CharField(max_length=20)
    # True only when the chain of the attestation ended at a root we know.
    attested = models.BooleanField()
    backup_eligible = models.BooleanField()
    backed_up = models.BooleanField()
    # Said by the browser, signed by nobody.
    transports = models.JSONField(default=list)
    # Checks of this hour that failed, and since when they are counted.
    failures = models.PositiveSmallIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.attestation_format} {self.aaguid}"

    def note_use(self, *, sign_count: int, backed_up: bool) -> None:
        """What its last assertion said; many have no counter, and then nothing is to be written."""
        said = {"sign_count": sign_count, "backed_up": backed_up}
        if said != {name: getattr(self, name) for name in said}:
            _PASSKEY_USE.run(pk=self.pk, **said)

    def count_failure(self, *, now: datetime, window: timedelta) -> int:
        """One more failed check, under the device's lock; how many within the window."""
        is_over = self.failing_since is None or now >= self.failing_since + window
        self.failures = 1 if is_over else self.failures + 1
        self.failing_since = now if is_over else self.failing_since
        self.save(update_fields=["failures", "failing_since"])
        return self.failures

    @property
    def is_hardware(self) -> bool:
        """Claimed only for a key that cannot leave it, by a verified chain."""
        return self.attested and not self.backup_eligible


class PinKey(models.Model):
    """An Ed25519 public key, encrypted: with the phone's own data it would let PINs be tried."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="pin_key")
    sealed_public_key = models.BinaryField(max_length=200)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"tries {self.tries}"


_DEVICE_USE = PreparedUpdate(
    lambda: (
        Device.objects.filter(pk=Given("pk", Device._meta.pk)),
        {"last_used_at": Given("now", Device._meta.get_field("last_used_at"))},
    )
)
_PASSKEY_USE = PreparedUpdate(
    lambda: (
        PasskeyCredential.objects.filter(pk=Given("pk", PasskeyCredential._meta.pk)),
        {
            name: Given(name, PasskeyCredential._meta.get_field(name))
            for name in ("sign_count", "backed_up")
        },
    )
)
