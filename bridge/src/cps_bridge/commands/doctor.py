"""`cps-bridge doctor`: what stands between this workstation and a card login, in plain words.

Asks for no PIN.  What it prints stays on this screen: it may name the card's dates.
"""

import importlib.util
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cps_bridge import __version__
from cps_bridge.certificates import choose_authentication_certificate
from cps_bridge.config import Config, default_path
from cps_bridge.errors import BridgeError, Code, SetupError
from cps_bridge.pkcs11_module import find_module
from cps_bridge.prompts import terminal, window
from cps_bridge.prompts.pinentry import find_pinentry
from cps_bridge.reader import CardReader, Tries
from cps_bridge.server.peer import LOOPBACK, can_tell

SOON = timedelta(days=30)
MODULE_CURE = (
    "Installez la Cryptolib CPS (5.2.2 ou plus récente) de l'ANS, ou donnez le chemin du module "
    "avec --module ou « module » dans les réglages."
)
_CARD_CURES = {
    Code.NO_READER: (
        "Aucun lecteur de cartes.",
        "Branchez le lecteur, puis relancez le service des cartes à puce (pcscd sous Linux).",
    ),
    Code.NO_MODULE: ("Le module de carte ne se charge pas.", MODULE_CURE),
    Code.NO_AUTH_CERTIFICATE: (
        "La carte insérée ne permet pas de se connecter.",
        "Insérez une carte de la famille CPS, par sa puce (ni carte Vitale, ni badge).",
    ),
    Code.CARD_ERROR: (
        "La carte ne répond pas.",
        "Un autre programme l'utilise peut-être : fermez-le, retirez la carte, remettez-la.",
    ),
    Code.UNSUPPORTED_KEY: ("La carte est trop ancienne.", "Demandez son renouvellement."),
}


