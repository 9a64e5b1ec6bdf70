"""Values derived from the server's secret, so that none of them lies in the database.

QR tokens and device nonces are signed and short-lived; codes and numbers are recomputed when shown.
A number that a portal chose is the exception: it is kept, encrypted.
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from idp.core import clock, vault
from idp.enrollment.models import ApprovalRequest
from idp.enrollment.rules.codes import NUMBER_LENGTH, code_from, number_from
from idp.enrollment.rules.encoding import b64u, from_b64u
from idp.enrollment.rules.scan import SCAN_MAC_BYTES, ScanToken, read_scan_token, scan_body
from idp.login.models import LoginAttempt

_QR = "hygie.enrolment.qr"
_NONCE = "hygie.device.nonce"
_NUMBER = "approval.number"


def qr_token(enrolment_id: UUID) -> str:
    """What the QR code carries: which activation, from when; usable 90 s."""
    return _dated(b64u(enrolment_id.bytes), salt=_QR)


def read_qr_token(token: str) -> UUID | None:
    """The activation, when signature and age are right."""
    body = _read_dated(token, salt=_QR, max_age=settings.HYGIE.lifetimes.enrolment_qr)
    return None if body is None else UUID(bytes=from_b64u(body))


def typed_code(enrolment_id: UUID) -> str:
    """The ten characters for who cannot scan."""
    return code_from(_derive("hygie.enrolment.code", str(enrolment_id)))


def code_digest(code: str) -> bytes:
    """Keyed: 50 bits alone could be searched in a stolen table."""
    return _derive("hygie.enrolment.code.digest", code)


def login_qr(attempt: LoginAttempt) -> str:
    """What the login page's QR code carries now: which login, and how old that login was."""
    body = scan_body(attempt.pk, int((clock.now() - attempt.created_at).total_seconds()))
    return f"{body}.{_scan_mac(body)}"


def read_login_qr(token: str) -> ScanToken | None:
    """The login that a page showed; None unless this server made it. Its age is not judged yet."""
    scanned = read_scan_token(token)
    if scanned is None:
        return None
    is_ours = constant_time_compare(_scan_mac(scan_body(scanned.login, scanned.age)), scanned.mac)
    return scanned if is_ours else None


def _scan_mac(body: str) -> str:
    return b64u(_derive("hygie.login.qr", body)[:SCAN_MAC_BYTES])


def login_code(attempt_id: UUID, ends_at: datetime) -> str:
    """The ten characters for a phone without a camera; another one each time it is asked for."""
    return code_from(_derive("hygie.login.code", f"{attempt_id} {ends_at.timestamp()}"))


def passkey_nonce(attempt_id: UUID) -> bytes:
    """Of one login: unguessable before its page is shown, and the same while it is."""
    return _derive("hygie.login.passkey", str(attempt_id))


def request_number(request_id: UUID, length: int = NUMBER_LENGTH) -> str:
    """The digits shown by our own page; no phone and no table ever holds them."""
    return number_from(_derive("hygie.approval.number", str(request_id)), length)


def expect_number(request: ApprovalRequest, number: str | None) -> None:
    """Which number this request asks for: ours (None), the portal's, or none (`""`)."""
    if number is None:
        return
    request.number_length = len(number)
    # Encrypted: the portal chose it, so that it cannot be computed again.
    request.sealed_number = vault.seal(number.encode(), purpose=_NUMBER) if number else None


def number_of(request: ApprovalRequest) -> str:
    """What must be typed on the phone; `""` where nothing is."""
    if request.number_length == 0:
        return ""
    if request.sealed_number is None:
        return request_number(request.pk, request.number_length)
    return vault.unseal(request.sealed_number, purpose=_NUMBER).decode()


def is_request_number(request: ApprovalRequest, typed: str) -> bool:
    return constant_time_compare(number_of(request), typed)


def device_nonce() -> str:
    """A DPoP nonce (RFC 9449 §8): fresh for 60 s, known to no table."""
    return _dated(secrets.token_urlsafe(12), salt=_NONCE)


def is_fresh_nonce(nonce: str) -> bool:
    max_age = settings.HYGIE.lifetimes.device_nonce
    return _read_dated(nonce, salt=_NONCE, max_age=max_age) is not None


def _derive(purpose: str, value: str) -> bytes:
    return salted_hmac(purpose, value, algorithm="sha256").digest()


def _dated(body: str, *, salt: str) -> str:
    instant = int(clock.now().timestamp())
    return signing.Signer(salt=salt, sep=".").sign(f"{body}.{instant}")


def _read_dated(token: str, *, salt: str, max_age: timedelta) -> str | None:
    try:
        body, _dot, instant = signing.Signer(salt=salt, sep=".").unsign(token).rpartition(".")
    except signing.BadSignature:
        return None
    age = clock.now() - datetime.fromtimestamp(int(instant), tz=clock.now().tzinfo)
    return body if age < max_age + timedelta(seconds=1) else None
