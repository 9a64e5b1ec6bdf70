"""The sandbox's implementation of `reader.CardReader`: files for chips, the same manners."""

import hmac
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from cps_bridge.certificates import AuthenticationCertificate, StoredCertificate
from cps_bridge.errors import BridgeError, Code
from cps_bridge.reader import Access, CardState, Status, Tries
from cps_bridge.sandbox.cards import Credential, TestCard
from cps_bridge.sandbox.state import MAX_TRIES, State
from cps_bridge.web_eid import P256_BYTES

AUTHENTICATION_ID, SIGNATURE_ID = b"\x12\x16", b"\x12\x17"
SIGNED = "SIGNED"
_TRIES = {0: Tries.LOCKED, 1: Tries.FINAL, MAX_TRIES: Tries.FULL}


class SandboxReader:
    """A reader whose slot is a line of the state file."""

    def __init__(
        self, *, cards: Mapping[str, TestCard], state: State, on_change: Callable[[], None]
    ) -> None:
        self.cards = cards
        self.state = state
        self._on_change = on_change
        self._insertions = 0
        # The page moves cards on one thread, the card is read on another: a slot is seen whole.
        self._slot = threading.Lock()
        self.is_asked = False
        self.outcome: str | None = None

    def insert(self, card_id: str) -> None:
        """Insert a card, swapping it with the one that is there."""
        self._move(card_id)

    def eject(self) -> None:
        """Pull the card."""
        self._move(None)

    def reset(self, card_id: str) -> None:
        """Give a card its tries back."""
        self.state.reset(card_id)
        self.outcome = None
        self._on_change()

    def status(self) -> Status:
        """Tell whether a card is in."""
        inserted = self.state.inserted
        if inserted is None:
            return Status(card=CardState.ABSENT, pin_pad=True)
        is_locked = self.state.tries(inserted) == 0
        return Status(card=CardState.LOCKED if is_locked else CardState.PRESENT, pin_pad=True)

    @contextmanager
    def open(self) -> Iterator[Access]:
        """Nothing to switch on; the page is told that a login waits, and how it ended."""
        self._tell(is_asked=True, outcome=None)
        try:
            yield self
        except BridgeError as error:
            self._tell(is_asked=False, outcome=error.code)
            raise
        except BaseException:
            self._tell(is_asked=False, outcome=Code.CARD_ERROR)
            raise
        else:
            self._tell(is_asked=False, outcome=SIGNED)

    def find_card(self) -> "SandboxCard | None":
        """Return the inserted card."""
        with self._slot:
            inserted, is_present = self.state.inserted, self._presence()
        if inserted is None:
            return None
        return SandboxCard(
            self.cards[inserted],
            state=self.state,
            is_present=is_present,
            on_change=self._on_change,
        )

    def _tell(self, *, is_asked: bool, outcome: str | None) -> None:
        self.is_asked, self.outcome = is_asked, outcome
        self._on_change()

    def _presence(self) -> Callable[[], bool]:
        """A card pulled and put back is a card that was pulled."""
        now = self._insertions
        return lambda: self._insertions == now

    def _move(self, card_id: str | None) -> None:
        with self._slot:
            if card_id != self.state.inserted:
                self.state.insert(card_id)
                self._insertions += 1
                self.outcome = None
        self._on_change()


class SandboxCard:
    """Implements `reader.Card`."""

    def __init__(
        self,
        card: TestCard,
        *,
        state: State,
        is_present: Callable[[], bool],
        on_change: Callable[[], None],
    ) -> None:
        self._card = card
        self._state = state
        self._is_present = is_present
        self._on_change = on_change

    @property
    def certificates(self) -> tuple[StoredCertificate, ...]:
        """What the card shows without PIN."""
        held = (
            (AUTHENTICATION_ID, self._card.authentication),
            (SIGNATURE_ID, self._card.signature),
        )
        return tuple(
            StoredCertificate(key_id=key_id, der=credential.der)
            for key_id, credential in held
            if credential is not None
        )

    @property
    def tries(self) -> Tries:
        """The tries left, in the words a card has for them."""
        return _TRIES.get(self._state.tries(self._card.imprint.id), Tries.LOW)

    @property
    def protected_path(self) -> bool:
        """The page's pad is the bridge's own prompt, not a reader's."""
        return False

    def is_present(self) -> bool:
        """Say whether it was neither pulled nor swapped since it was found."""
        return self._is_present()

    def sign(
        self, *, pin: str | None, certificate: AuthenticationCertificate, message: bytes
    ) -> bytes:
        """Count the try, compare the PIN, sign."""
        if not self.is_present():
            raise BridgeError(Code.CARD_REMOVED)
        card_id = self._card.imprint.id
        if not self._state.spend_try(card_id):
            raise BridgeError(Code.PIN_LOCKED)
        if not hmac.compare_digest((pin or "").encode(), self._card.imprint.pin.encode()):
            self._on_change()
            raise self._pin_refused()
        self._state.reset(card_id)
        self._on_change()
        return _sign(self._credential(certificate.key_id), message)

    def discard_cached_copies(self) -> bool:
        """No middleware, no copies."""
        return False

    def _credential(self, key_id: bytes) -> Credential:
        card = self._card
        credential = card.authentication if key_id == AUTHENTICATION_ID else card.signature
        if credential is None:
            raise BridgeError(Code.CARD_ERROR, detail="no key of the certificate's id")
        return credential

    def _pin_refused(self) -> BridgeError:
        if self.tries is Tries.LOCKED:
            return BridgeError(Code.PIN_LOCKED)
        return BridgeError(Code.PIN_INCORRECT, low_tries=True, final_try=self.tries is Tries.FINAL)


def _sign(credential: Credential, message: bytes) -> bytes:
    if isinstance(credential.key, rsa.RSAPrivateKey):
        return credential.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    der = credential.key.sign(message, ec.ECDSA(hashes.SHA256()))
    return b"".join(part.to_bytes(P256_BYTES, "big") for part in decode_dss_signature(der))
