"""What a card's certificate says, as plain values (read by `gateways.pki`)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from idp.cardbridge.rules.refusals import CardCode, CardRefusedError


class KeyKind(StrEnum):
    RSA = "RSA"
    P256 = "P-256"
    OTHER = "other"


class Usage(StrEnum):
    """The KeyUsage bits that matter here."""

    DIGITAL_SIGNATURE = "digitalSignature"
    NON_REPUDIATION = "nonRepudiation"
    KEY_CERT_SIGN = "keyCertSign"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCertificate:
    """A certificate's content. Says nothing about who signed it: `TrustStore.path_of` does."""

    sha256: str
    not_before: datetime
    not_after: datetime
    key_kind: KeyKind
    key_bits: int
    is_authority: bool
    usages: frozenset[Usage]
    extended_usages: frozenset[str]
    policies: frozenset[str]
    # (OID, text) of every attribute of every RDN: the order in a multi-valued RDN is DER's, so it
    # differs from card to card, and means nothing.
    subject: tuple[tuple[str, str], ...]
    category: int | None = None
    product_type: int | None = None
    card_number: str = ""
    profession: int | None = None
    future_profession: int | None = None
    responsibility: int | None = None

    def attribute(self, oid: str) -> str:
        """The one value of a subject attribute, `""` when absent. Two values are no identity."""
        values = [text for known, text in self.subject if known == oid]
        if len(values) > 1:
            raise CardRefusedError(CardCode.IDENTITY_UNREADABLE, detail=f"several {oid}")
        return values[0] if values else ""
