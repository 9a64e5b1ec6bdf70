"""How one card's number is written in several places.

The certificate says issuer and serial, `8025000001/2900000017`; registers and people the serial.
"""


def short_card_number(number: str) -> str:
    """The serial alone: what is printed, and what orders are kept under."""
    return "".join(number.split()).rpartition("/")[2]


def card_number_forms(number: str) -> tuple[str, ...]:
    """Every way in which a register may write the number of this card."""
    whole = "".join(number.split())
    issuer, _slash, serial = whole.rpartition("/")
    return tuple(dict.fromkeys((whole, serial, f"{issuer}{serial}")))
