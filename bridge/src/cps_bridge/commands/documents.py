"""Reads a file of the system or of a browser: what cannot be read says nothing."""

import json
import plistlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

MAX_BYTES = 64 * 1024 * 1024


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object of the file, an empty one where there is none."""
    return _read(path, json.loads)


def read_property_list(path: Path) -> dict[str, Any]:
    """Return the dictionary of a property list of macOS (XML or binary), or an empty one."""
    return _read(path, plistlib.loads)


def _read(path: Path, parse: Callable[[bytes], object]) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            return {}
        content = parse(path.read_bytes())
    except (OSError, ValueError, ExpatError):
        return {}
    return content if isinstance(content, dict) else {}
