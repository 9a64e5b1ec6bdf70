"""What a managed browser allows, as the doctor reads it on each system."""

import plistlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cps_bridge.commands import policies
from cps_bridge.commands.policies import NAMES, WINDOWS_KEYS, Policies, registry_texts
from cps_bridge.installation.places import System

from tests.bridge.workplace import ORIGIN, Doctor


@pytest.mark.parametrize(
    "name", ["LoopbackNetworkAllowedForUrls", "LocalNetworkAccessAllowedForUrls"]
)
def test_a_managed_policy_is_read(visit: Doctor, name: str) -> None:
    visit.desk.write(visit.desk.policies, {name: [f"{ORIGIN}/"]})
    said = visit.says()[1]
    assert f"autorise déjà {ORIGIN}" in said
    assert "demandent une fois" not in said


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_a_profile_of_macos_is_read(visit: Doctor, name: str, form: plistlib.PlistFormat) -> None:
    profile = visit.desk.home / "com.google.Chrome.plist"
    profile.write_bytes(plistlib.dumps({name: [f"{ORIGIN}/"]}, fmt=form))
    assert f"autorise déjà {ORIGIN}" in visit.says()[1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("root", ["HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER"])
def test_the_registry_of_windows_is_read(visit: Doctor, root: str, name: str) -> None:
    visit.desk.registry[root, rf"{WINDOWS_KEYS[0]}\{name}"] = ("https://else.example", ORIGIN)
    assert f"autorise déjà {ORIGIN}" in visit.says()[1]


@pytest.mark.parametrize("content", [b"<plist", b"bplist00", b"", plistlib.dumps([ORIGIN])])
def test_a_profile_that_cannot_be_read_allows_nothing(visit: Doctor, content: bytes) -> None:
    (visit.desk.home / "com.google.Chrome.plist").write_bytes(content)
    assert "demandent une fois" in visit.says()[1]


def test_a_policy_that_is_no_list_allows_nothing(visit: Doctor) -> None:
    visit.desk.write(visit.desk.policies, {NAMES[0]: ORIGIN, NAMES[1]: [7]})
    assert "demandent une fois" in visit.says()[1]


def test_each_system_keeps_its_policies_in_a_place_of_its_own() -> None:
    root, home = Path("/"), Path("/home/camille")
    linux = Policies.of(System.LINUX, root=root, home=home)
    assert Path("/etc/opt/chrome/policies/managed") in linux.folders
    assert (linux.property_lists, linux.keys) == ((), ())
    macos = Policies.of(System.MACOS, root=root, home=home)
    managed = Path("/Library/Managed Preferences")
    assert managed / "com.google.Chrome.plist" in macos.property_lists
    assert managed / "camille" / "com.microsoft.Edge.plist" in macos.property_lists
    windows = Policies.of(System.WINDOWS, root=root, home=home)
    assert r"Software\Policies\Google\Chrome" in windows.keys
    assert (windows.folders, windows.property_lists) == ((), ())


class PlayedRegistry:
    """Windows' `winreg` as its documentation has it: one key, whose end is an OSError."""

    HKEY_LOCAL_MACHINE = "machine"
    VALUES = (("1", "https://else.example", 1), ("2", 7, 4), ("3", ORIGIN, 1))

    @contextmanager
    def OpenKey(self, root: str, name: str) -> Iterator[str]:  # noqa: N802
        if (root, name) != ("machine", WINDOWS_KEYS[0]):
            raise FileNotFoundError(name)
        yield name

    def EnumValue(self, _key: str, index: int) -> tuple[str, object, int]:  # noqa: N802
        if index >= len(self.VALUES):
            raise OSError(259, "no more data")
        return self.VALUES[index]


def test_a_key_is_read_to_its_end_and_only_for_its_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "winreg", PlayedRegistry(), raising=False)
    monkeypatch.setattr("cps_bridge.commands.policies.sys.platform", "win32")
    listed = registry_texts("HKEY_LOCAL_MACHINE", WINDOWS_KEYS[0])
    assert listed == ["https://else.example", ORIGIN]
    assert registry_texts("HKEY_LOCAL_MACHINE", "absent") == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is a registry")
def test_without_a_registry_nothing_is_read_from_it() -> None:
    assert registry_texts("HKEY_LOCAL_MACHINE", WINDOWS_KEYS[0]) == []
