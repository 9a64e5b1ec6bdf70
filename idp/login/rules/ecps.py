"""How sure a portal wants to be of the phone, and how sure a phone's proof is."""

from enum import StrEnum


class EcpsGrade(StrEnum):
    """What a phone's proof shows of the phone, weakest first."""

    # A means of the person, perhaps copied to another phone; or a phone on probation.
    PLAIN = "plain"
    # Both keys of one installation that is past its probation.
    INSTANCE_BOUND = "instance_bound"
    # And a key that cannot leave its hardware, by a verified attestation.
    ATTESTED = "attested"


class EcpsPolicy(StrEnum):
    """What a portal accepts of e-CPS: any phone, or less and less until the card alone."""

    ANY = "any"
    INSTANCE_BOUND = "instance_bound"
    ATTESTED = "attested"
    CARD_ONLY = "card_only"

    def accepts(self, grade: EcpsGrade | None) -> bool:
        """Whether this proof is enough. None: no phone took part, so there is nothing to mind."""
        return grade is None or grade in _ACCEPTED[self]

    @property
    def accepts_phones(self) -> bool:
        return bool(_ACCEPTED[self])


_ACCEPTED = {
    EcpsPolicy.ANY: frozenset(EcpsGrade),
    EcpsPolicy.INSTANCE_BOUND: frozenset({EcpsGrade.INSTANCE_BOUND, EcpsGrade.ATTESTED}),
    EcpsPolicy.ATTESTED: frozenset({EcpsGrade.ATTESTED}),
    EcpsPolicy.CARD_ONLY: frozenset[EcpsGrade](),
}
