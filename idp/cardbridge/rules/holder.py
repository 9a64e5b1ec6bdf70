"""Who holds the card: read by OID, never by position, never from the text form of the name."""

from dataclasses import dataclass

from idp.cardbridge.rules.card_checks import TEST_CARD
from idp.cardbridge.rules.certificate import CardCertificate
from idp.cardbridge.rules.oids import COMMON_NAME, GIVEN_NAME, SURNAME
from idp.cardbridge.rules.refusals import CardCode, CardRefusedError
from idp.core.identifiers import InvalidIdentifierError, NationalId, parse_national_id


@dataclass(frozen=True, slots=True, kw_only=True)
class CardHolder:
    """The person on the card. `profession` is of table G15, or of G16 for somebody in training."""

    national_id: NationalId
    family_name: str
    given_names: str
    card_number: str
    profession: str
    is_student: bool
    is_test: bool


def read_holder(certificate: CardCertificate) -> CardHolder:
    """CN is the national identifier (PS_IdNat). A service card, where accepted, names nobody."""
    national_id = _national_id(certificate.attribute(COMMON_NAME))
    profession, is_student = _profession(certificate)
    return CardHolder(
        national_id=national_id,
        family_name=certificate.attribute(SURNAME),
        given_names=certificate.attribute(GIVEN_NAME),
        card_number=certificate.card_number,
        profession=profession,
        is_student=is_student,
        is_test=certificate.category == TEST_CARD or national_id.is_test,
    )


def _national_id(claimed: str) -> NationalId:
    try:
        return parse_national_id(claimed)
    except InvalidIdentifierError as error:
        raise CardRefusedError(
            CardCode.IDENTITY_UNREADABLE, detail=f"CN: {error.detail}"
        ) from error


def _profession(certificate: CardCertificate) -> tuple[str, bool]:
    # G15 and G16 share their numbers: 10 is a physician in one and a student in the other.
    if certificate.profession is not None and certificate.future_profession is not None:
        raise CardRefusedError(CardCode.IDENTITY_UNREADABLE, detail="both G15 and G16")
    if certificate.future_profession is not None:
        return str(certificate.future_profession), True
    return "" if certificate.profession is None else str(certificate.profession), False
