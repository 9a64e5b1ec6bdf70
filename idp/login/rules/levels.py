"""Assurance levels and the acr answered."""

from enum import StrEnum


class Level(StrEnum):
    """The eIDAS-like levels that Pro Santé Connect names in `acr`, weakest first."""

    EIDAS1 = "eidas1"
    EIDAS2 = "eidas2"
    EIDAS3 = "eidas3"

    @property
    def rank(self) -> int:
        return list(Level).index(self)

    def reaches(self, other: "Level") -> bool:
        return self.rank >= other.rank


def known_levels(acr_values: tuple[str, ...]) -> tuple[Level, ...]:
    """The levels asked, in order; values that are not ours are ignored, never refused (PSC §3)."""
    return tuple(Level(value) for value in acr_values if value in set(Level))


def acr_answered(*, asked: tuple[Level, ...], reached: Level) -> Level | None:
    """The first level asked that `reached` satisfies; nothing asked → `reached` itself.

    None: nothing asked is reached, which must become `unmet_authentication_requirements`,
    never a silent downgrade.
    """
    if not asked:
        return reached
    return next((level for level in asked if reached.reaches(level)), None)
