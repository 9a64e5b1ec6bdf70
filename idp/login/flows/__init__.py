"""The dispatcher's use cases.

open_attempt → a method: prove | note_failure | refuse → finish → back to the asker (URL name).
Without a browser: ask_decoupled → the same methods' answers → finish_decoupled.
"""

from idp.login.flows.attempts import (
    Browser,
    Finished,
    attempt_of,
    finish,
    note_failure,
    open_attempt,
    prove,
    prove_within,
    read_finished,
    refuse,
)
from idp.login.flows.before_finish import decline, told_before_finish
from idp.login.flows.decoupled import Question, ask_decoupled, decoupled_state, finish_decoupled
from idp.login.flows.known_browsers import (
    KnownPerson,
    forget_browser,
    forget_person,
    people_known_to,
    remember_person,
)
from idp.login.flows.practices import must_choose, offered_practices, remembered_practice
from idp.login.flows.revocation import holder_of, lift, orders_in_force, revoke
from idp.login.flows.sessions import (
    current_session,
    end_session,
    keep_alive,
    last_card_login,
)
from idp.login.flows.standing import (
    Standing,
    barred_by_register,
    card_orders,
    check_standing,
    is_ordered_out,
    is_phone_ordered_out,
)
from idp.login.flows.withdrawal import (
    withdraw,
    withdraw_card,
    withdraw_device,
    withdraw_uncertified,
)

__all__ = [
    "Browser",
    "Finished",
    "KnownPerson",
    "Question",
    "Standing",
    "ask_decoupled",
    "attempt_of",
    "barred_by_register",
    "card_orders",
    "check_standing",
    "current_session",
    "decline",
    "decoupled_state",
    "end_session",
    "finish",
    "finish_decoupled",
    "forget_browser",
    "forget_person",
    "holder_of",
    "is_ordered_out",
    "is_phone_ordered_out",
    "keep_alive",
    "last_card_login",
    "lift",
    "must_choose",
    "note_failure",
    "offered_practices",
    "open_attempt",
    "orders_in_force",
    "people_known_to",
    "prove",
    "prove_within",
    "read_finished",
    "refuse",
    "remember_person",
    "remembered_practice",
    "revoke",
    "told_before_finish",
    "withdraw",
    "withdraw_card",
    "withdraw_device",
    "withdraw_uncertified",
]
