"""Where each system looks for autostart files and for native messaging hosts."""

import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cps_bridge.errors import SetupError


class System(StrEnum):
    """The systems that a workstation may run, by `sys.platform`."""

    LINUX = "linux"
    MACOS = "darwin"
    WINDOWS = "win32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Folders of one system, for one person or for all of them.

    `chromium` and `firefox` hold the hosts' manifests; on Windows registry keys name them instead.
    `kept` are folders that an uninstallation leaves even when it emptied them; `profiles` hold a
    person's Chromium profiles.
    """

    system: System
    own: Path
    autostart: Path
    chromium: tuple[Path, ...]
    firefox: tuple[Path, ...]
    registry_root: str = ""
    registry: tuple[str, ...] = ()
    kept: frozenset[Path] = frozenset()
    profiles: tuple[Path, ...] = ()


WINDOWS_BROWSERS = (r"Software\Google\Chrome", r"Software\Chromium", r"Software\Microsoft\Edge")
WINDOWS_FIREFOX = r"Software\Mozilla"


def this_system() -> System:
    """Return the running system; raises SetupError on one that is not supported."""
    try:
        return System(sys.platform)
    except ValueError as error:
        raise SetupError(f"Système non pris en charge : {sys.platform}.") from error


def person_places(system: System, home: Path) -> Places:
    """Return where the files of one person go, under `home`."""
    return {
        System.LINUX: _linux_person,
        System.MACOS: _macos_person,
        System.WINDOWS: _windows_person,
    }[system](home)


def shared_places(system: System, root: Path) -> Places:
    """Return where the administrator's files for everyone go, under `root` (`/`, `C:\\`)."""
    return {
        System.LINUX: _linux_shared,
        System.MACOS: _macos_shared,
        System.WINDOWS: _windows_shared,
    }[system](root)


def _linux_person(home: Path) -> Places:
    config = _from_environment("XDG_CONFIG_HOME", home, home / ".config")
    data = _from_environment("XDG_DATA_HOME", home, home / ".local" / "share")
    browsers = ("google-chrome", "chromium", "microsoft-edge")
    return Places(
        system=System.LINUX,
        own=data / "cps-bridge",
        autostart=config / "systemd" / "user",
        chromium=tuple(config / browser / "NativeMessagingHosts" for browser in browsers),
        firefox=(home / ".mozilla" / "native-messaging-hosts",),
        profiles=tuple(config / browser for browser in browsers),
        kept=frozenset({home, config, data, home / ".local", config / "systemd" / "user"}),
    )


def _linux_shared(root: Path) -> Places:
    etc = root / "etc"
    return Places(
        system=System.LINUX,
        own=root / "usr" / "local" / "lib" / "cps-bridge",
        autostart=etc / "systemd" / "user",
        chromium=(
            etc / "opt" / "chrome" / "native-messaging-hosts",
            etc / "chromium" / "native-messaging-hosts",
            etc / "opt" / "edge" / "native-messaging-hosts",
        ),
        firefox=(root / "usr" / "lib" / "mozilla" / "native-messaging-hosts",),
        kept=frozenset(
            {root, etc, etc / "opt", etc / "systemd" / "user"}
            | {root / "usr" / "lib", root / "usr" / "local" / "lib"}
        ),
    )


def _macos_person(home: Path) -> Places:
    library = home / "Library"
    support = library / "Application Support"
    profiles = (support / "Google" / "Chrome", support / "Chromium", support / "Microsoft Edge")
    return Places(
        system=System.MACOS,
        own=support / "cps-bridge",
        autostart=library / "LaunchAgents",
        chromium=tuple(profile / "NativeMessagingHosts" for profile in profiles),
        profiles=profiles,
        firefox=(support / "Mozilla" / "NativeMessagingHosts",),
        kept=frozenset({home, library, support, library / "LaunchAgents"}),
    )


def _macos_shared(root: Path) -> Places:
    library = root / "Library"
    support = library / "Application Support"
    return Places(
        system=System.MACOS,
        own=support / "cps-bridge",
        autostart=library / "LaunchAgents",
        chromium=(
            library / "Google" / "Chrome" / "NativeMessagingHosts",
            support / "Chromium" / "NativeMessagingHosts",
            library / "Microsoft" / "Edge" / "NativeMessagingHosts",
        ),
        firefox=(support / "Mozilla" / "NativeMessagingHosts",),
        kept=frozenset({root, library, support, library / "LaunchAgents"}),
    )


def _windows_person(home: Path) -> Places:
    roaming = _from_environment("APPDATA", home, home / "AppData" / "Roaming")
    local = _from_environment("LOCALAPPDATA", home, home / "AppData" / "Local")
    return Places(
        system=System.WINDOWS,
        own=local / "cps-bridge",
        autostart=roaming / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "Startup",
        chromium=(local / "cps-bridge" / "chromium",),
        firefox=(local / "cps-bridge" / "firefox",),
        profiles=tuple(
            local / vendor / "User Data"
            for vendor in (Path("Google", "Chrome"), Path("Chromium"), Path("Microsoft", "Edge"))
        ),
        registry_root="HKEY_CURRENT_USER",
        registry=WINDOWS_BROWSERS,
        kept=frozenset({home, roaming, local}),
    )


def _windows_shared(root: Path) -> Places:
    data = root / "ProgramData"
    own = root / "Program Files" / "cps-bridge"
    return Places(
        system=System.WINDOWS,
        own=own,
        autostart=data / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "StartUp",
        chromium=(own / "chromium",),
        firefox=(own / "firefox",),
        registry_root="HKEY_LOCAL_MACHINE",
        registry=WINDOWS_BROWSERS,
        kept=frozenset({root, data, root / "Program Files"}),
    )


def _from_environment(name: str, home: Path, otherwise: Path) -> Path:
    """Return the folder that the session names, if it lies in this very home."""
    named = os.environ.get(name)
    if named and Path(named).is_absolute() and Path(named).is_relative_to(home):
        return Path(named)
    return otherwise
