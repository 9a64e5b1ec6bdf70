"""`cps-bridge install`: what it writes for each system, twice the same, and all of it removable."""

import json
import os
import plistlib
import shlex
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from cps_bridge import cli
from cps_bridge.commands.install import STARTER, Wish, install_bridge, uninstall_bridge
from cps_bridge.installation.places import Places, System, person_places, shared_places
from cps_bridge.installation.plan import File, Link, make_plan
from cps_bridge.native import CHROMIUM_EXTENSION, FIREFOX_EXTENSION, HOST_NAME

PUBLISHED = ("b" * 32, "pont@hopital.example")
SYSTEMS = list(System)


class Registry(dict[tuple[str, str], str]):
    """Windows' registry in memory."""

    def read(self, root: str, name: str) -> str | None:
        return self.get((root, name))

    def write(self, root: str, name: str, value: str) -> None:
        self[root, name] = value

    def delete(self, root: str, name: str) -> None:
        del self[root, name]


class Tools:
    """The system's tools; `is_there` says whether they exist."""

    def __init__(self, *, is_there: bool = True) -> None:
        self.used: list[str] = []
        self._is_there = is_there

    def __call__(self, command: Sequence[str]) -> bool:
        self.used.append(" ".join(command))
        return self._is_there


def tree(folder: Path) -> dict[str, str]:
    """Every file and folder below, with its content."""
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else ""
        for path in folder.rglob("*")
    }


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".config" / "chromium" / "Default").mkdir(parents=True)
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "letter").write_text("private")
    return tmp_path


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("where", [person_places, shared_places])
def test_installing_twice_changes_nothing_and_uninstalling_leaves_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], system: System, where: object
) -> None:
    assert callable(where)
    places: Places = where(system, home)
    registry = Registry()
    before = tree(home)
    install_bridge(Wish(), places=places, registry=registry, run=Tools())
    first = tree(home)
    assert len(first) > len(before)
    assert "écrit" in capsys.readouterr().out
    install_bridge(Wish(), places=places, registry=registry, run=Tools())
    said = capsys.readouterr().out
    assert tree(home) == first
    assert "écrit" not in said
    assert "déjà en place" in said
    uninstall_bridge(Wish(), places=places, registry=registry, run=Tools())
    left = set(tree(home)) - set(before)
    # Folders of the system's own, which were there on any real workstation.
    assert {home / path for path in left} <= set(places.kept) | {
        parent for kept in places.kept for parent in kept.parents
    } | set(places.autostart.parents) | {places.autostart}
    assert set(before) <= set(tree(home))
    assert not any(path.is_file() for path in map(home.joinpath, left))
    assert registry == {}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_dry_run_tells_everything_and_does_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], system: System
) -> None:
    places, registry, tools = person_places(system, home), Registry(), Tools()
    before = tree(home)
    install_bridge(Wish(dry_run=True), places=places, registry=registry, run=tools)
    said = capsys.readouterr().out
    assert (tree(home), registry, tools.used) == (before, {}, [])
    plan = make_plan(places, starter=STARTER)
    assert all(str(item.path) in said for item in plan.items if isinstance(item, File | Link))
    install_bridge(Wish(), places=places, registry=registry, run=Tools())
    installed = tree(home)
    uninstall_bridge(Wish(dry_run=True), places=places, registry=registry, run=tools)
    assert (tree(home), tools.used) == (installed, [])


def test_a_file_that_was_changed_is_written_again(home: Path) -> None:
    places = person_places(System.LINUX, home)
    install_bridge(Wish(), places=places, run=Tools())
    program = places.own / "native-host"
    program.write_text("#!/bin/sh\nexec evil\n")
    manifest = places.firefox[0] / f"{HOST_NAME}.json"
    manifest.unlink()
    manifest.symlink_to(home / "documents" / "letter")
    install_bridge(Wish(), places=places, run=Tools())
    assert "launch.py" in program.read_text()
    # Written in place of the link, not through it.
    assert not manifest.is_symlink()
    assert (home / "documents" / "letter").read_text() == "private"


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_manifests_name_the_program_and_the_extensions_alone(
    home: Path, system: System
) -> None:
    places = person_places(system, home)
    install_bridge(
        Wish(extensions=PUBLISHED), places=places, registry=(registry := Registry()), run=Tools()
    )
    for folder in places.chromium:
        manifest = json.loads((folder / f"{HOST_NAME}.json").read_text())
        assert (manifest["name"], manifest["type"]) == (HOST_NAME, "stdio")
        assert Path(manifest["path"]).is_file()
        assert manifest["allowed_origins"] == [
            f"chrome-extension://{CHROMIUM_EXTENSION}/",
            f"chrome-extension://{PUBLISHED[0]}/",
        ]
    for folder in places.firefox:
        manifest = json.loads((folder / f"{HOST_NAME}.json").read_text())
        assert manifest["allowed_extensions"] == [FIREFOX_EXTENSION, PUBLISHED[1]]
    named = {name.removesuffix(rf"\NativeMessagingHosts\{HOST_NAME}") for _root, name in registry}
    expected = {r"Google\Chrome", "Chromium", r"Microsoft\Edge", "Mozilla"}
    assert named == ({"Software\\" + one for one in expected} if registry else set())
    assert bool(registry) is (system is System.WINDOWS)
    assert all(Path(value).is_file() for value in registry.values())


