"""The PIN key: a wrong PIN is a signature that does not verify; the server alone counts."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from idp.directory.models import Person
from idp.enrollment.models import ApprovalRequest, PinKey
from idp.enrollment.rules.encoding import b64u
from idp.login import flows as login
from tests.emulators.phones import PinBox, SoftPhone
from tests.mobileapi.screen import Screen, approve, refusal


def test_a_wrong_instance_signature_changes_nothing(person: Person, pin_phone: SoftPhone) -> None:
    screen = Screen(person)
    wrong = b64u(pin_phone.instance.sign(b"something else"))
    for _nth in range(5):
        error = refusal(approve, pin_phone, screen.asked, instance_signature=wrong)
        assert (error.status, error.code) == (403, "bad_signature")
    assert PinKey.objects.get().tries == 0
    assert screen.request.state == "number_ok"
    pin_phone.approve(screen.asked.request_id, number=screen.asked.number)
    assert screen.is_proven


def test_three_wrong_pins_block_the_phone(person: Person, pin_phone: SoftPhone) -> None:
    screen = Screen(person)
    number = screen.asked.number
    for left in (2, 1):
        error = refusal(pin_phone.approve, screen.asked.request_id, number=number, pin="000000")
        assert (error.status, error.code) == (403, "wrong_pin")
        assert error.problem["tries_left"] == left
        assert screen.request.state == "number_ok"
    error = refusal(pin_phone.approve, screen.asked.request_id, number=number, pin="000000")
    assert (error.status, error.code) == (423, "device_blocked")
    assert screen.request.state == "failed"
    assert pin_phone.me()["state"] == "blocked"
    # The right PIN comes too late.
    assert refusal(pin_phone.requests).code == "device_blocked"


def test_the_right_pin_forgives_two_wrong_ones(person: Person, pin_phone: SoftPhone) -> None:
    screen = Screen(person)
    for _nth in range(2):
        refusal(
            pin_phone.approve,
            screen.asked.request_id,
            number=screen.asked.number,
            pin="111111",
        )
    pin_phone.approve(screen.asked.request_id, number=screen.asked.number)
    assert screen.is_proven
    assert PinKey.objects.get().tries == 0


def test_wrong_pins_count_over_several_requests(person: Person, pin_phone: SoftPhone) -> None:
    codes = []
    for _nth in range(3):
        screen = Screen(person)
        error = refusal(
            pin_phone.approve,
            screen.asked.request_id,
            number=screen.asked.number,
            pin="111111",
        )
        codes.append(error.code)
        login.refuse(attempt=screen.asked.attempt, code="access_denied")
        ApprovalRequest.objects.update(state="cancelled")
    assert codes == ["wrong_pin", "wrong_pin", "device_blocked"]


def test_a_nonce_serves_one_try(person: Person, pin_phone: SoftPhone) -> None:
    screen = Screen(person)
    (request,) = pin_phone.requests()
    challenge = pin_phone.challenge(screen.asked.request_id, number=screen.asked.number)
    path = f"/requests/{screen.asked.request_id}/approve"
    for code, pin in (("wrong_pin", "111111"), ("challenge_needed", pin_phone.pin)):
        body = pin_phone.approval(request, challenge, number=screen.asked.number, pin=pin)
        assert refusal(pin_phone.signed_call, "POST", path, body).code == code


def test_ten_thousand_codes_tried_on_the_phone_tell_nothing() -> None:
    """Each opens the box to some key; which is right is known to the server alone."""
    box = PinBox("739204", rounds=1)
    kept = {name for name in vars(box) if name != "public_key"}
    assert kept == {"salt", "rounds", "blob"}
    keys = set()
    for guess in range(10_000):
        seed = box._mask(box.blob, f"{guess:06d}")
        keys.add(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())
    assert len(keys) == 10_000
    assert box.public_key not in keys
