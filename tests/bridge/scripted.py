"""A prompt that a test scripts, and one call of the core."""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cps_bridge import web_eid
from cps_bridge.authentication import Authenticator, Limits, Progress
from cps_bridge.errors import BridgeError, Code
from cps_bridge.pkcs11_reader import Pkcs11Reader
from cps_bridge.prompts import PinAnswer, PinRequest
from cps_bridge.reader import CardReader
from cps_bridge.watch import Watch
from cryptography import x509

from tests.bridge.middleware import Middleware

ORIGIN = "https://idp.example"
CHALLENGE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


class ScriptedPrompt:
    """Types the PINs of a list, keeps the requests; `meanwhile` happens before each answer."""

    def __init__(
        self,
        *pins: str,
        confirm: bool = False,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._pins = list(pins)
        self._confirm = confirm
        self.meanwhile = meanwhile
        self.requests: list[PinRequest] = []
        self.announced: list[PinRequest] = []

    @property
    def has_pins(self) -> bool:
        """Whether the script goes on."""
        return bool(self._pins)

    def will_type(
        self, *pins: str, confirm: bool = False, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        """Start a new script; nothing of the former one is left."""
        self._pins, self._confirm, self.meanwhile = list(pins), confirm, meanwhile
        self.requests.clear()

    def ask(self, request: PinRequest, watch: Watch) -> PinAnswer:
        self.requests.append(request)
        self.meanwhile()
        if not self._pins:
            raise BridgeError(Code.USER_CANCELLED)
        return PinAnswer(pin=self._pins.pop(0), confirmed_last_try=self._confirm)

    @contextmanager
    def announce(self, request: PinRequest, watch: Watch) -> Iterator[None]:
        self.announced.append(request)
        yield


def reader_over(module: Middleware) -> Pkcs11Reader:
    """Return the real reader over a played module, without its pauses."""
    return Pkcs11Reader(
        find_module=lambda: Path("/played.so"),
        load_module=lambda _path: module,
        pause=lambda _seconds: None,
    )


def authenticate(
    reader: CardReader,
    prompt: ScriptedPrompt,
    *,
    origin: str = ORIGIN,
    progress: Callable[[Progress], None] = lambda _step: None,
    cancelled: threading.Event | None = None,
    insert: float = 5,
) -> dict[str, Any]:
    core = Authenticator(reader=reader, prompt=prompt, limits=Limits(insert=insert, pin=5))
    return dict(
        core.authenticate(
            origin=origin,
            challenge=CHALLENGE,
            progress=progress,
            cancelled=cancelled or threading.Event(),
        )
    )


def refusal(module: Middleware, prompt: ScriptedPrompt, **options: Any) -> BridgeError:
    """What a login over this module is refused with."""
    with pytest.raises(BridgeError) as refused:
        authenticate(reader_over(module), prompt, **options)
    return refused.value


def verified(token: dict[str, Any]) -> bool:
    """Whether the token's signature is its certificate's, over our origin and challenge."""
    certificate = x509.load_der_x509_certificate(base64.b64decode(token["unverifiedCertificate"]))
    return web_eid.signature_matches(
        certificate,
        signature=base64.b64decode(token["signature"]),
        message=web_eid.signed_message(origin=ORIGIN, challenge=CHALLENGE),
    )
