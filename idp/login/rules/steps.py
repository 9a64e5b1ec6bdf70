"""The dispatcher's one decision: what comes next in a login attempt."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from idp.login.rules.authentication import LoginPolicy, MethodName
from idp.login.rules.ecps import EcpsGrade
from idp.login.rules.levels import Level, acr_answered, known_levels


class AttemptState(StrEnum):
    OPEN = "open"
    PROVEN = "proven"
    REFUSED = "refused"
    TAKEN = "taken"


class Step(StrEnum):
    CHOOSE = "choose"
    FINISH = "finish"
    RETURN_REFUSAL = "return_refusal"
    EXPIRED = "expired"


def next_step(*, state: AttemptState, expires_at: datetime, now: datetime) -> Step:
    """What the browser does next. A proof that arrived in time stays good until it is taken."""
    if state is AttemptState.TAKEN or now >= expires_at:
        return Step.EXPIRED
    if state is AttemptState.PROVEN:
        return Step.FINISH
    if state is AttemptState.REFUSED:
        return Step.RETURN_REFUSAL
    return Step.CHOOSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A row of the METHODS table: a way to prove who one is."""

    name: MethodName
    url_name: str
    level: Level
    # The most that it can show of a phone; None: it is no phone.
    best_grade: EcpsGrade | None = None


def usable_methods(methods: tuple[Method, ...], policy: LoginPolicy) -> tuple[Method, ...]:
    """The methods that the policy allows and whose level reaches something that was asked."""
    asked = known_levels(policy.acr_values)
    return tuple(
        method
        for method in methods
        if (not policy.methods or method.name in policy.methods)
        and policy.ecps.accepts(method.best_grade)
        and acr_answered(asked=asked, reached=method.level) is not None
    )
