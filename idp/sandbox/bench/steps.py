"""What is measured, in order: each endpoint alone, then a whole login."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from idp.sandbox.bench.cpu import CpuClock
from idp.sandbox.bench.load import Call, ExhaustedError, Limits, Measure, measure
from idp.sandbox.bench.portal import Portal, Registration, discover
from idp.sandbox.bench.wire import Wire

# Codes live a minute: they are made just before, and no more than are redeemed in that time. Making
# them ends early on a slow machine: with the longest row after it, it stays below the minute.
MOST_CODES = 1000
MAKING_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One provider and how hard it is called."""

    base_url: str
    registration: Registration
    connections: int
    limits: Limits

    def run(self) -> Iterator[Measure]:
        """A row as soon as it is measured. BenchError: the provider cannot be measured further."""
        wires = [Wire(self.base_url) for _ in range(self.connections)]
        try:
            yield from self._measured(wires)
        finally:
            for wire in wires:
                wire.close()

    def _measured(self, wires: list[Wire]) -> Iterator[Measure]:
        document, endpoints = discover(wires[0])
        cpu = CpuClock(urlsplit(self.base_url).port or 80)
        portals = [Portal(wire, endpoints, self.registration) for wire in wires]
        for name, make in _STEPS:
            calls = make(portals, {**endpoints, "document": document}, self.limits)
            yield measure(name, calls, limits=self.limits, cpu=cpu)


Make = Callable[[list[Portal], dict[str, Any], Limits], list[Call]]


def _discovery(portals: list[Portal], endpoints: dict[str, Any], _limits: Limits) -> list[Call]:
    return [partial(portal.fetch, endpoints["document"]) for portal in portals]


def _jwks(portals: list[Portal], endpoints: dict[str, Any], _limits: Limits) -> list[Call]:
    return [partial(portal.fetch, endpoints["jwks_uri"]) for portal in portals]


def _code_exchange(portals: list[Portal], _endpoints: Any, limits: Limits) -> list[Call]:
    for portal in portals:
        portal.log_in()
    held: list[list[str]] = [[] for _ in portals]
    ends = time.monotonic() + MAKING_SECONDS
    for _ in range(min(limits.calls, MOST_CODES) // len(portals) + 1):
        for portal, codes in zip(portals, held, strict=True):
            codes.append(portal.code())
        if time.monotonic() >= ends:
            break
    return [_redeeming(portal, codes) for portal, codes in zip(portals, held, strict=True)]


def _redeeming(portal: Portal, codes: list[str]) -> Call:
    def call() -> None:
        if not codes:
            raise ExhaustedError
        portal.redeem(codes.pop())

    return call


def _refresh(portals: list[Portal], _endpoints: Any, _limits: Limits) -> list[Call]:
    return [_turning(portal) for portal in portals]


def _turning(portal: Portal) -> Call:
    held = portal.log_in()

    def call() -> None:
        held.update(portal.refresh(held["refresh_token"]))

    return call


def _userinfo(portals: list[Portal], _endpoints: Any, _limits: Limits) -> list[Call]:
    token = portals[0].log_in()["access_token"]
    return [partial(portal.userinfo, token) for portal in portals]


def _introspection(portals: list[Portal], _endpoints: Any, _limits: Limits) -> list[Call]:
    token = portals[0].log_in()["access_token"]
    return [partial(portal.introspect, token) for portal in portals]


def _whole_login(portals: list[Portal], _endpoints: Any, _limits: Limits) -> list[Call]:
    return [partial(_log_in, portal) for portal in portals]


def _log_in(portal: Portal) -> None:
    portal.log_in()


_STEPS: tuple[tuple[str, Make], ...] = (
    ("discovery", _discovery),
    ("JWKS", _jwks),
    ("code exchange", _code_exchange),
    ("refresh", _refresh),
    ("userinfo", _userinfo),
    ("introspection", _introspection),
    ("whole login", _whole_login),
)
