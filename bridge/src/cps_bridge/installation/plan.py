"""What goes where: the starter, the autostart entry, one manifest a browser.  Pure.

`commands` are the system's own tools to start and stop what the files describe.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cps_bridge.installation import wording
from cps_bridge.installation.places import WINDOWS_FIREFOX, Places, System
from cps_bridge.native import CHROMIUM_EXTENSION, FIREFOX_EXTENSION, HOST_NAME

UNIT = "cps-bridge.service"
AGENT = "fr.hygie.cps-bridge"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to write."""

    path: Path
    content: str
    is_program: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A symbolic link to make."""

    path: Path
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of the Windows registry, and its default value."""

    root: str
    name: str
    value: str


Item = File | Link | Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that an installation consists of."""

    items: tuple[Item, ...]
    start: tuple[tuple[str, ...], ...] = ()
    stop: tuple[tuple[str, ...], ...] = ()


def make_plan(
    places: Places,
    *,
    starter: Sequence[str],
    options: Sequence[str] = (),
    extensions: Sequence[str] = (),
    autostart: bool = True,
    user_id: int = 0,
) -> Plan:
    """Return the plan for these places.

    `starter` is the command that starts the bridge, `options` are passed on to it, `extensions`
    are the ids of the extension as the administrator publishes it.
    """
    program = _program(places, [*starter, "native", *options])
    items = (program, *_manifests(places, program.path, extensions))
    if not autostart:
        return Plan(items=items)
    command = [*starter, "run", *options]
    plan = {
        System.LINUX: _systemd,
        System.MACOS: _launchd,
        System.WINDOWS: _startup,
    }[places.system](places, command, user_id)
    return Plan(items=items + plan.items, start=plan.start, stop=plan.stop)


def _program(places: Places, command: Sequence[str]) -> File:
    """A manifest names a program without arguments: this one adds them."""
    if places.system is System.WINDOWS:
        return File(
            path=places.own / "native-host.bat",
            content=f"@echo off\r\n{wording.cmd(command)} %*\r\n",
        )
    return File(
        path=places.own / "native-host",
        content=f'#!/bin/sh\nexec {wording.shell(command)} "$@"\n',
        is_program=True,
    )


def _manifests(places: Places, program: Path, extensions: Sequence[str]) -> list[Item]:
    shared = {
        "name": HOST_NAME,
        "description": "Pont de carte CPS",
        "path": str(program),
        "type": "stdio",
    }
    chromium = [CHROMIUM_EXTENSION, *(one for one in extensions if _is_chromium(one))]
    firefox = [FIREFOX_EXTENSION, *(one for one in extensions if not _is_chromium(one))]
    for_chromium = shared | {
        "allowed_origins": [f"chrome-extension://{one}/" for one in dict.fromkeys(chromium)]
    }
    for_firefox = shared | {"allowed_extensions": list(dict.fromkeys(firefox))}
    items: list[Item] = [_manifest(folder, for_chromium) for folder in places.chromium]
    items += [_manifest(folder, for_firefox) for folder in places.firefox]
    if places.registry_root:
        named = [(key, places.chromium[0]) for key in places.registry]
        named.append((WINDOWS_FIREFOX, places.firefox[0]))
        items += [
            Key(
                root=places.registry_root,
                name=rf"{key}\NativeMessagingHosts\{HOST_NAME}",
                value=str(folder / f"{HOST_NAME}.json"),
            )
            for key, folder in named
        ]
    return items


def _manifest(folder: Path, content: Mapping[str, object]) -> File:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return File(path=folder / f"{HOST_NAME}.json", content=text)


def _is_chromium(extension: str) -> bool:
    return "@" not in extension and not extension.startswith("{")


def _systemd(places: Places, command: Sequence[str], _user_id: int) -> Plan:
    unit = places.autostart / UNIT
    # What `systemctl --user enable` would do, as a file.
    wanted = places.autostart / "graphical-session.target.wants" / UNIT
    control = ("systemctl", "--user")
    return Plan(
        items=(
            File(path=unit, content=wording.unit(command)),
            Link(path=wanted, target=f"../{UNIT}"),
        ),
        start=((*control, "daemon-reload"), (*control, "restart", UNIT)),
        stop=((*control, "stop", UNIT),),
    )


def _launchd(places: Places, command: Sequence[str], user_id: int) -> Plan:
    agent = places.autostart / f"{AGENT}.plist"
    return Plan(
        items=(File(path=agent, content=wording.agent(AGENT, command)),),
        start=(("launchctl", "bootstrap", f"gui/{user_id}", str(agent)),),
        stop=(("launchctl", "bootout", f"gui/{user_id}/{AGENT}"),),
    )


def _startup(places: Places, command: Sequence[str], _user_id: int) -> Plan:
    # pythonw.exe: no console window stays open.
    quiet = [command[0].replace("python.exe", "pythonw.exe"), *command[1:]]
    content = f'@start "cps-bridge" {wording.cmd(quiet)}\r\n'
    return Plan(items=(File(path=places.autostart / "cps-bridge.cmd", content=content),))
