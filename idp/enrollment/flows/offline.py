"""Login with a code while the phone has no network: a bounded fallback, off by default (`eidas1`).

The phone gets a seed while it is online; the person types what it shows. Nothing is signed, the
code can be read out to anybody: never phishing-resistant, never more than `eidas1`.
"""

import hmac
import secrets
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.core import clock, throttle, vault
from idp.core.errors import IdpError
from idp.directory.flows.find import find_professional
from idp.directory.rules.professional import Professional
from idp.enrollment.flows import refusals
from idp.enrollment.flows.devices import require_active
from idp.enrollment.gateways.otp import code_of
from idp.enrollment.models import Device, OfflineSeed
from idp.enrollment.rules.limits import MAX_ACTIVE_DEVICES, PHONE_LOGIN_STARTS
from idp.enrollment.rules.offline import SEED_BYTES, USES, WRONG_CODES, is_code, steps_around
from idp.enrollment.rules.states import DeviceState
from idp.login import flows as login
from idp.login.flows.attempts import attempt_over
from idp.login.methods import installed_methods
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import Authentication, AuthMode, MethodName
from idp.login.rules.ecps import EcpsGrade
from idp.login.rules.levels import Level
from idp.login.rules.steps import AttemptState, usable_methods

SEED_PURPOSE = "offline.seed"


def give_seed(*, device: Device) -> bytes:
    """A new seed for this phone, told this once; codes of a former one are wrong from now on."""
    _require_on()
    require_active(device)
    seed = secrets.token_bytes(SEED_BYTES)
    with transaction.atomic():
        OfflineSeed.objects.filter(device_id=device.pk).delete()
        OfflineSeed.objects.create(
            device_id=device.pk,
            sealed_seed=vault.seal(seed, purpose=SEED_PURPOSE),
            created_at=clock.now(),
        )
        _record(device, "offline_code_on")
    return seed


def take_seed_back(*, device: Device) -> None:
    """No code of this phone is right any more."""
    deleted, _by_model = OfflineSeed.objects.filter(device_id=device.pk).delete()
    if deleted:
        _record(device, "offline_code_off")


def has_seed(*, device: Device) -> bool:
    return OfflineSeed.objects.filter(device_id=device.pk).exists()


def prove_by_code(*, attempt: LoginAttempt, identifier: str, code: str, network: str) -> None:
    """Proves the login, or one same refusal for whatever is wrong with person, phone or code.

    The same form sent twice counts once: `attempt_over`, not a code used before.
    """
    _require_on()
    _require_allowed(attempt)
    throttle.hit(
        "offline_code", network, limit=PHONE_LOGIN_STARTS.limit, window=PHONE_LOGIN_STARTS.window
    )
    professional = find_professional(identifier=identifier)
    # Nobody's id: what is asked of the database about nobody costs what it costs for somebody.
    person_id = professional.person_id if professional else uuid4()
    with transaction.atomic():
        seeds = _lock_seeds(person_id)
        # Behind the lock: what was sent first has decided by now.
        if not LoginAttempt.objects.filter(pk=attempt.pk, state=AttemptState.OPEN).exists():
            raise attempt_over()
        outcome = _take(seeds, person_id, code)
        if professional is None or isinstance(outcome, IdpError):
            refusal = outcome if isinstance(outcome, IdpError) else refusals.offline_code("nobody")
        else:
            _prove(attempt, professional, outcome)
            return
    # Beside the transaction, so that what was counted stays.
    raise login.note_failure(
        attempt=attempt, error=refusal, method=MethodName.OFFLINE, subject=identifier
    )


def _lock_seeds(person_id: UUID) -> list[OfflineSeed]:
    """Of this person's usable phones, until the transaction ends."""
    return list(
        OfflineSeed.objects.select_for_update(of=("self",))
        .select_related("device")
        .filter(
            device__holder_id=person_id,
            device__state=DeviceState.ACTIVE,
            device__valid_until__gt=clock.now(),
        )
    )


def _take(seeds: list[OfflineSeed], person_id: UUID, code: str) -> Device | IdpError:
    """Whose code it is, used up; every seed and every step is looked at, whichever is right."""
    now = clock.now()
    found = _matches(seeds, code)
    if found is None or any(seed.is_locked(now=now, rate=WRONG_CODES) for seed in seeds):
        OfflineSeed.count_wrong(holder_id=person_id, now=now, rate=WRONG_CODES)
        return refusals.offline_code("wrong" if found is None else "locked")
    seed, step = found
    if seed.is_used_up(now=now, rate=USES):
        return refusals.offline_codes_used_up()
    if not seed.use(step=step, now=now, rate=USES):
        OfflineSeed.count_wrong(holder_id=person_id, now=now, rate=WRONG_CODES)
        return refusals.offline_code("used before")
    return seed.device


def _matches(seeds: list[OfflineSeed], code: str) -> tuple[OfflineSeed, int] | None:
    """As many comparisons as for who has every phone that one may have."""
    typed = code if is_code(code) else "-" * len("00000000")
    nobodys = vault.seal(bytes(SEED_BYTES), purpose=SEED_PURPOSE)
    found = None
    for place in range(MAX_ACTIVE_DEVICES):
        owner = seeds[place] if place < len(seeds) else None
        secret = vault.unseal(owner.sealed_seed if owner else nobodys, purpose=SEED_PURPOSE)
        for step in steps_around(clock.now()):
            is_same = hmac.compare_digest(code_of(secret, step), typed)
            if is_same and owner is not None:
                found = (owner, step)
    return found


def _prove(attempt: LoginAttempt, professional: Professional, device: Device) -> None:
    login.prove(
        attempt=attempt,
        authentication=Authentication(
            person_id=professional.person_id,
            national_id=professional.national_id,
            method=MethodName.OFFLINE,
            auth_mode=AuthMode.MOBILE,
            amr=("otp",),
            level=Level.EIDAS1,
            at=clock.now(),
            is_test=professional.is_test,
            ecps_grade=EcpsGrade.PLAIN,
            device=str(device.pk),
        ),
    )


def _require_on() -> None:
    if not settings.HYGIE.offline_codes:
        raise refusals.offline_codes_off()


def _require_allowed(attempt: LoginAttempt) -> None:
    usable = usable_methods(installed_methods(), attempt.login_policy)
    if MethodName.OFFLINE not in {method.name for method in usable}:
        raise refusals.method_not_allowed_here()


def _record(device: Device, event: str) -> None:
    record(
        event=event,
        outcome=Outcome.ACCEPTED,
        subject=device.holder.national_id,
        is_test=device.holder.is_test,
        data={"device": str(device.pk)},
    )
