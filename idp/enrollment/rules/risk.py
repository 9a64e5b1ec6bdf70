"""When two digits are too few: what makes a login look less like its owner's."""

from dataclasses import dataclass

from idp.enrollment.rules.codes import LONG_NUMBER_LENGTH, NUMBER_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Of one login by number from a known browser."""

    # The browser stands on another network than when its owner last proved themselves in it.
    moved: bool
    # A refusal, a report or a wrong number since the last approval, within a day.
    alarmed: bool
    # The portal does not take just any phone.
    demanded: bool


def digits_to_type(signs: Signs) -> int:
    """Two, or six: one in ninety is guessed by luck, one in a million is not."""
    return LONG_NUMBER_LENGTH if signs.moved or signs.alarmed or signs.demanded else NUMBER_LENGTH
