"""Whose account a bridge may run in."""

import os

from cps_bridge.errors import SetupError


def refuse_root() -> None:
    """A bridge of the administrator's account would ask the card for whoever sits there."""
    if os.name == "posix" and os.geteuid() == 0:
        raise SetupError(
            "Le pont ne se lance pas en tant que root : lancez-le dans la session de la personne "
            "qui utilise la carte."
        )
