"""Login attempts, SSO sessions and the browsers people use, with their atomic transitions."""

import uuid
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import models

from idp.core.prepared import Given, PreparedUpdate
from idp.directory.models import Card, Person
from idp.directory.rules.practices import KEY_LENGTH
from idp.login.rules.authentication import Authentication, LoginPolicy, Portal
from idp.login.rules.ecps import EcpsGrade
from idp.login.rules.levels import Level
from idp.login.rules.revocation import TargetKind
from idp.login.rules.steps import AttemptState


class LoginAttempt(models.Model):
    """One login from its start to a proven identity, bound to one browser by its cookie."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    browser_digest = models.BinaryField(max_length=32)
    client_id = models.CharField(max_length=200)
    portal_name = models.CharField(max_length=200)
    portal_host = models.CharField(max_length=255)
    policy = models.JSONField()
    return_url_name = models.CharField(max_length=100)
    return_kwargs = models.JSONField(default=dict)
    final_url = models.TextField(blank=True)
    # What a card signs with the challenge, besides the login: a digest of it.
    statement = models.BinaryField(max_length=32, blank=True, default=b"")
    # No browser takes part (CIBA): no other means can be chosen, so one refusal ends it.
    is_decoupled = models.BooleanField(default=False)

    state = models.CharField(max_length=10, default=AttemptState.OPEN)
    authentication = models.JSONField(null=True)
    refusal_code = models.CharField(max_length=64, blank=True)
    audit_reference = models.CharField(max_length=8, blank=True)
    # What the person chose between proof and session (`directory.rules.practices`); `""`: nothing.
    practice = models.CharField(max_length=KEY_LENGTH, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[str(state) for state in AttemptState]),
                name="attempt_state_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.state}"

    @property
    def portal(self) -> Portal:
        return Portal(client_id=self.client_id, name=self.portal_name, host=self.portal_host)

    @property
    def login_policy(self) -> LoginPolicy:
        return LoginPolicy.from_json(self.policy)

    @property
    def proof(self) -> Authentication | None:
        return Authentication.from_json(self.authentication) if self.authentication else None

    def _move(self, source: AttemptState, now: datetime, **changes: Any) -> bool:
        """The only transition of an attempt: one conditional UPDATE, so that one caller wins."""
        update = _attempt_move(tuple(changes))
        return update.run(pk=self.pk, source=source, now=now, **changes) == 1

    def prove(self, authentication: Authentication, *, reference: str, now: datetime) -> bool:
        return self._move(
            AttemptState.OPEN,
            now,
            state=AttemptState.PROVEN,
            authentication=authentication.to_json(),
            audit_reference=reference,
        )

    def refuse(self, code: str, *, reference: str, now: datetime) -> bool:
        return self._move(
            AttemptState.OPEN,
            now,
            state=AttemptState.REFUSED,
            refusal_code=code,
            audit_reference=reference,
        )

    def withdraw(self, code: str, *, reference: str, now: datetime) -> bool:
        """The proof is believed no longer, and was not taken yet."""
        return self._move(
            AttemptState.PROVEN,
            now,
            state=AttemptState.REFUSED,
            authentication=None,
            refusal_code=code,
            audit_reference=reference,
        )

    def take(self, *, now: datetime, practice: str = "") -> bool:
        """Single use of a proof: the only gate between a proven attempt and a session."""
        return self._move(AttemptState.PROVEN, now, state=AttemptState.TAKEN, practice=practice)


@cache
def _attempt_move(changed: tuple[str, ...]) -> PreparedUpdate:
    fields = LoginAttempt._meta
    return PreparedUpdate(
        lambda: (
            LoginAttempt.objects.filter(
                pk=Given("pk", fields.pk),
                state=Given("source", fields.get_field("state")),
                expires_at__gt=Given("now", fields.get_field("expires_at")),
            ),
            {name: Given(name, fields.get_field(name)) for name in changed},
        )
    )


class SsoSession(models.Model):
    """A person at one browser. Its id is the `sid` and `session_state` of every token."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cookie_digest = models.BinaryField(max_length=32, unique=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="sso_sessions")
    national_id = models.CharField(max_length=80)
    method = models.CharField(max_length=10)
    auth_mode = models.CharField(max_length=20)
    amr = models.JSONField()
    level = models.CharField(max_length=10)
    auth_time = models.DateTimeField()
    # Of a login by phone: what it showed of the phone, and which one it was.
    ecps_grade = models.CharField(max_length=20, blank=True)
    device = models.CharField(max_length=36, blank=True, db_index=True)
    # Of a login by card, which one it was.
    card = models.ForeignKey(Card, on_delete=models.SET_NULL, null=True, related_name="+")
    is_test = models.BooleanField(default=False)
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.id} {self.method}"

    @property
    def reached(self) -> Level:
        return Level(self.level)

    @property
    def grade(self) -> EcpsGrade | None:
        """None: no phone took part."""
        return EcpsGrade(self.ecps_grade) if self.ecps_grade else None

    def is_live(self, *, now: datetime, idle: timedelta) -> bool:
        return self.ended_at is None and now < self.expires_at and now < self.last_seen_at + idle

    def end(self, *, reason: str, now: datetime) -> bool:
        """Ends the session once; False when it was over already."""
        return (
            SsoSession.objects.filter(pk=self.pk, ended_at__isnull=True).update(
                ended_at=now, end_reason=reason
            )
            == 1
        )


