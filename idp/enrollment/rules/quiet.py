"""When a holder's phones are left in peace: what was asked of them lately, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from idp.enrollment.rules.states import RequestState

UNANSWERED_WINDOW: Final = timedelta(minutes=10)
ALARM_WINDOW: Final = timedelta(hours=1)
# A wrong number, « ce n'est pas moi »: somebody else may be behind the screen.
ALARMS: Final = frozenset({RequestState.FAILED, RequestState.REPORTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question of the last hour."""

    state: RequestState
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """From how many on nothing more is asked."""

    unanswered: int
    alarms: int


def why_quiet(asked: Sequence[Asked], *, now: datetime, patience: Patience) -> str:
    """`""` when the phones may ring. An approval begins the counts anew: the holder was there.

    Facts §7.2. Two digits are guessed by one in ninety: whoever talks a holder into typing numbers
    gets three an hour.
    """
    approved = [each.at for each in asked if each.state is RequestState.APPROVED]
    since = [each for each in asked if not approved or each.at > max(approved)]
    if sum(each.at > now - UNANSWERED_WINDOW for each in since) >= patience.unanswered:
        return "too_many_requests"
    if sum(each.state in ALARMS for each in since) >= patience.alarms:
        return "too_many_alarms"
    return ""
