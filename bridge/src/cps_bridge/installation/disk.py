"""Carries a plan out: writes what differs, removes what is there, tells what it did."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cps_bridge.errors import SetupError
from cps_bridge.installation.plan import File, Item, Key, Link, Plan

if sys.platform == "win32":
    import winreg


class Done(StrEnum):
    """What became of one item."""

    WRITTEN = "écrit"
    UNCHANGED = "déjà en place"
    REMOVED = "retiré"
    ABSENT = "absent"


class Registry(Protocol):
    """The registry of Windows: default values of keys."""

    def read(self, root: str, name: str) -> str | None:
        """Return the key's value, None without the key."""

    def write(self, root: str, name: str, value: str) -> None:
        """Make the key."""

    def delete(self, root: str, name: str) -> None:
        """Delete the key."""


def install(
    plan: Plan, *, registry: Registry, dry_run: bool = False
) -> Iterator[tuple[Item, Done]]:
    """Write what is missing or differs."""
    for item in plan.items:
        if _is_in_place(item, registry):
            yield item, Done.UNCHANGED
            continue
        if not dry_run:
            _write(item, registry)
        yield item, Done.WRITTEN


def uninstall(
    plan: Plan, *, registry: Registry, kept: frozenset[Path], dry_run: bool = False
) -> Iterator[tuple[Item, Done]]:
    """Remove what the plan names, whatever it holds now, and the folders that this empties."""
    for item in reversed(plan.items):
        if not _exists(item, registry):
            yield item, Done.ABSENT
            continue
        if not dry_run:
            _remove(item, registry, kept)
        yield item, Done.REMOVED


def _is_in_place(item: Item, registry: Registry) -> bool:
    match item:
        case File(path=path, content=content, is_program=is_program):
            if path.is_symlink() or not path.is_file() or path.read_bytes() != content.encode():
                return False
            return not is_program or bool(path.stat().st_mode & 0o100)
        case Link(path=path, target=target):
            return path.is_symlink() and str(path.readlink()) == target
        case Key(root=root, name=name, value=value):
            return registry.read(root, name) == value


def _exists(item: Item, registry: Registry) -> bool:
    if isinstance(item, Key):
        return registry.read(item.root, item.name) is not None
    return item.path.is_symlink() or item.path.exists()


def _write(item: Item, registry: Registry) -> None:
    if isinstance(item, Key):
        registry.write(item.root, item.name, item.value)
        return
    try:
        item.path.parent.mkdir(parents=True, exist_ok=True)
        # Never through a link that somebody left there.
        item.path.unlink(missing_ok=True)
        if isinstance(item, Link):
            item.path.symlink_to(item.target)
        else:
            item.path.write_bytes(item.content.encode())
            item.path.chmod(0o755 if item.is_program else 0o644)
    except OSError as error:
        raise SetupError(f"{item.path} : {error.strerror}.") from error


def _remove(item: Item, registry: Registry, kept: frozenset[Path]) -> None:
    if isinstance(item, Key):
        registry.delete(item.root, item.name)
        return
    try:
        item.path.unlink()
    except OSError as error:
        raise SetupError(f"{item.path} : {error.strerror}.") from error
    for folder in item.path.parents:
        if folder in kept or any(folder.iterdir()):
            break
        folder.rmdir()


class WindowsRegistry:
    """The registry of this computer; elsewhere no plan holds a key."""

    def read(self, root: str, name: str) -> str | None:
        """Return the key's value, None without the key."""
        if sys.platform == "win32":
            with suppress(FileNotFoundError):
                return winreg.QueryValue(getattr(winreg, root), name)
        return None

    def write(self, root: str, name: str, value: str) -> None:
        """Make the key."""
        if sys.platform == "win32":
            winreg.SetValue(getattr(winreg, root), name, winreg.REG_SZ, value)

    def delete(self, root: str, name: str) -> None:
        """Delete the key."""
        if sys.platform == "win32":
            winreg.DeleteKey(getattr(winreg, root), name)
