"""`./run demo`: provider, test card reader, phone app and demo portal on this machine."""

import secrets
import signal
import sys
import time
from argparse import ArgumentParser
from functools import partial
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError

from idp.core import logs
from idp.sandbox.demo.check import log_in_over_http
from idp.sandbox.demo.children import Child, start, wait_until
from idp.sandbox.demo.ports import (
    Port,
    bridge_port,
    first_free,
    is_taken,
    require_distinct,
    require_free,
)
from idp.sandbox.demo.prepare import PORTAL_CLIENT_ID, PORTAL_CLIENT_SECRET, prepare
from idp.sandbox.demo.server import Provider

READY_SECONDS = 30
# What SQLite and PostgreSQL say of a schema that is not the expected one.
SCHEMA_ERRORS = ("no such ", "has no column", "does not exist", "already exists")


class Stopped(Exception):  # noqa: N818
    """The person asked the demo to stop."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


class Command(BaseCommand):
    help = "Runs the whole sandbox on this machine: provider, card bridge, phone app, portal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="log a test person in, say so, and stop"
        )

        parser.add_argument(
            "--no-bridge", action="store_true", help="start no card bridge: bring your own"
        )

    def handle(self, *args: Any, check: bool, no_bridge: bool, **options: Any) -> None:
        self._with_bridge = not no_bridge
        began = time.monotonic()
        self._children: list[Child] = []
        self._waits: list[tuple[Child, int]] = []
        provider = self._provider()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        logs.write_to_file(settings.HYGIE.data_dir / "log" / "provider.log")
        try:
            self._prepare()
            provider.start()
            self._start_children()
            self._wait_ready(provider)
            if check:
                greeting = log_in_over_http(settings.HYGIE.portal_url)
                self.stdout.write(f"demo check ok: {greeting} ({time.monotonic() - began:.1f} s)")
            else:
                self._say_ready(time.monotonic() - began)
                self._watch(provider)
        except Stopped:
            self.stdout.write("Stopping.")
        finally:
            for child in self._children:
                child.stop()
            provider.stop()

    def _prepare(self) -> None:
        try:
            prepare()
        except (OperationalError, ProgrammingError) as error:
            if not any(words in str(error) for words in SCHEMA_ERRORS):
                raise
            raise CommandError(
                f"The demo's data in {settings.HYGIE.data_dir} does not fit this version of Hygie "
                f"({error}). It is test data: remove that folder and start again."
            ) from error

    def _provider(self) -> Provider:
        port = urlsplit(settings.HYGIE.base_url).port or 8000
        portal_port = urlsplit(settings.HYGIE.portal_url).port or 8100
        ports = (
            Port(number=port, setting="HYGIE_PORT", purpose="the identity provider"),
            Port(number=portal_port, setting="HYGIE_PORTAL_PORT", purpose="the demo portal"),
        )
        bridge = settings.HYGIE.bridge_ports if self._with_bridge else ()
        require_distinct((*ports, *(bridge_port(number) for number in bridge)))
        require_free(ports)
        if self._with_bridge:
            self._bridge_port = first_free(tuple(map(bridge_port, bridge)))
        self._portal_port = portal_port
        return Provider(port=port)

    def _start_children(self) -> None:
        if self._with_bridge:
            self._children.append(self._start_bridge())
        self._children.append(self._start_portal())

    def _start_bridge(self) -> Child:
        hygie = settings.HYGIE
        command = [
            *("cps_bridge", "sandbox", str(hygie.data_dir / "sandbox")),
            *("--origin", hygie.origin),
            *("--ports", ",".join(map(str, hygie.bridge_ports))),
        ]
        bridge = start("card-bridge", command, log_dir=hygie.data_dir / "log")
        self._waits.append((bridge, self._bridge_port))
        return bridge

    def _start_portal(self) -> Child:
        hygie = settings.HYGIE
        portal = start(
            "demo-portal",
            ["examples.portal"],
            log_dir=hygie.data_dir / "log",
            PORTAL_URL=hygie.portal_url,
            PORTAL_ISSUER=hygie.issuer,
            PORTAL_CLIENT_ID=PORTAL_CLIENT_ID,
            PORTAL_CLIENT_SECRET=PORTAL_CLIENT_SECRET,
            PORTAL_SECRET_KEY=secrets.token_urlsafe(32),
        )
        self._waits.append((portal, self._portal_port))
        return portal

    def _wait_ready(self, provider: Provider) -> None:
        wait_until(provider.is_up, None, seconds=READY_SECONDS, what="identity provider")
        for child, port in self._waits:
            wait_until(partial(is_taken, port), child, seconds=READY_SECONDS, what=child.name)

    def _say_ready(self, seconds: float) -> None:
        hygie = settings.HYGIE
        self.stdout.write(
            f"""
Hygie is ready ({seconds:.1f} s). TEST: no real card, no real person.

  Demo portal   {hygie.portal_url}
                press « Se connecter », then choose a card, the phone, or a test identity
{self._reader_lines()}  Phone app     {hygie.base_url}/ecps/
                activate it once from {hygie.base_url}/mon-ecps/
  Your portal   issuer {hygie.issuer}
                register it: ./run manage client add --help

Ctrl-C stops everything. Data and logs: {hygie.data_dir}
"""
        )
        sys.stdout.flush()

    def _reader_lines(self) -> str:
        if not self._with_bridge:
            return "  Card reader   none: start a card bridge of your own\n"
        return (
            f"  Card reader   http://127.0.0.1:{self._bridge_port}/sandbox/\n"
            "                insert a test card; its code is 1234\n"
        )

    def _watch(self, provider: Provider) -> None:
        while all(child.is_running() for child in self._children):
            time.sleep(0.5)
            if not provider.is_up():
                raise CommandError("The identity provider stopped; its error is above.")
        dead = next(child for child in self._children if not child.is_running())
        raise CommandError(f"The {dead.name} stopped:\n{dead.last_words()}")
