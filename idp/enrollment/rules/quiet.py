"""When a holder's phones are left in peace: what was asked of them lately, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from idp.enrollment.rules.states import RequestState

UNANSWERED_WINDOW: Final = timedelta(minutes=10)
ALARM_WINDOW: Final = timedelta(hours=1)
# How far back it is looked: no longer than the rows are kept.
MEMORY: Final = timedelta(days=1)
# A wrong number, « ce n'est pas moi »: somebody else may be behind the screen.
ALARMS: Final = frozenset({RequestState.FAILED, RequestState.REPORTED})
DENIALS: Final = frozenset({RequestState.DENIED, RequestState.REPORTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question of the last day. `at`: when it was refused, where it was; else when asked."""

    state: RequestState
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """From how many on nothing more is asked; how long after a refusal."""

    unanswered: int
    alarms: int
    daily: int
    denials: int
    after_denial: timedelta


def why_quiet(
    asked: Sequence[Asked], *, now: datetime, patience: Patience, card_at: datetime | None = None
) -> str:
    """`""` when the phones may ring. An approval begins the counts anew: the holder was there.

    Two digits are guessed by one in ninety: whoever talks a holder into typing numbers
    gets three an hour. Who refused twice within an hour is asked no more until they have shown
    their card (`card_at`: when they last did), or for a day.
    """
    approved = [each.at for each in asked if each.state is RequestState.APPROVED]
    since = [each for each in asked if not approved or each.at > max(approved)]
    if sum(each.at > now - UNANSWERED_WINDOW for each in since) >= patience.unanswered:
        return "too_many_requests"
    if len(since) >= patience.daily:
        return "too_many_today"
    recent = [each for each in since if each.at > now - ALARM_WINDOW]
    if sum(each.state in ALARMS for each in recent) >= patience.alarms:
        return "too_many_alarms"
    denied = sorted(each.at for each in since if each.state in DENIALS)
    if denied and now < denied[-1] + patience.after_denial:
        return "just_refused"
    unexplained = [at for at in denied if card_at is None or at > card_at]
    return "refused_repeatedly" if _came_close(unexplained, patience.denials) else ""


def was_alarmed(asked: Sequence[Asked]) -> bool:
    """Whether anything was refused, reported or answered wrongly since the last approval."""
    approved = [each.at for each in asked if each.state is RequestState.APPROVED]
    since = [each for each in asked if not approved or each.at > max(approved)]
    return any(each.state in ALARMS | DENIALS for each in since)


def _came_close(instants: Sequence[datetime], count: int) -> bool:
    """Whether `count` of these (in order) lie within one window of alarm."""
    last = instants[count - 1 :]
    return any(end - begin <= ALARM_WINDOW for begin, end in zip(instants, last, strict=False))
