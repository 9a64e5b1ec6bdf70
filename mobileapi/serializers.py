"""What phones send and get, member by member: the source of the OpenAPI document."""

from typing import Any

from rest_framework import serializers

from idp.enrollment.rules.device_life import Ending
from idp.enrollment.rules.journal import ENTRY_KINDS
from idp.enrollment.rules.people import LABEL_LENGTH
from idp.enrollment.rules.push import LONGEST_ENDPOINT
from idp.enrollment.rules.states import DEVICE_KINDS, DEVICE_STATES, DeviceState
from mobileapi.fields import Base64Url, JsonObject, Strict, StrictText

SIGNATURE_SIZE = 64
KEY_SIZE = 32
NONCE_SIZE = 32


class ClaimIn(Strict):
    """Either the token of the QR code (after `#e=`), or the ten typed characters."""

    token = StrictText(max_length=300, required=False)
    code = StrictText(max_length=64, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("exactly one of token, code")
        return attrs


class ClaimOut(Strict):
    enrolment_id = serializers.UUIDField()
    claim_secret = serializers.CharField(help_text="256 bits; goes with the keys.")
    holder = serializers.CharField(help_text="Masked, for « is it you? »: C. L•••••")
    nonce = serializers.CharField(help_text="32 bytes, base64url")
    webauthn = serializers.DictField(help_text="PublicKeyCredentialCreationOptionsJSON")


class InstanceKeyIn(Strict):
    """RFC 7517 public key, P-256."""

    kty = serializers.ChoiceField(["EC"])
    crv = serializers.ChoiceField(["P-256"])
    x = StrictText(max_length=43)
    y = StrictText(max_length=43)


class PinKeyIn(Strict):
    public_key = Base64Url(size=KEY_SIZE, help_text="Ed25519, 32 bytes")


class KeysIn(Strict):
    """The phone's keys; `instance_signature` is ES256 (raw r ‖ s) over the transcript T."""

    claim_secret = StrictText(max_length=64)
    label = StrictText(max_length=LABEL_LENGTH)  # type: ignore[assignment]
    instance_key = InstanceKeyIn()
    passkey = JsonObject(allow_null=True, help_text="RegistrationResponseJSON, or null")
    pin_key = PinKeyIn(allow_null=True)
    instance_signature = Base64Url(size=SIGNATURE_SIZE)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["passkey"] is None) == (attrs["pin_key"] is None):
            raise serializers.ValidationError("exactly one of passkey, pin_key")
        return attrs


class KeysOut(Strict):
    device_id = serializers.UUIDField()
    state = serializers.ChoiceField([str(DeviceState.PENDING)])


class DeviceOut(Strict):
    device_id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]
    state = serializers.ChoiceField(DEVICE_STATES)
    kind = serializers.ChoiceField(DEVICE_KINDS)
    holder = serializers.CharField()
    created_at = serializers.DateTimeField()
    activated_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(help_text="`valid_until`, or sooner where it lies unused")
    warning = serializers.ChoiceField(
        [str(ending) for ending in Ending],
        help_text="What ends it within 30 days; empty: nothing. Renew it with the card",
    )
    enrolled_reference = serializers.CharField(
        help_text="Of the card login that activated it, in the audit log; may be empty"
    )


class OwnDeviceOut(DeviceOut):
    """The device that asks."""

    new_devices = DeviceOut(
        many=True,
        help_text="Activated after this one in the last seven days: ask « was it you? », and "
        "remove it where it was not",
    )


class DevicesOut(Strict):
    devices = DeviceOut(many=True)


class LabelIn(Strict):
    label = StrictText(max_length=LABEL_LENGTH)  # type: ignore[assignment]


class PortalOut(Strict):
    name = serializers.CharField()
    host = serializers.CharField()


class RequestOut(Strict):
    """All that the phone displays, and signs."""

    id = serializers.UUIDField()
    client_id = serializers.CharField()
    portal = PortalOut()
    level = serializers.CharField()
    browser = serializers.CharField(help_text="May be empty")
    place = serializers.CharField(help_text="May be empty")
    iat = serializers.IntegerField()
    exp = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    number_length = serializers.IntegerField(help_text="0: none is typed, send an empty number")
    binding_message = serializers.CharField(
        help_text="The portal's own words, to show as such; may be empty"
    )
    means = serializers.CharField(
        help_text="`scan`: this phone read the code on the screen; `choice`: the number is chosen "
        "among `choices`. Signed where it is not empty"
    )
    choices = serializers.ListField(
        child=serializers.CharField(), help_text="Three numbers to choose from; mostly none"
    )
    is_test = serializers.BooleanField()


