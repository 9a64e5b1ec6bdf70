"""The sites that an administrator's policy lets reach this computer, in each system's own place.

Only what lies on the workstation is read: a policy that a browser fetches from its cloud console is
not seen, and a pattern with a wildcard is left to the browser.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from cps_bridge.commands.documents import read_json, read_property_list
from cps_bridge.installation.places import System

if sys.platform == "win32":
    import winreg

# From Chromium 146 and 139: with either, the browser asks nobody.
NAMES = ("LoopbackNetworkAllowedForUrls", "LocalNetworkAccessAllowedForUrls")
LINUX_FOLDERS = ("etc/opt/chrome", "etc/chromium", "etc/opt/edge")
MACOS_DOMAINS = ("com.google.Chrome", "org.chromium.Chromium", "com.microsoft.Edge")
WINDOWS_KEYS = tuple(
    rf"Software\Policies\{browser}" for browser in (r"Google\Chrome", "Chromium", r"Microsoft\Edge")
)
WINDOWS_ROOTS = ("HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER")

# The texts among the values of one key: root, name.
RegistryTexts = Callable[[str, str], Iterable[str]]


def registry_texts(root: str, name: str) -> list[str]:
    """Return the texts among the values of a key; without the key, or elsewhere, none."""
    texts: list[str] = []
    if sys.platform == "win32":
        # The system says with an error that there is no such key, and no further value.
        with suppress(OSError), winreg.OpenKey(getattr(winreg, root), name) as key:
            for index in count():
                _name, value, _kind = winreg.EnumValue(key, index)
                if isinstance(value, str):
                    texts.append(value)
    return texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Where this workstation keeps the policies of Chrome, Chromium and Edge."""

    folders: tuple[Path, ...] = ()
    property_lists: tuple[Path, ...] = ()
    keys: tuple[str, ...] = ()
    registry: RegistryTexts = registry_texts

    @classmethod
    def of(cls, system: System, *, root: Path, home: Path) -> "Policies":
        """Return the places of one system; `home` is that of the person who runs the doctor."""
        match system:
            case System.LINUX:
                return cls(
                    folders=tuple(root / each / "policies" / "managed" for each in LINUX_FOLDERS)
                )
            case System.MACOS:
                managed = root / "Library" / "Managed Preferences"
                return cls(
                    property_lists=tuple(
                        folder / f"{domain}.plist"
                        for folder in (managed, managed / home.name)
                        for domain in MACOS_DOMAINS
                    )
                )
            case System.WINDOWS:
                return cls(keys=WINDOWS_KEYS)

    def allowed_origins(self) -> frozenset[str]:
        """Return the origins that a policy lists, without the slash at their end."""
        return frozenset(origin.rstrip("/") for origin in self._listed())

    def _listed(self) -> Iterator[str]:
        files = [read_json(path) for folder in self.folders for path in folder.glob("*.json")]
        files += [read_property_list(path) for path in self.property_lists]
        for content in files:
            for name in NAMES:
                urls = content.get(name)
                yield from (url for url in _as_list(urls) if isinstance(url, str))
        for root in WINDOWS_ROOTS:
            for key in self.keys:
                for name in NAMES:
                    yield from self.registry(root, rf"{key}\{name}")


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
