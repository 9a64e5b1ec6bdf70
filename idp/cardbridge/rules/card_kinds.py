"""Which card it is: the six of the CPS family, told apart by extensions, and the nameless one."""

from enum import StrEnum

from idp.cardbridge.rules.certificate import CardCertificate
from idp.cardbridge.rules.oids import GIVEN_NAME, SURNAME


class CardKind(StrEnum):
    """The rows of the table that says who may log in (`HYGIE_CARD_TYPES`)."""

    CPS = "CPS"
    CPF = "CPF"
    CPE = "CPE"
    CDE = "CDE"
    CPA = "CPA"
    CDA = "CDA"
    # A card of a place, with no person's name, whatever its product type.
    SERVICE = "SERVICE"


# Table G02; 2 and 3 are of an employee, or of the director where table G04 says so.
_KINDS = {0: CardKind.CPS, 1: CardKind.CPF, 2: CardKind.CPE, 3: CardKind.CPA}
_DIRECTORS = {CardKind.CPE: CardKind.CDE, CardKind.CPA: CardKind.CDA}
# Table G04: 00 no responsibility, 01 responsible for the structure, 02 deputy.
_RESPONSIBLE = 1


def kind_of(certificate: CardCertificate) -> CardKind | None:
    """None: a product type of another table than G02, or none at all."""
    if not (certificate.attribute(SURNAME) and certificate.attribute(GIVEN_NAME)):
        return CardKind.SERVICE
    if certificate.product_type is None:
        return None
    kind = _KINDS.get(certificate.product_type)
    if kind in _DIRECTORS and certificate.responsibility == _RESPONSIBLE:
        return _DIRECTORS[kind]
    return kind
