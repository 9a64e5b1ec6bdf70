"""The command line.  Says what is wrong in one sentence, and exits with a status that tells."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from cps_bridge import __version__
from cps_bridge.config import Config, read_config
from cps_bridge.errors import SetupError

WRONG = 1
PIN_FILE_ALONE = "--pin-file n'existe qu'avec des cartes de test (--sandbox)."


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
    if options.command == "uninstall":
        # Settings that can no longer be read must not keep anyone from uninstalling.
        return _install(options, Config(origins=()))
    in_sandbox = options.command == "sandbox" or getattr(options, "sandbox", None) is not None
    config = read_config(
        path=options.config,
        origins=tuple(options.origin),
        ports=options.ports or (),
        module=getattr(options, "module", None),
        sandbox=in_sandbox,
    )
    return _COMMANDS[options.command](options, config)


def _examine(_options: argparse.Namespace, config: Config) -> int:
    from cps_bridge.commands.doctor import examine

    return 0 if examine(config) else WRONG


def _show_origins(options: argparse.Namespace, config: Config) -> int:
    from cps_bridge.commands.origins import show_origins

    return 0 if show_origins(config, asked=options.check) else WRONG


def _serve_browser(options: argparse.Namespace, config: Config) -> int:
    from cps_bridge.commands.native import native

    if options.pin_file is not None and options.sandbox is None:
        raise SetupError(PIN_FILE_ALONE)
    native(config, caller=options.caller, directory=options.sandbox, pin_file=options.pin_file)
    return 0


def _install(options: argparse.Namespace, config: Config) -> int:
    from cps_bridge.commands.install import Wish, install_bridge, uninstall_bridge

    wish = Wish(
        options=_passed_on(options),
        extensions=config.extensions,
        autostart=not getattr(options, "native_only", False),
        for_everyone=options.system,
        dry_run=options.dry_run,
    )
    act = install_bridge if options.command == "install" else uninstall_bridge
    act(wish)
    return 0


def _passed_on(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the options that an installed bridge is to be started with."""
    passed: list[str] = []
    if options.config is not None:
        passed += ["--config", str(options.config.absolute())]
    for origin in options.origin:
        passed += ["--origin", origin]
    if options.ports:
        passed += ["--ports", ",".join(map(str, options.ports))]
    return tuple(passed)


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
        raise SetupError(PIN_FILE_ALONE)
    run(config)
    return 0


_COMMANDS: dict[str, Callable[[argparse.Namespace, Config], int]] = {
    "run": _start,
    "sandbox": _start,
    "doctor": _examine,
    "origins": _show_origins,
    "install": _install,
    "uninstall": _install,
    "native": _serve_browser,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cps-bridge", description="Relie la page de connexion à la carte CPS de ce poste."
    )
    parser.add_argument("--version", action="version", version=f"cps-bridge {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="lance le pont dans la session de l'utilisateur")
    sandbox = commands.add_parser("sandbox", help="lance le pont avec un lecteur de test")
    sandbox.add_argument("directory", type=Path, nargs="?", metavar="DOSSIER")
    doctor = commands.add_parser("doctor", help="dit ce qui manque et comment y remédier")
    origins = commands.add_parser("origins", help="liste les origines autorisées")
    origins.add_argument("--check", metavar="ORIGINE", help="dit si cette origine est admise")
    install = commands.add_parser("install", help="démarrage automatique et navigateurs")
    install.add_argument(
        "--native-only", action="store_true", help="navigateurs seulement, sans port ni démarrage"
    )
    uninstall = commands.add_parser("uninstall", help="retire tout ce que « install » a posé")
    native = commands.add_parser("native", help="lancé par le navigateur pour son extension")
    native.add_argument("caller", nargs="*", help=argparse.SUPPRESS)
    # Chromium on Windows adds the number of its window.
    native.add_argument("--parent-window", help=argparse.SUPPRESS)
    for command in (run, sandbox, doctor, origins, install, uninstall, native):
        _add_common(command)
    for command in (run, sandbox, doctor, native):
        command.add_argument("--module", type=Path, help="module PKCS#11 à charger")
    for command in (run, native):
        command.add_argument("--sandbox", type=Path, metavar="DOSSIER", help="cartes de test")
    for command in (run, sandbox, native):
        command.add_argument("--pin-file", type=Path, help="cartes de test seulement")
    for command in (install, uninstall):
        command.add_argument("--system", action="store_true", help="pour tous les comptes du poste")
        command.add_argument("--dry-run", action="store_true", help="dit ce qui serait fait")
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
