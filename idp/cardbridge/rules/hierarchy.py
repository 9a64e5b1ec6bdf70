"""The certification authorities: the official IGC-Santé ones by fingerprint, and what is TEST."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

_CRL = "http://igc-sante.esante.gouv.fr/CRL/"
_OCSP = "http://ocsp.esante.gouv.fr"


class Role(StrEnum):
    ROOT = "root"
    ISSUING = "issuing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Official:
    """An authority of IGC-Santé production (25 June 2013 to June 2033)."""

    name: str
    role: Role
    crl_url: str = ""
    ocsp_url: str = ""
    # Issues certificates that lie on cards.
    for_cards: bool = False
    # May be accepted for cards where the operator says so (nominative CPE, CPA).
    may_be_for_cards: bool = False


def _root(name: str, crl: str) -> Official:
    return Official(name=f"AC RACINE IGC-SANTE {name}", role=Role.ROOT, crl_url=f"{_CRL}{crl}")


def _issuing(name: str, crl: str = "", *, cards: bool = False, option: bool = False) -> Official:
    return Official(
        name=f"AC IGC-SANTE {name}",
        role=Role.ISSUING,
        crl_url=f"{_CRL}{crl}" if crl else "",
        # Asked about cards alone: those are what the other authorities never issue.
        ocsp_url=_OCSP if cards or option else "",
        for_cards=cards,
        may_be_for_cards=cards or option,
    )


# SHA-256 of the certificates. ELEMENTAIRE PERSONNES certifies keys that lie in files: accepting it
# would let a file pass for a card.
OFFICIAL: Final = MappingProxyType(
    {
        "53d30a19570826bde0c0762501f1f1c7a659f976c6c023123df5239df34a4eea": _root(
            "FORT", "ACR-FO.crl"
        ),
        "38284e4f6107456e70c7439c85da7d564d0fe1fe1a968c9eb6d43e1fc0d63c3a": _issuing(
            "FORT PERSONNES", "ACI-FO-PP.crl", cards=True
        ),
        "23f69674002d1dd4b018baecd908dc92687942bb48e5140ff895e2f56bc49c0d": _issuing(
            "FORT ORGANISATIONS"
        ),
        "5891815e864506c662afb32f8de5b8de38bffa1af721780b69e19a0c050386c3": _root(
            "STANDARD", "ACR-ST.crl"
        ),
        "6c339ebcb3e1b0102b143c9694225c2a4ab2ef6fedf7d364da8db305e7f7d997": _issuing(
            "STANDARD PERSONNES", "ACI-ST-PP.crl", option=True
        ),
        "c0520a2b14fb68836a807bf86ab2b3e07d1b6061d91bc9c7b86a6f8de4b5638e": _issuing(
            "STANDARD ORGANISATIONS"
        ),
        "2d9e22ca19f777c6b745257c723ecb8df3c35fa6f1f6ec36b83600c97346967f": _root(
            "ELEMENTAIRE", "ACR-EL.crl"
        ),
        "19c1eaeab477b6fbc233cda3b53fbdbc3f4e9bf6cf6973e46f7dfaef89c06c6c": _issuing(
            "ELEMENTAIRE PERSONNES", "ACI-EL-PP.crl"
        ),
        "d834ee5b40686b73573f60547bf6052c6d404d942a5665cdb2c0b9137b5d27b2": _issuing(
            "ELEMENTAIRE ORGANISATIONS", "ACI-EL-ORG.crl"
        ),
    }
)


def is_test_name(texts: Iterable[str]) -> bool:
    """Some part of the name says TEST, as every test hierarchy's does (IGC-Santé's and ours)."""
    return any(re.search(r"\b(TEST|SANDBOX)\b", text, re.IGNORECASE) for text in texts)


def normalise_fingerprint(text: str) -> str:
    """As operators copy it, with colons, blanks or capitals."""
    return re.sub(r"[:\s]", "", text).lower()
