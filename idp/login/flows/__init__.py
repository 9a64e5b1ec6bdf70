"""The dispatcher's use cases.

open_attempt → a method: prove | note_failure | refuse → finish → back to the asker (URL name).
"""

from idp.login.flows.attempts import (
    Browser,
    Finished,
    attempt_of,
    finish,
    note_failure,
    open_attempt,
    prove,
    read_finished,
    refuse,
)
from idp.login.flows.sessions import current_session, end_session, keep_alive

__all__ = [
    "Browser",
    "Finished",
    "attempt_of",
    "current_session",
    "end_session",
    "finish",
    "keep_alive",
    "note_failure",
    "open_attempt",
    "prove",
    "read_finished",
    "refuse",
]
