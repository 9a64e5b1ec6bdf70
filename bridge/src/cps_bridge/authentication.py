"""The core: `authenticate(origin, challenge) -> token`, free of HTTP, on the one worker thread.

challenge ok ─> card in ─> certificate by usage ─> PIN ─> one signature ─> verified ─> token
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from cps_bridge.certificates import (
    AuthenticationCertificate,
    choose_authentication_certificate,
    holder_name,
)
from cps_bridge.errors import BridgeError, Code, PinNeededAgainError
from cps_bridge.prompts import PinPrompt, PinRequest, is_pin
from cps_bridge.reader import Access, Card, CardReader, Tries
from cps_bridge.watch import Watch
from cps_bridge.web_eid import (
    Token,
    check_challenge,
    control_code,
    signature_matches,
    signed_message,
    write_token,
)

log = logging.getLogger(__name__)
MAX_INTERRUPTIONS = 2
MAX_MISTYPED = 5
# Asking for the list of slots costs no exchange with the card; asking more often gains nothing.
INSERT_POLL_SECONDS = 0.5
STALE_COPY = "Ce poste gardait une ancienne copie de votre carte ; elle a été effacée."
MISTYPED = "Le code porteur se compose de chiffres uniquement, 4 le plus souvent."
UNCONFIRMED = "Cochez la case pour utiliser le dernier essai."


class State(StrEnum):
    """What the person has to do now."""

    INSERT_CARD = "insert_card"
    PIN = "pin"
    # The PIN was given; the desk keeps this step to itself.
    CARD_AT_WORK = "card_at_work"
    # The card does not answer: another program may hold it.
    CARD_IN_USE = "card_in_use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Told to the page while it waits; `code` is the control code, with PIN only."""

    state: State
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a person may take, in seconds."""

    insert: float = 60.0
    pin: float = 120.0


class Authenticator:
    """Binds the core to one reader and one way to ask for a PIN."""

    def __init__(self, *, reader: CardReader, prompt: PinPrompt, limits: Limits) -> None:
        self._reader = reader
        self._prompt = prompt
        self._limits = limits

    def authenticate(
        self,
        *,
        origin: str,
        challenge: str,
        progress: Callable[[Progress], None],
        cancelled: threading.Event,
    ) -> Token:
        """Return the card's signed answer for `origin`, which the browser vouched for.

        Raises BridgeError.  Never retries by itself: a wrong PIN ends the authentication.
        """
        check_challenge(challenge)
        notice = ""
        with self._reader.open() as access:
            for _ in range(MAX_INTERRUPTIONS + 1):
                card = self._await_card(access, progress=progress, cancelled=cancelled)
                request = PinRequest(
                    origin=origin,
                    code=control_code(origin=origin, challenge=challenge),
                    tries=card.tries,
                    protected_path=card.protected_path,
                    notice=notice,
                )
                try:
                    return self._answer(
                        card, request, challenge=challenge, progress=progress, cancelled=cancelled
                    )
                except PinNeededAgainError as again:
                    log.info("pin_needed_again reason=%s", again.notice)
                    notice = again.notice
        raise BridgeError(Code.CARD_ERROR, detail="interrupted again and again")

    def _await_card(
        self,
        access: Access,
        *,
        progress: Callable[[Progress], None],
        cancelled: threading.Event,
    ) -> Card:
        """Return the card in the reader, asking the person to insert one when there is none."""
        card = access.find_card()
        if card is None:
            progress(Progress(state=State.INSERT_CARD))
            watch = Watch(
                cancelled=cancelled, seconds=self._limits.insert, on_time_out=Code.CARD_ABSENT
            )
            while card is None:
                watch.pause(INSERT_POLL_SECONDS)
                card = access.find_card()
        if card.tries is Tries.LOCKED:
            raise BridgeError(Code.PIN_LOCKED)
        return card

    def _answer(
        self,
        card: Card,
        request: PinRequest,
        *,
        challenge: str,
        progress: Callable[[Progress], None],
        cancelled: threading.Event,
    ) -> Token:
        chosen = choose_authentication_certificate(card.certificates, now=datetime.now(UTC))
        request = replace(request, holder=holder_name(chosen.certificate))
        message = signed_message(origin=request.origin, challenge=challenge)
        progress(Progress(state=State.PIN, code=request.code))
        watch = Watch(cancelled=cancelled, seconds=self._limits.pin, is_present=card.is_present)
        signature = self._sign(
            card, chosen, message, request=request, watch=watch, progress=progress
        )
        if cancelled.is_set():
            raise BridgeError(Code.USER_CANCELLED, detail="page closed")
        # The vendor's middleware may show the certificate of a card that was replaced since:
        # what does not verify here must never leave.
        if not signature_matches(chosen.certificate, signature=signature, message=message):
            if card.discard_cached_copies():
                raise PinNeededAgainError(STALE_COPY)
            raise BridgeError(Code.CARD_ERROR, detail="signature does not match certificate")
        return write_token(chosen.certificate, algorithm=chosen.algorithm, signature=signature)

    def _sign(
        self,
        card: Card,
        chosen: AuthenticationCertificate,
        message: bytes,
        *,
        request: PinRequest,
        watch: Watch,
        progress: Callable[[Progress], None],
    ) -> bytes:
        if card.protected_path:
            with self._prompt.announce(request, watch):
                return card.sign(pin=None, certificate=chosen, message=message)
        pin = self._ask_pin(request, watch)
        progress(Progress(state=State.CARD_AT_WORK))
        return card.sign(pin=pin, certificate=chosen, message=message)

    def _ask_pin(self, request: PinRequest, watch: Watch) -> str:
        """Return digits of a plausible length, confirmed when they are the last try."""
        for _ in range(MAX_MISTYPED):
            answer = self._prompt.ask(request, watch)
            watch.check()
            if not is_pin(answer.pin):
                # A wrong length or a letter is not sent: on a CPS it would burn a try.
                request = replace(request, notice=MISTYPED)
            elif request.tries is Tries.FINAL and not answer.confirmed_last_try:
                request = replace(request, notice=UNCONFIRMED)
            else:
                return answer.pin
        raise BridgeError(Code.USER_CANCELLED, detail="mistyped again and again")
