"""`cps-bridge install` and `uninstall`: autostart and native messaging, as plain files."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cps_bridge
from cps_bridge.installation.disk import Done, Registry, WindowsRegistry, install, uninstall
from cps_bridge.installation.places import Places, person_places, shared_places, this_system
from cps_bridge.installation.plan import Item, Key, Plan, make_plan
from cps_bridge.native import CHROMIUM_EXTENSION, FIREFOX_EXTENSION

PACKAGE = Path(cps_bridge.__file__).parent
EXTENSION = PACKAGE / "extension"
STARTER = (sys.executable, "-I", str(PACKAGE / "launch.py"))
COMMAND_SECONDS = 20
Run = Callable[[Sequence[str]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person or the administrator asked for."""

    options: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    autostart: bool = True
    for_everyone: bool = False
    dry_run: bool = False


def run_command(command: Sequence[str]) -> bool:
    """Run one of the system's tools; False when it is missing or fails."""
    if shutil.which(command[0]) is None:
        return False
    done = subprocess.run(command, capture_output=True, check=False, timeout=COMMAND_SECONDS)
    return done.returncode == 0


def install_bridge(
    wish: Wish,
    *,
    places: Places | None = None,
    registry: Registry | None = None,
    run: Run = run_command,
) -> None:
    """Put the bridge in place; doing it again changes nothing."""
    plan = _plan(wish, places := places or _places(wish))
    _tell(install(plan, registry=registry or WindowsRegistry(), dry_run=wish.dry_run))
    _use_tools(plan.start, wish, run)
    print("Extension du navigateur, à déployer par une règle ou à charger depuis ce dossier :")
    print(f"  {EXTENSION}")
    print(f"  Chrome, Edge : {CHROMIUM_EXTENSION}   Firefox : {FIREFOX_EXTENSION}")


def uninstall_bridge(
    wish: Wish,
    *,
    places: Places | None = None,
    registry: Registry | None = None,
    run: Run = run_command,
) -> None:
    """Stop the bridge and take everything away that `install_bridge` can put in place."""
    plan = _plan(wish, places := places or _places(wish))
    _use_tools(plan.stop, wish, run)
    removed = uninstall(
        plan, registry=registry or WindowsRegistry(), kept=places.kept, dry_run=wish.dry_run
    )
    _tell(removed)
    print("L'extension se retire dans le navigateur, ou par la règle qui l'a déployée.")


def _places(wish: Wish) -> Places:
    if wish.for_everyone:
        return shared_places(this_system(), Path(Path.cwd().anchor))
    return person_places(this_system(), Path.home())


def _plan(wish: Wish, places: Places) -> Plan:
    return make_plan(
        places,
        starter=STARTER,
        options=wish.options,
        extensions=wish.extensions,
        autostart=wish.autostart,
        user_id=os.getuid() if os.name == "posix" else 0,
    )


def _tell(results: Iterable[tuple[Item, Done]]) -> None:
    for item, done in results:
        name = rf"{item.root}\{item.name}" if isinstance(item, Key) else item.path
        print(f"  {done:<13} {name}")


def _use_tools(commands: Iterable[Sequence[str]], wish: Wish, run: Run) -> None:
    """Let the system take note; what could not be done here is told."""
    for command in commands:
        # An administrator's sessions are not those of the persons who use the card.
        if wish.dry_run or wish.for_everyone or not run(command):
            print(f"  à faire       {' '.join(command)}")
