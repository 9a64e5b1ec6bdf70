"""`manage.py bench oidc|card|live|directory`: what each of them costs, as a table."""

import subprocess
from argparse import ArgumentParser
from contextlib import nullcontext
from typing import Any, TypeVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from idp.core import logs
from idp.core.errors import IdpError
from idp.sandbox.bench import card, directory, live
from idp.sandbox.bench.load import BenchError, Limits, Measure
from idp.sandbox.bench.portal import Registration
from idp.sandbox.bench.server import free_port, own_provider
from idp.sandbox.bench.steps import Bench
from idp.sandbox.bench.wire import require_loopback
from idp.sandbox.demo.check import TEST_PERSON
from idp.sandbox.demo.prepare import PORTAL_CLIENT_ID, PORTAL_CLIENT_SECRET

LONGEST_SECONDS, MOST_CALLS, MOST_CONNECTIONS, MOST_ENTRIES = 30.0, 20_000, 64, 1_000_000
MOST_WAITING = 5_000
# CPU of one verification, ms; a list of 100,000 entries: seconds, MB.
MOST_VERIFICATION, LONGEST_LIST, LARGEST_LIST = 3.0, 5.0, 200.0
MOST_PEOPLE = 2_000_000
# Seconds, for two million rows; MB; a login meanwhile, as a multiple of one without an import.
LONGEST_IMPORT = {"first import": 120.0, "same file": 30.0, "1 % changed": 60.0}
LARGEST_IMPORT, SLOWEST_LOGIN = 300.0, 1.1
N = TypeVar("N", int, float)
HEADER = f"{'':16}{'calls':>7}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}"


class Command(BaseCommand):
    help = (
        "Measures a provider on this machine: its own when no --base-url is given. Compare ratios "
        "of runs made in turns, never absolute figures of different days."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["oidc", "card", "live", "directory"])
        parser.add_argument("--people", type=int, default=1_400_000, help="for `directory`")
        parser.add_argument("--base-url", help="http on this machine; a sandbox for the logins")
        parser.add_argument("--seconds", type=float, default=3.0, help="at most, for each row")
        parser.add_argument("--calls", type=int, default=2000, help="at most, for each row")
        parser.add_argument("--entries", type=int, default=100_000, help="of the list, for `card`")
        parser.add_argument("--waiting", type=int, default=1000, help="pages, for `live`")
        parser.add_argument("--approvals", type=int, default=300, help="for `live`")
        parser.add_argument("--connections", type=int, default=16)
        parser.add_argument("--client-id", default=PORTAL_CLIENT_ID)
        parser.add_argument("--client-secret", default=PORTAL_CLIENT_SECRET)
        parser.add_argument("--redirect-uri", default=f"{settings.HYGIE.portal_url}/callback")
        parser.add_argument("--person", default=TEST_PERSON)

    def handle(self, *args: Any, base_url: str | None, **options: Any) -> None:
        limits = _limits(options)
        if options["what"] == "card":
            self._tell_card(limits, _within("entries", options["entries"], MOST_ENTRIES))
            return
        if options["what"] == "live":
            self._tell_live(
                waiting=_within("waiting", options["waiting"], MOST_WAITING),
                approvals=_within("approvals", options["approvals"], MOST_CALLS),
            )
            return
        if options["what"] == "directory":
            people = _within("people", options["people"], MOST_PEOPLE)
            self._tell_directory(people, _registration(options), calm_seconds=limits.seconds)
            return
        connections = _within("connections", options["connections"], MOST_CONNECTIONS)
        registration = _registration(options)
        if base_url:
            require_loopback(base_url)
        with nullcontext(base_url) if base_url else own_provider(free_port()) as url:
            bench = Bench(
                base_url=url, registration=registration, connections=connections, limits=limits
            )
            self._tell(bench)

    def _tell_card(self, limits: Limits, entries: int) -> None:
        """In this process: CPU is that of the server's part and of signing for the card."""
        logs.write_to_file(settings.HYGIE.data_dir / "log" / "bench.log")
        self.stdout.write(f"card, {settings.DATABASES['default']['ENGINE']}\n{HEADER}")
        try:
            for row in card.run(limits):
                self.stdout.write(_row(row) + card_verdict(row))
            meanwhile, cost = card.take_long_list(entries)
        except (BenchError, OSError, IdpError) as error:
            raise CommandError(f"bench: {error}") from error
        self.stdout.write(_row(meanwhile))
        self.stdout.write(
            f"a list of {cost.entries} entries: {cost.seconds:.1f} s"
            f"{verdict(cost.seconds, LONGEST_LIST)}, {cost.megabytes:.0f} MB"
            f"{verdict(cost.megabytes, LARGEST_LIST)}"
        )

    def _tell_live(self, *, waiting: int, approvals: int) -> None:
        port = free_port()
        try:
            with live.live_provider(port) as url:
                found = live.run(base_url=url, waiting=waiting, approvals=approvals)
        except (BenchError, OSError, TimeoutError, IdpError) as error:
            raise CommandError(f"bench: {error}") from error
        layer = settings.CHANNEL_LAYERS["default"]["BACKEND"].rpartition(".")[2]
        self.stdout.write(f"{found.approvals} approvals, {found.waiting} pages wait, {layer}")
        for what, amount, unit, most in (
            ("approve → page heard, p50", found.heard_p50, "ms", 150),
            ("approve → page heard, p99", found.heard_p99, "ms", 500),
            ("approve → sent back to the portal, p50", found.finished_p50, "ms", 150),
            ("approve → sent back to the portal, p99", found.finished_p99, "ms", 500),
            ("a waiting page", found.page_kib, "KiB", 50),
            ("server's work for an approval, CPU, p50", found.cpu, "ms", 5),
            ("first load of the phone application", found.first_load / 1000, "kB", 150),
        ):
            self.stdout.write(f"{what:42}{amount:>9.1f} {unit}{verdict(amount, most)}")

    def _tell_directory(
        self, people: int, registration: Registration, *, calm_seconds: float
    ) -> None:
        self.stdout.write(f"{people} people, {settings.DATABASES['default']['ENGINE']}")
        try:
            for cost in directory.run(
                settings.HYGIE.data_dir / "bench", people, registration, calm_seconds=calm_seconds
            ):
                self.stdout.write(_import_row(cost))
                self.stdout.flush()
        except (BenchError, OSError, subprocess.CalledProcessError) as error:
            raise CommandError(f"bench: {error}") from error

    def _tell(self, bench: Bench) -> None:
        self.stdout.write(f"{bench.base_url}, {bench.connections} connections\n{HEADER}")
        try:
            for measure in bench.run():
                self.stdout.write(_row(measure))
                self.stdout.flush()
        except (BenchError, OSError) as error:
            raise CommandError(f"bench: {error}") from error