class KnownBrowser(models.Model):
    """A browser in which this person proved who they are: from there their phones may be asked."""

    # Of the secret in its cookie, which lives longer than any session.
    digest = models.BinaryField(max_length=32)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="known_browsers")
    # Where it was then, as rate windows count it.
    network = models.CharField(max_length=64)
    proven_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["digest", "person"], name="login_known_browser")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.proven_at:%Y-%m-%d}"


class EarlierProof(models.Model):
    """What opened a session before the same person proved themselves by another means.

    What grew from that login lives on in the session, and must end with the card or phone.
    """

    session = models.ForeignKey(SsoSession, on_delete=models.CASCADE, related_name="earlier")
    card = models.ForeignKey(Card, on_delete=models.SET_NULL, null=True, related_name="+")
    device = models.CharField(max_length=36, blank=True, db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.session_id} {self.card_id or self.device}"


class PracticeChoice(models.Model):
    """« En tant que »: what a person chose last at a portal that asks for it."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    client_id = models.CharField(max_length=200)
    practice = models.CharField(max_length=KEY_LENGTH)
    chosen_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["person", "client_id"], name="practice_one_choice_per_portal"
            )
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.practice}"


class RevocationOrder(models.Model):
    """Who or what must not log in, by order of the operator or of the holder, until it is lifted.

    Never deleted: its beginning, its end and both reasons stay. `target`: a person's key, a card's
    number in its short form, a phone's key.
    """

    kind = models.CharField(max_length=10)
    target = models.CharField(max_length=64)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    cause = models.CharField(max_length=40)
    reason = models.CharField(max_length=200)
    ordered_by = models.CharField(max_length=100)
    ordered_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=100, blank=True)
    lift_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "révocation"
        default_permissions = ("add", "view")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[str(kind) for kind in TargetKind]),
                name="revocation_kind_known",
            ),
            # Ordered twice is ordered once; lifted, it may be ordered again.
            models.UniqueConstraint(
                fields=["kind", "target"],
                condition=models.Q(lifted_at__isnull=True),
                name="revocation_one_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"

    def lift(self, *, by: str, reason: str, now: datetime) -> bool:
        """Ends the order once; False when it was lifted already."""
        return (
            RevocationOrder.objects.filter(pk=self.pk, lifted_at__isnull=True).update(
                lifted_at=now, lifted_by=by, lift_reason=reason
            )
            == 1
        )
