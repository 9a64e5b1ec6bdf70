"""The pad of the sandbox's page: hands a PIN question from the card thread to the page and back."""

import secrets
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from cps_bridge.errors import BridgeError, Code
from cps_bridge.prompts import PinAnswer, PinRequest
from cps_bridge.watch import Watch

POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A PIN question on the page; `id` keeps an old page from answering a new question."""

    id: str
    request: PinRequest


class Pad:
    """Implements `PinPrompt`; the page calls `answer` and `cancel` from the event loop."""

    def __init__(self, *, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._ready = threading.Condition()
        self._question: Question | None = None
        self._answer: PinAnswer | None = None
        self._is_cancelled = False

    @property
    def question(self) -> Question | None:
        """The question on the page, None when nobody asks."""
        return self._question

    def ask(self, request: PinRequest, watch: Watch) -> PinAnswer:
        """Show the question and wait for the page."""
        with self._ready:
            self._answer, self._is_cancelled = None, False
            self._question = Question(id=secrets.token_urlsafe(12), request=request)
        self._on_change()
        try:
            return self._await_answer(watch)
        finally:
            with self._ready:
                self._question = self._answer = None
            self._on_change()

    def announce(self, request: PinRequest, watch: Watch) -> AbstractContextManager[None]:
        """No reader of the sandbox has a pad of its own."""
        raise BridgeError(Code.CARD_ERROR, detail="no protected path in the sandbox")

    def answer(self, question_id: str, answer: PinAnswer) -> bool:
        """Take the page's answer; False when it answers another question."""
        return self._settle(question_id, answer)

    def cancel(self, question_id: str) -> bool:
        """Take the page's refusal; False when it refuses another question."""
        return self._settle(question_id, None)

    def _settle(self, question_id: str, answer: PinAnswer | None) -> bool:
        with self._ready:
            if self._question is None or self._question.id != question_id:
                return False
            self._answer, self._is_cancelled = answer, answer is None
            self._ready.notify_all()
            return True

    def _await_answer(self, watch: Watch) -> PinAnswer:
        while True:
            with self._ready:
                if self._answer is None and not self._is_cancelled:
                    self._ready.wait(POLL_SECONDS)
                if self._answer is not None:
                    return self._answer
                if self._is_cancelled:
                    raise BridgeError(Code.USER_CANCELLED)
            watch.check()
