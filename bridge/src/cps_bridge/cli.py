"""The command line.  Says what is wrong in one sentence, and exits with a status that tells."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from cps_bridge import __version__
from cps_bridge.config import Config, read_config
from cps_bridge.errors import SetupError

WRONG, MISUSED = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    try:
        return _dispatch(options)
    except SetupError as error:
        print(f"cps-bridge : {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        return 0


def _dispatch(options: argparse.Namespace) -> int:
    in_sandbox = options.command == "sandbox" or getattr(options, "sandbox", None) is not None
    config = read_config(
        path=options.config,
        origins=tuple(options.origin),
        ports=options.ports or (),
        module=getattr(options, "module", None),
        sandbox=in_sandbox,
    )
    if options.command in {"run", "sandbox"}:
        return _start(options, config)
    if options.command == "doctor":
        from cps_bridge.commands.doctor import examine

        return 0 if examine(config) else WRONG
    from cps_bridge.commands.origins import show_origins

    return 0 if show_origins(config, asked=options.check) else WRONG


def _start(options: argparse.Namespace, config: Config) -> int:
    directory = options.directory if options.command == "sandbox" else options.sandbox
    if directory is not None:
        if options.module is not None:
            raise SetupError(
                "Choisissez : un dossier de cartes de test, ou --module, pas les deux."
            )
        from cps_bridge.commands.sandbox import sandbox

        sandbox(config, directory=directory, pin_file=options.pin_file)
        return 0
    from cps_bridge.commands.run import run, run_module_in_sandbox

    if options.command == "sandbox":
        if options.module is None or options.pin_file is None:
            raise SetupError("Donnez le dossier des cartes de test, ou --module avec --pin-file.")
        run_module_in_sandbox(config, pin_file=options.pin_file)
        return 0
    if options.pin_file is not None:
        raise SetupError("--pin-file n'existe qu'avec des cartes de test (--sandbox).")
    run(config)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cps-bridge", description="Relie la page de connexion à la carte CPS de ce poste."
    )
    parser.add_argument("--version", action="version", version=f"cps-bridge {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="lance le pont dans la session de l'utilisateur")
    run.add_argument("--sandbox", type=Path, metavar="DOSSIER", help="cartes de test")
    sandbox = commands.add_parser("sandbox", help="lance le pont avec un lecteur de test")
    sandbox.add_argument("directory", type=Path, nargs="?", metavar="DOSSIER")
    doctor = commands.add_parser("doctor", help="dit ce qui manque et comment y remédier")
    origins = commands.add_parser("origins", help="liste les origines autorisées")
    origins.add_argument("--check", metavar="ORIGINE", help="dit si cette origine est admise")
    for command in (run, sandbox, doctor, origins):
        _add_common(command)
    for command in (run, sandbox, doctor):
        command.add_argument("--module", type=Path, help="module PKCS#11 à charger")
    for command in (run, sandbox):
        command.add_argument("--pin-file", type=Path, help="cartes de test seulement")
    return parser


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--origin", action="append", default=[], metavar="URL")
    command.add_argument("--config", type=Path, metavar="FICHIER")
    command.add_argument("--ports", type=_ports, metavar="P1,P2", help="24817 à 24820 par défaut")
    command.add_argument("--verbose", action="store_true")


def _ports(text: str) -> tuple[int, ...]:
    try:
        ports = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError("numéros séparés par des virgules") from error
    if not all(0 < port < 65536 for port in ports):
        raise argparse.ArgumentTypeError("un port va de 1 à 65535")
    return ports