class Mark(StrEnum):
    """How a finding reads at a glance."""

    GOOD = "✓"
    NOTE = "·"
    BAD = "✗"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at, and what to do about it."""

    mark: Mark
    text: str
    cure: str = ""


def examine(config: Config, *, open_reader: Callable[[Path], CardReader] | None = None) -> bool:
    """Print every finding; return whether nothing stands in the way."""
    print(f"cps-bridge {__version__}")
    findings = list(_findings(config, open_reader or _pkcs11_reader))
    for finding in findings:
        print(f" {finding.mark} {finding.text}")
        if finding.cure:
            print(f"     → {finding.cure}")
    return all(finding.mark is not Mark.BAD for finding in findings)


def _findings(config: Config, open_reader: Callable[[Path], CardReader]) -> Iterator[Finding]:
    yield _origins(config)
    yield from (_port(port) for port in config.ports)
    yield _account()
    yield _prompt()
    yield from _card(config, open_reader)
    yield Finding(
        mark=Mark.NOTE,
        text="Navigateur : Chrome et Edge demandent une fois l'accès au « réseau local ».",
        cure="Répondez « Autoriser ». Sur un parc géré : règle LoopbackNetworkAllowedForUrls. "
        "Safari ne peut pas joindre le pont : utilisez un autre navigateur, ou le téléphone.",
    )


def _origins(config: Config) -> Finding:
    if not config.origins:
        return Finding(
            mark=Mark.BAD,
            text="Aucune page de connexion n'est autorisée à demander la carte.",
            cure=f'Écrivez origins = ["https://…"] dans {config.source or default_path()}.',
        )
    return Finding(mark=Mark.GOOD, text=f"Origines autorisées : {', '.join(config.origins)}")


def _port(port: int) -> Finding:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        is_taken = probe.connect_ex((LOOPBACK, port)) == 0
        answer = _ask(probe, port) if is_taken else b""
    if not is_taken:
        return Finding(mark=Mark.NOTE, text=f"Port {port} : libre.")
    if b"ORIGIN_REFUSED" in answer:
        return Finding(mark=Mark.GOOD, text=f"Port {port} : un pont répond.")
    return Finding(
        mark=Mark.NOTE, text=f"Port {port} : pris par un autre programme ; le suivant servira."
    )


def _ask(probe: socket.socket, port: int) -> bytes:
    """Knock as no page would: only a bridge refuses a missing origin by that name."""
    try:
        probe.sendall(f"GET /v1/status HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\n\r\n".encode())
        return probe.recv(1024)
    except OSError:
        return b""


def _account() -> Finding:
    if os.name == "posix" and os.geteuid() == 0:
        return Finding(
            mark=Mark.BAD,
            text="Ce compte est root : le pont ne s'y lance pas.",
            cure="Lancez-le dans la session de la personne qui utilise la carte.",
        )
    if not can_tell():
        return Finding(
            mark=Mark.NOTE,
            text="Sur ce système, le pont ne distingue pas les autres sessions ouvertes.",
            cure="Sur un serveur partagé (TSE, Citrix), ne l'installez pas sans avis de sécurité.",
        )
    return Finding(mark=Mark.GOOD, text="Les autres comptes de ce poste sont tenus à l'écart.")


def _prompt() -> Finding:
    if window.is_available():
        return Finding(mark=Mark.GOOD, text="Le code sera demandé dans une fenêtre.")
    if find_pinentry():
        return Finding(mark=Mark.GOOD, text="Le code sera demandé par pinentry.")
    has_tk = importlib.util.find_spec("tkinter") is not None
    cure = "Lancez le pont dans la session graphique" + ("." if has_tk else ", avec python3-tk.")
    if terminal.is_available():
        return Finding(mark=Mark.NOTE, text="Le code sera demandé dans le terminal.", cure=cure)
    return Finding(mark=Mark.BAD, text="Aucun moyen de demander le code.", cure=cure)


def _card(config: Config, open_reader: Callable[[Path], CardReader]) -> Iterator[Finding]:
    try:
        module = find_module(config.module)
    except SetupError as error:
        yield Finding(mark=Mark.BAD, text=str(error), cure=MODULE_CURE)
        return
    if module is None:
        yield Finding(mark=Mark.BAD, text="Aucun module de carte n'est installé.", cure=MODULE_CURE)
        return
    yield Finding(mark=Mark.GOOD, text=f"Module de carte : {module}")
    try:
        yield _inserted(open_reader(module))
    except BridgeError as error:
        text, cure = _CARD_CURES.get(error.code, (f"La carte ne répond pas ({error.code}).", ""))
        yield Finding(mark=Mark.BAD, text=text, cure=cure)


def _inserted(reader: CardReader) -> Finding:
    now = datetime.now(UTC)
    with reader.open() as access:
        card = access.find_card()
        if card is None:
            return Finding(
                mark=Mark.NOTE,
                text="Lecteur trouvé, aucune carte dedans.",
                cure="Insérez la carte CPS, puce vers l'intérieur, et relancez cet examen.",
            )
        chosen = choose_authentication_certificate(card.certificates, now=now).certificate
        if card.tries is Tries.FINAL:
            return Finding(
                mark=Mark.NOTE,
                text="Carte en place, mais il ne lui reste qu'un essai.",
                cure="Cherchez le courrier qui porte les codes avant de taper.",
            )
    return _dates(chosen.not_valid_before_utc, chosen.not_valid_after_utc, now=now)


def _dates(start: datetime, end: datetime, *, now: datetime) -> Finding:
    until = f"{end:%d/%m/%Y}"
    if now > end:
        return Finding(
            mark=Mark.BAD,
            text=f"Carte en place, expirée depuis le {until}.",
            cure="Utilisez la nouvelle carte, envoyée 1 à 1,5 mois avant cette date.",
        )
    if now < start:
        return Finding(
            mark=Mark.BAD,
            text=f"Carte en place, valable à partir du {start:%d/%m/%Y} seulement.",
            cure="Vérifiez la date et l'heure de ce poste.",
        )
    if end - now < SOON:
        return Finding(
            mark=Mark.NOTE,
            text=f"Carte en place, valable jusqu'au {until} : bientôt.",
            cure="Guettez la nouvelle carte ; rien reçu ? Appelez CPS Info Service.",
        )
    return Finding(mark=Mark.GOOD, text=f"Carte en place, valable jusqu'au {until}.")


def _pkcs11_reader(module: Path) -> CardReader:
    from cps_bridge.pkcs11_reader import Pkcs11Reader

    return Pkcs11Reader(find_module=lambda: module)
