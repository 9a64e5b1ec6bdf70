"""WebAuthn by py_webauthn, with everything it leaves open closed: ES256, user verification, origin.

Library errors become `PasskeyRefusedError`; what it says is for the log only.
"""

from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    options_to_json_dict,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialHint,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from idp.core import strict_json
from idp.enrollment.rules.encoding import from_b64u

ES256 = [COSEAlgorithmIdentifier.ECDSA_SHA_256]
TIMEOUT_MS = 60_000
LONGEST_CREDENTIAL_ID = 1023
# Formats whose chain py_webauthn always ends at a bundled root; the others prove nothing without
# roots of our own.
FORMATS_WITH_KNOWN_ROOTS = frozenset({AttestationFormat.ANDROID_KEY, AttestationFormat.APPLE})
_KNOWN_TRANSPORTS = frozenset({"internal", "hybrid", "usb", "nfc", "ble", "smart-card", "cable"})
# What a malformed credential makes the library's parsers raise besides its own errors.
_MALFORMED = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)


class PasskeyRefusedError(Exception):
    """The credential does not prove what it should."""


class PasskeyClonedError(PasskeyRefusedError):
    """Its counter went back, or it became another kind of credential: two copies may exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Who we are towards authenticators."""

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """A passkey whose registration was verified."""

    credential_id: bytes
    public_key: bytes
    public_key_info: bytes
    sign_count: int
    aaguid: str
    attestation_format: str
    attested: bool
    backup_eligible: bool
    backed_up: bool
    transports: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPasskey:
    """What was stored of a passkey, to verify an assertion against."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backup_eligible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyUse:
    """An assertion that was verified."""

    sign_count: int
    backed_up: bool


def creation_options(
    *, rp: RelyingParty, user_id: bytes, user_name: str, challenge: bytes, exclude: list[bytes]
) -> dict[str, Any]:
    """`PublicKeyCredentialCreationOptionsJSON`: ES256 only, user verification required."""
    options = generate_registration_options(
        rp_id=rp.rp_id,
        rp_name="Hygie",
        user_id=user_id,
        user_name=user_name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        attestation=AttestationConveyancePreference.DIRECT,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=known) for known in exclude],
        supported_pub_key_algs=ES256,
        hints=[PublicKeyCredentialHint.CLIENT_DEVICE],
    )
    return dict(options_to_json_dict(options))


def request_options(*, rp: RelyingParty, credential_id: bytes, challenge: bytes) -> dict[str, Any]:
    """`PublicKeyCredentialRequestOptionsJSON` for exactly one credential."""
    options = generate_authentication_options(
        rp_id=rp.rp_id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=credential_id)],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options_to_json_dict(options))


def discoverable_options(*, rp: RelyingParty, challenge: bytes) -> dict[str, Any]:
    """The same for whichever passkey of ours the person has, here or on a phone nearby."""
    options = generate_authentication_options(
        rp_id=rp.rp_id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options_to_json_dict(options))


def verify_registration(
    credential: dict[str, Any], *, rp: RelyingParty, challenge: bytes
) -> NewPasskey:
    """WebAuthn §7.1."""
    try:
        _refuse_foreign_frame(credential)
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp.rp_id,
            expected_origin=rp.origin,
            require_user_verification=True,
            supported_pub_key_algs=ES256,
        )
        public_key_info = public_key_info_of(verified.credential_public_key)
    except (WebAuthnException, *_MALFORMED) as error:
        raise PasskeyRefusedError(f"{type(error).__name__}: {error}") from error
    if len(verified.credential_id) > LONGEST_CREDENTIAL_ID:
        raise PasskeyRefusedError("credential id too long")
    said = credential["response"].get("transports")
    return NewPasskey(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        public_key_info=public_key_info,
        sign_count=verified.sign_count,
        aaguid=verified.aaguid,
        attestation_format=AttestationFormat(verified.fmt).value,
        attested=verified.fmt in FORMATS_WITH_KNOWN_ROOTS,
        backup_eligible=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        backed_up=verified.credential_backed_up,
        transports=[one for one in said if one in _KNOWN_TRANSPORTS]
        if isinstance(said, list)
        else [],
    )


def verify_assertion(
    credential: dict[str, Any], *, rp: RelyingParty, challenge: bytes, known: KnownPasskey
) -> PasskeyUse:
    """WebAuthn §7.2. The signature is checked before the counter is believed."""
    try:
        _refuse_foreign_frame(credential)
        if from_b64u(credential["rawId"]) != known.credential_id:
            raise PasskeyRefusedError("another credential")
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp.rp_id,
            expected_origin=rp.origin,
            credential_public_key=known.public_key,
            # Compared below: a counter gone back must be told from a bad signature.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (WebAuthnException, *_MALFORMED) as error:
        raise PasskeyRefusedError(f"{type(error).__name__}: {error}") from error
    is_eligible = verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    if is_eligible != known.backup_eligible:
        # §6.1.3: backup eligibility is a property of the credential and never changes.
        raise PasskeyClonedError("backup eligibility changed")
    # §7.2 step 22: zero on both sides means an authenticator without a counter.
    if (verified.new_sign_count or known.sign_count) and (
        verified.new_sign_count <= known.sign_count
    ):
        raise PasskeyClonedError(f"counter {verified.new_sign_count} after {known.sign_count}")
    return PasskeyUse(sign_count=verified.new_sign_count, backed_up=verified.credential_backed_up)


def credential_id_of(credential: dict[str, Any]) -> bytes:
    """Which credential an assertion says it is of; empty when it says none."""
    try:
        return from_b64u(credential["rawId"])
    except _MALFORMED:
        return b""


def signature_of(credential: dict[str, Any]) -> bytes:
    """The raw signature of an assertion, before anything of it is believed; empty when absent."""
    try:
        return from_b64u(credential["response"]["signature"])
    except _MALFORMED:
        return b""


def public_key_info_of(cose_key: bytes) -> bytes:
    """SubjectPublicKeyInfo (DER), as the browser's `getPublicKey()` gives it. P-256 only."""
    key = decoded_public_key_to_cryptography(decode_credential_public_key(cose_key))
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise PasskeyRefusedError("not a P-256 key")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _refuse_foreign_frame(credential: dict[str, Any]) -> None:
    """py_webauthn does not look at these: a ceremony inside somebody else's page is refused."""
    client_data = strict_json.read(from_b64u(credential["response"]["clientDataJSON"]))
    if client_data.get("crossOrigin", False) is not False or "topOrigin" in client_data:
        raise PasskeyRefusedError("made in a foreign frame")
