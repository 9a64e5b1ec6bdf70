"""The sentences of every PIN prompt, so that a window and a terminal say the same."""

from cps_bridge.prompts import PinRequest
from cps_bridge.reader import Tries

TITLE = "Carte CPS : code porteur"
LAST_TRY = (
    "Attention : c’est le dernier essai. Un code faux bloquera la carte. En cas de doute, "
    "annulez et cherchez le courrier qui porte vos codes."
)
LOW_TRIES = "Un code faux a déjà été tapé. Trois codes faux de suite bloquent la carte."
CONFIRM_LAST_TRY = "J’utilise le dernier essai"
ON_THE_READER = "Tapez votre code sur le clavier du lecteur."


def warning(request: PinRequest) -> str:
    """Return what the card tells of its tries, as a sentence."""
    return {Tries.FINAL: LAST_TRY, Tries.LOW: LOW_TRIES}.get(request.tries, "")


def whose(request: PinRequest) -> str:
    """Return whose card is asked for its code, as a sentence."""
    return f"Carte de {request.holder}." if request.holder else ""


def as_text(request: PinRequest) -> str:
    """Return the whole request as plain text, one statement a line."""
    lines = [
        f"Le site {request.origin} demande votre carte.",
        f"Vérifiez que sa page affiche le code de contrôle {request.code}.",
        whose(request),
        request.notice,
        warning(request),
    ]
    return "\n".join(line for line in lines if line)