def _registration(options: dict[str, Any]) -> Registration:
    return Registration(
        client_id=options["client_id"],
        client_secret=options["client_secret"],
        redirect_uri=options["redirect_uri"],
        person=options["person"],
    )


def _import_row(cost: directory.Cost) -> str:
    """Limits for the whole register, whatever the number of people asked for."""
    row = f"{cost.name:14}{cost.rows:>9} rows{cost.seconds:>8.1f} s"
    if cost.name in LONGEST_IMPORT:
        row += verdict(cost.seconds, LONGEST_IMPORT[cost.name])
    row += f"{cost.rows / cost.seconds:>9.0f} rows/s" if cost.rows else ""
    if cost.megabytes is not None:
        row += f"{cost.megabytes:6.0f} MB{verdict(cost.megabytes, LARGEST_IMPORT)}"
    if cost.login is not None:
        row += f"  a login meanwhile {cost.login:.0f} ms"
    if cost.login is not None and cost.calm is not None:
        row += f", × {cost.login / cost.calm:.2f} of {cost.calm:.0f} ms"
        if cost.name in LONGEST_IMPORT:
            row += verdict(cost.login / cost.calm, SLOWEST_LOGIN)
    return row


def verdict(amount: float, most: float) -> str:
    """The limit beside the figure, and whether it held."""
    return f" (at most {most:g}: {'ok' if amount <= most else 'ABOVE'})"


def card_verdict(row: Measure) -> str:
    """Of the verification alone; a whole login writes rows too."""
    is_verification = row.name.startswith("verify") and row.cpu is not None
    return verdict(row.cpu or 0.0, MOST_VERIFICATION) if is_verification else ""


def _limits(options: dict[str, Any]) -> Limits:
    return Limits(
        seconds=_within("seconds", options["seconds"], LONGEST_SECONDS),
        calls=_within("calls", options["calls"], MOST_CALLS),
    )


def _within(name: str, value: N, most: N) -> N:
    if not 0 < value <= most:
        raise CommandError(f"bench: --{name} goes from 1 to {most}")
    return value


def _row(measure: Measure) -> str:
    cpu = "–" if measure.cpu is None else f"{measure.cpu:.2f}"
    return (
        f"{measure.name:16}{measure.calls:>7}{measure.rate:>9.0f}"
        f"{measure.p50:>9.2f}{measure.p99:>9.2f}{cpu:>9}"
    )