def test_the_browser_s_program_is_the_person_s_alone_to_change(home: Path) -> None:
    places = person_places(System.LINUX, home)
    install_bridge(Wish(), places=places, run=Tools())
    program = places.own / "native-host"
    assert stat.S_IMODE(program.stat().st_mode) == 0o755
    answer = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    assert "usage: cps-bridge native" in answer.stdout


def test_systemd_starts_the_bridge_with_the_graphical_session(home: Path) -> None:
    places = person_places(System.LINUX, home)
    tools = Tools()
    wish = Wish(options=("--origin", "https://idp.example", "--config", '/a "b" 100%/c.toml'))
    install_bridge(wish, places=places, run=tools)
    unit = places.autostart / "cps-bridge.service"
    lines = unit.read_text().splitlines()
    (command,) = [line.removeprefix("ExecStart=") for line in lines if line[:10] == "ExecStart="]
    assert shlex.split(command.replace("%%", "%")) == [*STARTER, "run", *wish.options]
    assert "WantedBy=graphical-session.target" in lines
    assert (places.autostart / "graphical-session.target.wants" / unit.name).resolve() == unit
    assert tools.used == [
        "systemctl --user daemon-reload",
        "systemctl --user restart cps-bridge.service",
    ]


def test_launchd_starts_the_bridge_at_login(home: Path) -> None:
    places = person_places(System.MACOS, home)
    tools = Tools()
    install_bridge(Wish(options=("--origin", "https://a&b.example")), places=places, run=tools)
    agent = plistlib.loads((places.autostart / "fr.hygie.cps-bridge.plist").read_bytes())
    assert agent["ProgramArguments"] == [*STARTER, "run", "--origin", "https://a&b.example"]
    assert agent["RunAtLoad"] is True
    assert tools.used[0].startswith(f"launchctl bootstrap gui/{os.getuid()} ")


def test_windows_starts_the_bridge_from_its_startup_folder_without_a_console(home: Path) -> None:
    places = person_places(System.WINDOWS, home)
    starter = [r"C:\Program Files\cps\python.exe", "-I", r"C:\100%\launch.py"]
    plan = make_plan(places, starter=starter)
    files = {item.path.name: item.content for item in plan.items if isinstance(item, File)}
    assert files["cps-bridge.cmd"] == (
        '@start "cps-bridge" "C:\\Program Files\\cps\\pythonw.exe" "-I" "C:\\100%%\\launch.py" '
        '"run"\r\n'
    )
    assert files["native-host.bat"].endswith(
        'python.exe" "-I" "C:\\100%%\\launch.py" "native" %*\r\n'
    )


def test_native_only_opens_no_port_at_login(home: Path) -> None:
    places = person_places(System.LINUX, home)
    tools = Tools()
    install_bridge(Wish(autostart=False), places=places, run=tools)
    assert not places.autostart.exists()
    assert tools.used == []


def test_uninstalling_stops_the_bridge_before_its_files_go(home: Path) -> None:
    places = person_places(System.LINUX, home)
    install_bridge(Wish(), places=places, run=Tools())

    def stop(command: Sequence[str]) -> bool:
        assert command == ("systemctl", "--user", "stop", "cps-bridge.service")
        assert (places.autostart / "cps-bridge.service").is_file()
        return True

    uninstall_bridge(Wish(), places=places, run=stop)
    assert not (places.autostart / "cps-bridge.service").exists()


def test_what_a_missing_tool_would_do_is_told(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = person_places(System.LINUX, home)
    install_bridge(Wish(), places=places, run=Tools(is_there=False))
    assert "à faire       systemctl --user restart cps-bridge.service" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_named(home: Path) -> None:
    (home / ".mozilla").write_text("a file")
    assert cli.main(["install", "--native-only"]) == 1


def test_the_commands_as_a_person_types_them(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cps_bridge.commands.install.shutil.which", lambda _name: None)
    assert cli.main(["install", "--origin", "https://idp.example", "--ports", "24817"]) == 0
    unit = home / ".config" / "systemd" / "user" / "cps-bridge.service"
    assert '"run" "--origin" "https://idp.example" "--ports" "24817"' in unit.read_text()
    assert CHROMIUM_EXTENSION in capsys.readouterr().out
    assert cli.main(["install", "--origin", "http://idp.example"]) == 1
    assert cli.main(["uninstall"]) == 0
    assert not unit.exists()
    assert cli.main(["uninstall"]) == 0
    assert "absent" in capsys.readouterr().out


def test_broken_settings_keep_nobody_from_uninstalling(home: Path) -> None:
    broken = home / "config.toml"
    broken.write_text("origins = [")
    assert cli.main(["install", "--config", str(broken)]) == 1
    assert cli.main(["uninstall", "--config", str(broken)]) == 0
