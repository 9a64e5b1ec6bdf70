"""What the browsers of this workstation would do: permission, managed policies, extension's host.

Read from their own files (Chromium family); nothing is changed, and no browser is started.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cps_bridge.commands.documents import read_json
from cps_bridge.commands.findings import Finding, bad, good, note
from cps_bridge.commands.policies import Policies
from cps_bridge.installation.places import Places
from cps_bridge.native import HOST_NAME

# The content settings of Chromium's preferences, since version 145 and before.
PERMISSIONS = ("loopback_network", "local_network_access")
BLOCKED = 2
ASKS = "Navigateur : Chrome et Edge demandent une fois si la page peut joindre cet ordinateur."
ASKS_CURE = (
    "Répondez « Autoriser ». Sur un parc géré : règle LoopbackNetworkAllowedForUrls, ou extension. "
    "Safari ne peut pas joindre le pont : utilisez un autre navigateur, ou le téléphone (e-CPS)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Browsers:
    """Where the browsers keep what the doctor reads."""

    profiles: tuple[Path, ...]
    hosts: tuple[Path, ...]
    policies: Policies

    @classmethod
    def of(cls, person: Places, everyone: Places, policies: Policies) -> "Browsers":
        """Return the places of the person who runs the doctor."""
        folders = (*person.chromium, *person.firefox, *everyone.chromium, *everyone.firefox)
        return cls(profiles=person.profiles, hosts=folders, policies=policies)


def examine_browsers(browsers: Browsers, origins: Iterable[str]) -> Iterator[Finding]:
    """Yield a finding for each origin's permission, then one for the extension's host."""
    allowed = browsers.policies.allowed_origins()
    denied = dict(_denials(browsers.profiles))
    is_asked = False
    for origin in origins:
        if origin in denied:
            yield bad(
                f"Navigateur : l'accès à cet ordinateur a été refusé à {origin} "
                f"({denied[origin]}).",
                "Ouvrez cette page, cliquez à gauche de l'adresse, puis autorisez l'accès aux "
                "applications de cet appareil.",
            )
        elif origin in allowed:
            yield good(f"Navigateur : une règle du poste autorise déjà {origin}.")
        else:
            is_asked = True
    if is_asked:
        yield note(ASKS, ASKS_CURE)
    yield _host(browsers.hosts)


def _host(folders: Iterable[Path]) -> Finding:
    """Judge the programs that the hosts' manifests name."""
    manifests = [path for folder in folders if (path := folder / f"{HOST_NAME}.json").is_file()]
    if not manifests:
        return note(
            "Extension du navigateur : pas reliée au pont (elle est facultative).",
            "« cps-bridge install » la relie.",
        )
    for path in manifests:
        program = read_json(path).get("path")
        if not isinstance(program, str) or not Path(program).is_file():
            return bad(
                f"Extension du navigateur : {path} nomme un programme qui n'existe plus.",
                "Relancez « cps-bridge install ».",
            )
    return good("Extension du navigateur : reliée au pont.")


def _denials(profiles: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Yield the origins that a person refused, with the profile they did it in."""
    for root in profiles:
        for path in sorted(root.glob("*/Preferences")):
            exceptions = _inside(read_json(path), "profile", "content_settings", "exceptions")
            for permission in PERMISSIONS:
                for pattern, value in _inside(exceptions, permission).items():
                    if isinstance(value, dict) and value.get("setting") == BLOCKED:
                        yield _origin_of(pattern), f"{root.name}, {path.parent.name}"


def _origin_of(pattern: str) -> str:
    """Return the origin that a pattern such as `https://idp.example:443,*` stands for."""
    address = pattern.partition(",")[0]
    try:
        is_default = {"https": 443, "http": 80}.get(urlsplit(address).scheme) == urlsplit(
            address
        ).port
    except ValueError:
        return address
    return address.rpartition(":")[0] if is_default else address


def _inside(content: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        found = content.get(name)
        content = found if isinstance(found, dict) else {}
    return content
