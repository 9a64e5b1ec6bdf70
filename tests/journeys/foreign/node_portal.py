"""Runs the Node portal: packages from its lock file, installed once into a cache."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent / "openid_client"
OLDEST_NODE = 20


def has_node() -> bool:
    """Node of a version that openid-client runs on, with npm beside it."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return int(version.stdout.strip().lstrip("v").partition(".")[0]) >= OLDEST_NODE


def installed() -> Path:
    """A directory with the locked packages and the portal; made anew when the lock changes."""
    lock = (SOURCE / "package-lock.json").read_bytes()
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "hygie" / f"openid-client-{hashlib.sha256(lock).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    for source in SOURCE.iterdir():
        if source.is_file():
            shutil.copyfile(source, folder / source.name)
    if not (folder / "installed").exists():
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        (folder / "installed").touch()
    return folder


class NodePortal:
    """The portal's process: one command, one answer."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def do(self, command: str, **values: Any) -> dict[str, Any]:
        """The answer; a failure of the portal is a failure of the test."""
        answer = self.attempt(command, **values)
        assert "failed" not in answer, (command, answer)
        return answer

    def attempt(self, command: str, **values: Any) -> dict[str, Any]:
        """The answer, or `{"failed": …, "error": …}`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"command": command, **values}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def node_portal() -> Iterator[NodePortal]:
    process = subprocess.Popen(
        ["node", "portal.mjs"],
        cwd=installed(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield NodePortal(process)
    finally:
        process.terminate()
        process.wait(timeout=10)
