"""The phone's passkey used by the browser itself: on the phone, or across by Bluetooth (hybrid).

Nothing can be relayed: the browser signs for its own origin, and across devices the phone proves
that it is near. The installation's key takes no part, so that a synced
copy of the passkey would do: portals that mind accept attested keys only, or the card (§6.1, H).
"""

from typing import Any

from django.db import transaction

from idp.core import clock, live
from idp.core.errors import IdpError
from idp.enrollment.flows import evidence, refusals, tokens
from idp.enrollment.flows.fitness import passkey_grade, refusal_of_grade
from idp.enrollment.flows.people import device_group, holder_of, relying_party
from idp.enrollment.flows.requests import level_asked
from idp.enrollment.gateways import webauthn
from idp.enrollment.models import Device, PasskeyCredential
from idp.enrollment.rules.passkey_login import passkey_login_challenge
from idp.enrollment.rules.states import DeviceState
from idp.login import flows as login
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import Authentication, AuthMode, MethodName

# `phr`: phishing-resistant, as in the authentication contexts of OpenID's EAP profile.
PHISHING_RESISTANT = "phr"


def request_options(*, attempt: LoginAttempt) -> dict[str, Any]:
    """For `navigator.credentials.get()`: any passkey of ours, this very login.

    The challenge is of this login alone, and a login is proven once: nothing is stored.
    """
    return webauthn.discoverable_options(rp=relying_party(), challenge=_challenge(attempt))


def log_in_with_passkey(*, attempt: LoginAttempt, credential: dict[str, Any]) -> None:
    """Proves the attempt, or raises one refusal, audited; the attempt stays open."""
    try:
        with transaction.atomic():
            outcome = _prove(attempt, credential)
    except IdpError as error:
        outcome = error
    if outcome is not None:
        raise login.note_failure(attempt=attempt, error=outcome, method=MethodName.PHONE)


def _prove(attempt: LoginAttempt, credential: dict[str, Any]) -> IdpError | None:
    """Refusals are returned, so that a suspension or a counted failure is kept."""
    level = level_asked(attempt)
    device = _device_of(credential)
    if device is None:
        return refusals.passkey_refused("unknown or not active")
    passkey = device.passkey
    known = webauthn.KnownPasskey(
        credential_id=bytes(passkey.credential_id),
        public_key=bytes(passkey.public_key),
        sign_count=passkey.sign_count,
        backup_eligible=passkey.backup_eligible,
    )
    try:
        used = webauthn.verify_assertion(
            credential, rp=relying_party(), challenge=_challenge(attempt), known=known
        )
    except webauthn.PasskeyClonedError as error:
        return _suspend(device, "cloned passkey", refusals.device_suspended(str(error)))
    except webauthn.PasskeyRefusedError as error:
        # Not counted: credential ids are no secret, and whoever knows one could suspend a phone.
        return refusals.passkey_refused(str(error))
    grade = passkey_grade(device, is_hardware=passkey.is_hardware)
    if refusal := refusal_of_grade(device, attempt.login_policy.ecps, grade):
        return refusal
    now = clock.now()
    passkey.note_use(sign_count=used.sign_count, backed_up=used.backed_up)
    Device.objects.filter(pk=device.pk).update(last_used_at=now, last_seen_at=now)
    professional = holder_of(device.holder_id)
    login.prove_within(
        attempt=attempt,
        authentication=Authentication(
            person_id=professional.person_id,
            national_id=professional.national_id,
            method=MethodName.PHONE,
            auth_mode=AuthMode.MOBILE,
            amr=("hwk" if passkey.is_hardware else "swk", "user", "pop", PHISHING_RESISTANT),
            level=level,
            at=now,
            is_test=professional.is_test,
            ecps_grade=grade,
            device=str(device.pk),
            evidence=evidence.passkey_login_evidence(
                nonce=tokens.passkey_nonce(attempt.pk),
                context=_context(attempt),
                proof=evidence.passkey_proof(
                    rp=relying_party(), known=known, response=credential["response"]
                ),
            ),
        ),
    )
    live.wake(device_group(device.holder_id))
    return None


def _device_of(credential: dict[str, Any]) -> Device | None:
    """The active phone of this credential, locked: two answers with one counter are one."""
    credential_id = webauthn.credential_id_of(credential)
    found = PasskeyCredential.objects.filter(credential_id=credential_id).first()
    if not credential_id or found is None:
        return None
    device = (
        Device.objects.select_for_update(of=("self",))
        .select_related("passkey")
        .get(pk=found.device_id)
    )
    return device if device.state_at(clock.now()) is DeviceState.ACTIVE else None


def _suspend(device: Device, reason: str, refusal: IdpError) -> IdpError:
    device.move(DeviceState.SUSPENDED, end_reason=reason)
    live.wake(device_group(device.holder_id))
    return refusal


def _challenge(attempt: LoginAttempt) -> bytes:
    return passkey_login_challenge(
        nonce=tokens.passkey_nonce(attempt.pk), context=_context(attempt)
    )


def _context(attempt: LoginAttempt) -> dict[str, str | int]:
    return {
        "v": 1,
        "id": str(attempt.pk),
        "client_id": attempt.client_id,
        "rp_name": attempt.portal_name,
        "rp_host": attempt.portal_host,
        "iat": int(attempt.created_at.timestamp()),
        "exp": int(attempt.expires_at.timestamp()),
    }
