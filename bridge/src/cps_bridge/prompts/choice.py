"""Chooses how this workstation asks for a PIN."""

from cps_bridge.errors import SetupError
from cps_bridge.prompts import PinPrompt, terminal, window
from cps_bridge.prompts.pinentry import PinentryPrompt, find_pinentry


def choose_prompt() -> PinPrompt:
    """Return the best prompt there is: a window, else pinentry, else the terminal."""
    if window.is_available():
        return window.WindowPrompt()
    if program := find_pinentry():
        return PinentryPrompt(program)
    if terminal.is_available():
        return terminal.TerminalPrompt()
    raise SetupError(
        "Aucun moyen de demander le code de la carte : ni écran, ni terminal. Lancez le pont dans "
        "la session graphique de l'utilisateur, et installez python3-tk ou pinentry."
    )