class RequestsOut(Strict):
    requests = RequestOut(many=True)


class ScanIn(Strict):
    """Either the token of the login page's QR code (after `#l=`), or its ten typed characters."""

    token = StrictText(max_length=80, required=False)
    code = StrictText(max_length=64, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("exactly one of token, code")
        return attrs


class NumberIn(Strict):
    number = StrictText(
        max_length=6, allow_blank=True, help_text="Empty where `number_length` is 0"
    )


class ChallengeOut(Strict):
    nonce = serializers.CharField(help_text="32 bytes, base64url; serves once")
    context = serializers.DictField(  # type: ignore[assignment]
        help_text="To compare with what is displayed, never to sign"
    )
    webauthn = serializers.DictField(
        allow_null=True, help_text="PublicKeyCredentialRequestOptionsJSON; null with a PIN key"
    )


class ApproveIn(Strict):
    """Passkey: `instance_signature` is ES256 over C ‖ assertion signature. PIN: over C, and
    `pin_signature` is Ed25519 over C ‖ instance_signature.
    """

    assertion = JsonObject(allow_null=True, help_text="AuthenticationResponseJSON, or null")
    pin_signature = Base64Url(size=SIGNATURE_SIZE, allow_null=True)
    instance_signature = Base64Url(size=SIGNATURE_SIZE)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["assertion"] is None) == (attrs["pin_signature"] is None):
            raise serializers.ValidationError("exactly one of assertion, pin_signature")
        return attrs


class DenyIn(Strict):
    """A refusal, signed over the displayed fields with an empty number."""

    reason = serializers.ChoiceField(["changed_mind", "not_me"])
    nonce = Base64Url(size=NONCE_SIZE)
    instance_signature = Base64Url(size=SIGNATURE_SIZE)


class PushKeysIn(Strict):
    """Of the browser's PushSubscription."""

    p256dh = Base64Url(size=65)
    auth = Base64Url(size=16)


class PushIn(Strict):
    """`endpoint` and `keys` of the browser's PushSubscription, nothing else of it."""

    endpoint = StrictText(max_length=LONGEST_ENDPOINT)
    keys = PushKeysIn()


class PushOut(Strict):
    public_key = serializers.CharField(
        help_text="VAPID: `applicationServerKey`, uncompressed P-256 point, base64url"
    )
    is_subscribed = serializers.BooleanField()


class OfflineStateOut(Strict):
    is_available = serializers.BooleanField()
    has_seed = serializers.BooleanField()


class OfflineSeedOut(Strict):
    """RFC 6238. Keep it where it cannot be read."""

    secret = serializers.CharField(help_text="32 bytes, base64url; told this once")
    algorithm = serializers.ChoiceField(["SHA256"])
    digits = serializers.IntegerField()
    period = serializers.IntegerField(help_text="Seconds")
    address = serializers.CharField(help_text="otpauth://…, for another application")


class EntryOut(Strict):
    """A line of the journal."""

    reference = serializers.CharField(help_text="To quote to the operator")
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(ENTRY_KINDS)
    portal = serializers.CharField(help_text="Empty where it is about a phone")
    method = serializers.CharField(help_text="`card`, `phone`, `offline`, `test`; may be empty")
    phone = serializers.CharField(help_text="Of a line about a phone, its name; may be empty")
    receipt = serializers.BooleanField(help_text="A phone signed it: see `get_receipt`")


class JournalOut(Strict):
    entries = EntryOut(many=True)


class ReceiptOut(Strict):
    """Enough to verify the signatures again, without the server."""

    reference = serializers.CharField()
    evidence = serializers.DictField()


class NonceOut(Strict):
    nonce = serializers.CharField()


class StateOut(Strict):
    """`{"state": …}` of a request once answered."""

    state = serializers.CharField()


class ProblemOut(Strict):
    """RFC 9457. `detail` may be shown to the person; `code` is what programs look at."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    reference = serializers.CharField(required=False)
    tries_left = serializers.IntegerField(required=False)
