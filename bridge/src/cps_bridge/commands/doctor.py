"""`cps-bridge doctor`: what stands between this workstation and a card login, in plain words.

Asks for no PIN.  What it prints stays on this screen: it may name the card's dates.
"""

import importlib.util
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cps_bridge import __version__
from cps_bridge.certificates import choose_authentication_certificate
from cps_bridge.commands.browsers import Browsers, examine_browsers
from cps_bridge.commands.card_service import CURES, is_down
from cps_bridge.commands.findings import Finding, Mark, bad, good, note
from cps_bridge.commands.policies import Policies
from cps_bridge.config import Config, default_path
from cps_bridge.errors import BridgeError, Code, SetupError
from cps_bridge.installation.places import person_places, shared_places, this_system
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
        "Branchez le lecteur, attendez quelques secondes, et relancez cet examen.",
    ),
    Code.NO_MODULE: ("Le module de carte ne se charge pas.", MODULE_CURE),
    Code.NO_AUTH_CERTIFICATE: (
        "La carte insérée ne permet pas de se connecter.",
        "Insérez une carte de la famille CPS, par sa puce (ni carte Vitale, ni badge).",
    ),
    Code.BUSY: (
        "Un autre programme garde la carte pour lui.",
        "Fermez-le, ou terminez la connexion en cours, et relancez cet examen.",
    ),
    Code.UNSUPPORTED_KEY: ("La carte est trop ancienne.", "Demandez son renouvellement."),
}
_NO_ANSWER = (
    "La carte ne répond pas.",
    "Retirez la carte, essuyez la puce, remettez-la, et relancez cet examen.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstation:
    """What the doctor looks at; tests break it in every way."""

    browsers: Browsers
    open_reader: Callable[[Path], CardReader]
    is_card_service_down: Callable[[], bool] = is_down


def this_workstation() -> Workstation:
    """Return the one that the doctor was started on."""
    system = this_system()
    root = Path(Path.cwd().anchor)
    home = Path.home()
    policies = Policies.of(system, root=root, home=home)
    browsers = Browsers.of(person_places(system, home), shared_places(system, root), policies)
    return Workstation(browsers=browsers, open_reader=_pkcs11_reader)


def examine(config: Config, *, workstation: Workstation | None = None) -> bool:
    """Print every finding; return whether nothing stands in the way."""
    print(f"cps-bridge {__version__}")
    findings = list(_findings(config, workstation or this_workstation()))
    for finding in findings:
        print(f" {finding.mark} {finding.text}")
        if finding.cure:
            print(f"     → {finding.cure}")
    return all(finding.mark is not Mark.BAD for finding in findings)


def _findings(config: Config, workstation: Workstation) -> Iterator[Finding]:
    yield _origins(config)
    yield from _ports(config.ports)
    yield _account()
    yield _prompt()
    yield from _card(config, workstation)
    yield from examine_browsers(workstation.browsers, config.origins)


def _origins(config: Config) -> Finding:
    if not config.origins:
        return bad(
            "Aucune page de connexion n'est autorisée à demander la carte.",
            f'Écrivez origins = ["https://…"] dans {config.source or default_path()}.',
        )
    return good(f"Origines autorisées : {', '.join(config.origins)}")


class Port(StrEnum):
    """Who is behind a port of the list."""

    BRIDGE = "un pont répond"
    STRANGER = "pris par un autre programme"
    FREE = "libre"


def _ports(ports: Sequence[int]) -> Iterator[Finding]:
    """Tell who has each port; strangers on all of them leave no place for a bridge."""
    found = {port: _who_has(port) for port in ports}
    for port, who in found.items():
        text = f"Port {port} : {who}."
        yield good(text) if who is Port.BRIDGE else note(text)
    if Port.BRIDGE in found.values():
        return
    if Port.FREE in found.values():
        yield note(
            "Aucun pont n'est lancé.",
            "« cps-bridge run » le lance, « cps-bridge install » le lance à chaque session.",
        )
    else:
        yield bad(
            "Tous les ports du pont sont pris par d'autres programmes : il ne peut pas se lancer.",
            "Fermez l'un d'eux, ou choisissez d'autres ports : « ports » dans les réglages, et les "
            "mêmes dans HYGIE_BRIDGE_PORTS sur le serveur.",
        )


def _who_has(port: int) -> Port:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        if probe.connect_ex((LOOPBACK, port)) != 0:
            return Port.FREE
        return Port.BRIDGE if b"ORIGIN_REFUSED" in _ask(probe, port) else Port.STRANGER


def _ask(probe: socket.socket, port: int) -> bytes:
    """Knock as no page would: only a bridge refuses a missing origin by that name."""
    try:
        probe.sendall(f"GET /v1/status HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\n\r\n".encode())
        return probe.recv(1024)
    except OSError:
        return b""


def _account() -> Finding:
    if os.name == "posix" and os.geteuid() == 0:
        return bad(
            "Ce compte est root : le pont ne s'y lance pas.",
            "Lancez-le dans la session de la personne qui utilise la carte.",
        )
    if not can_tell():
        return note(
            "Sur ce système, le pont ne distingue pas les autres sessions ouvertes.",
            "Sur un serveur partagé (TSE, Citrix), ne l'installez pas sans avis de sécurité.",
        )
    return good("Les autres comptes de ce poste sont tenus à l'écart.")


def _prompt() -> Finding:
    if window.is_available():
        return good("Le code sera demandé dans une fenêtre.")
    if find_pinentry():
        return good("Le code sera demandé par pinentry.")
    has_tk = importlib.util.find_spec("tkinter") is not None
    cure = "Lancez le pont dans la session graphique" + ("." if has_tk else ", avec python3-tk.")
    if terminal.is_available():
        return note("Le code sera demandé dans le terminal.", cure)
    return bad("Aucun moyen de demander le code.", cure)


def _card(config: Config, workstation: Workstation) -> Iterator[Finding]:
    try:
        module = find_module(config.module)
    except SetupError as error:
        yield bad(str(error), cure=MODULE_CURE)
        return
    if module is None:
        yield bad("Aucun module de carte n'est installé.", cure=MODULE_CURE)
        return
    yield good(f"Module de carte : {module}")
    try:
        yield _inserted(workstation.open_reader(module))
    except BridgeError as error:
        if error.code is Code.NO_READER and workstation.is_card_service_down():
            yield bad("Le service des cartes à puce est arrêté.", CURES[this_system()])
            return
        text, cure = _CARD_CURES.get(error.code, _NO_ANSWER)
        yield bad(text, cure)


def _inserted(reader: CardReader) -> Finding:
    now = datetime.now(UTC)
    with reader.open() as access:
        card = access.find_card()
        if card is None:
            return note(
                "Lecteur trouvé, aucune carte dedans.",
                "Insérez la carte CPS, puce vers l'intérieur, et relancez cet examen.",
            )
        chosen = choose_authentication_certificate(card.certificates, now=now).certificate
        if card.tries is Tries.FINAL:
            return note(
                "Carte en place, mais il ne lui reste qu'un essai.",
                "Cherchez le courrier qui porte les codes avant de taper.",
            )
    return _dates(chosen.not_valid_before_utc, chosen.not_valid_after_utc, now=now)


def _dates(start: datetime, end: datetime, *, now: datetime) -> Finding:
    until = f"{end:%d/%m/%Y}"
    if now > end:
        return bad(
            f"Carte en place, expirée depuis le {until}.",
            "Utilisez la nouvelle carte, envoyée 1 à 1,5 mois avant cette date.",
        )
    if now < start:
        return bad(
            f"Carte en place, valable à partir du {start:%d/%m/%Y} seulement.",
            "Vérifiez la date et l'heure de ce poste.",
        )
    if end - now < SOON:
        return note(
            f"Carte en place, valable jusqu'au {until} : bientôt.",
            "Guettez la nouvelle carte ; rien reçu ? Appelez CPS Info Service.",
        )
    return good(f"Carte en place, valable jusqu'au {until}.")


def _pkcs11_reader(module: Path) -> CardReader:
    from cps_bridge.pkcs11_reader import Pkcs11Reader

    return Pkcs11Reader(find_module=lambda: module)
