"""Whether the system's smart card service runs: without it no module sees a reader."""

import socket
import sys
from collections.abc import Iterable

SOCKETS = ("/run/pcscd/pcscd.comm", "/var/run/pcscd/pcscd.comm")
CURES = {
    "linux": "Lancez-le : sudo systemctl enable --now pcscd.socket (paquet pcscd ou pcsc-lite).",
    "win32": "Lancez le service « Carte à puce » (SCardSvr) dans services.msc.",
    "darwin": "Rebranchez le lecteur ; s'il reste invisible, redémarrez l'ordinateur.",
}


def is_down(sockets: Iterable[str] = SOCKETS) -> bool:
    """Say whether the service is surely stopped; where that cannot be told, it is not."""
    return sys.platform == "linux" and not any(_answers(path) for path in sockets)


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True
