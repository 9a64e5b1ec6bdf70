"""What a piece of evidence itself says, once its signatures were verified; held against its row."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Empty members: the evidence does not speak of it."""

    # Every national identifier of the person whom the signature names.
    subjects: frozenset[str] = frozenset()
    client_id: str = ""
    # The key that signed, a device's or a passkey's; an earlier row must have made it known for the
    # row's person.
    signed_by: str = ""
    # The keys that this evidence makes known.
    introduces: frozenset[str] = frozenset()
    # What it states besides, in hexadecimal; and what an earlier row of this person must have.
    certifies: str = ""
    certified: str = ""


def contradiction(
    statement: Statement,
    *,
    subject: str,
    client_id: str,
    owners: dict[str, str],
    certificates: dict[str, str],
) -> str:
    """Why the evidence is not this row's, or `""`.

    `owners`: device key → whose it is. `certificates`: what a card stated → whose card it was.
    """
    if statement.subjects and subject not in statement.subjects:
        return "evidence of another person"
    if statement.client_id and statement.client_id != client_id:
        return "evidence of a login to another portal"
    if statement.signed_by and owners.get(statement.signed_by) != subject:
        return "signed by a device that was not activated for this person"
    if statement.certified and certificates.get(statement.certified) != subject:
        return "certified by no card of this person"
    return ""
