"""The administrator's settings: a TOML file that only they can write, and the command line."""

import os
import re
import stat
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cps_bridge.errors import SetupError
from cps_bridge.origins import parse_origin

DEFAULT_PORTS = (24817, 24818, 24819, 24820)
# Chromium: 32 letters a to p; Firefox: name@domain or {uuid}.
_EXTENSION = re.compile(r"[a-p]{32}|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+|\{[0-9a-f-]{36}\}")
_KNOWN = frozenset({"origins", "ports", "module", "insert_seconds", "pin_seconds", "extensions"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Checked settings."""

    origins: tuple[str, ...]
    ports: tuple[int, ...] = DEFAULT_PORTS
    module: Path | None = None
    insert_seconds: float = 60.0
    pin_seconds: float = 120.0
    # Ids of the extension as the administrator publishes it, beside this package's own.
    extensions: tuple[str, ...] = ()
    source: Path | None = None


def default_path() -> Path:
    """Return where the administrator's file is expected on this system."""
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData"), "cps-bridge", "config.toml")
    if sys.platform == "darwin":
        return Path("/Library/Application Support/cps-bridge/config.toml")
    return Path("/etc/cps-bridge/config.toml")


def read_config(
    *,
    path: Path | None,
    origins: tuple[str, ...] = (),
    ports: tuple[int, ...] = (),
    module: Path | None = None,
    sandbox: bool = False,
) -> Config:
    """Return the file's settings with the command line's on top.

    The default file may be missing; one named with --config may not.
    """
    found = path or default_path()
    content = _read_file(found, sandbox=sandbox) if path or _is_wanted(found, sandbox) else {}
    listed = tuple(content.get("origins", ())) + origins
    return Config(
        origins=tuple(dict.fromkeys(parse_origin(text, sandbox=sandbox) for text in listed)),
        ports=ports or tuple(content.get("ports", DEFAULT_PORTS)),
        module=module or (Path(content["module"]) if "module" in content else None),
        insert_seconds=content.get("insert_seconds", 60.0),
        pin_seconds=content.get("pin_seconds", 120.0),
        extensions=tuple(content.get("extensions", ())),
        source=found if content else None,
    )


def _is_wanted(found: Path, sandbox: bool) -> bool:
    # A sandbox never takes the real workstation's origins by accident.
    return not sandbox and found.is_file()


def _read_file(path: Path, *, sandbox: bool) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            _check_owner(path, os.fstat(file.fileno()), sandbox=sandbox)
            content = tomllib.load(file)
    except OSError as error:
        raise SetupError(f"Réglages illisibles : {path} ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"Réglages mal écrits : {path} ({error}).") from error
    _check_content(path, content)
    return content


def _check_owner(path: Path, found: os.stat_result, *, sandbox: bool) -> None:
    """Refuse a file that someone else than the administrator may have written."""
    if os.name != "posix":
        return
    owners = {0, os.getuid()} if sandbox else {0}
    if found.st_uid not in owners or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SetupError(
            f"Réglages refusés : {path} doit appartenir à l'administrateur (root) et n'être "
            "inscriptible que par lui (chmod 644)."
        )


def _check_content(path: Path, content: dict[str, Any]) -> None:
    if unknown := sorted(set(content) - _KNOWN):
        raise SetupError(f"{path} : réglages inconnus : {', '.join(unknown)}.")
    if not _is_list_of(content.get("origins", []), str):
        raise SetupError(f'{path} : origins doit être une liste, ["https://…"].')
    extensions = content.get("extensions", [])
    if not _is_list_of(extensions, str) or not all(_EXTENSION.fullmatch(one) for one in extensions):
        raise SetupError(f"{path} : extensions doit être une liste d'identifiants d'extension.")
    ports = content.get("ports", [1])
    if not ports or not _is_list_of(ports, int) or not all(0 < port < 65536 for port in ports):
        raise SetupError(f"{path} : ports doit être une liste de numéros de port.")
    if not isinstance(content.get("module", ""), str):
        raise SetupError(f"{path} : module doit être un chemin entre guillemets.")
    for name in ("insert_seconds", "pin_seconds"):
        value = content.get(name, 60)
        if type(value) not in {int, float} or not 5 <= value <= 600:
            raise SetupError(f"{path} : {name} doit être entre 5 et 600 secondes.")


def _is_list_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(type(item) is kind for item in value)
