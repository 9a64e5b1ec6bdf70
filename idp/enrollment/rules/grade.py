"""What a phone is worth to a portal that minds: its keys, and how long ago it was enrolled."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.login.rules.ecps import EcpsGrade


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFacts:
    """`is_hardware`: attested by a verified chain, and a key that cannot be synced (BE=0)."""

    is_hardware: bool
    activated_at: datetime


def is_on_probation(facts: PhoneFacts, *, probation: timedelta, now: datetime) -> bool:
    """Whoever talked a holder into enrolling a second phone gains nothing at once."""
    return now < facts.activated_at + probation


def grade_of(facts: PhoneFacts, *, probation: timedelta, now: datetime) -> EcpsGrade:
    """Both keys sign every approval, so the installation is always the enrolled one."""
    if is_on_probation(facts, probation=probation, now=now):
        return EcpsGrade.PLAIN
    return EcpsGrade.ATTESTED if facts.is_hardware else EcpsGrade.INSTANCE_BOUND
