"""How one card's number is written in several places.

The certificate says issuer and serial, `8025000001/2900000017`; registers and people the serial, or
both without the stroke.
"""

from typing import Final

# Of every card of health.
ISSUER: Final = "8025000001"


def short_card_number(number: str) -> str:
    """The serial alone: what is printed, and what orders are kept under."""
    issuer, _stroke, serial = "".join(number.split()).rpartition("/")
    return serial if issuer else serial.removeprefix(ISSUER) or serial


def card_number_forms(number: str) -> tuple[str, ...]:
    """Every way in which a register may write the number of this card."""
    whole = "".join(number.split())
    serial = short_card_number(whole)
    issuer = whole.rpartition("/")[0] or ISSUER
    return tuple(dict.fromkeys((whole, serial, f"{issuer}{serial}", f"{issuer}/{serial}")))
