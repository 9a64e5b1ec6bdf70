"""What an import of the register costs: the first one, the same file again, a later file.

In the database of `DATABASE_URL`, which must hold nobody of a register. Each import is a process of
its own; somebody logs in all the while, at a provider on the same database. Beside it, what no
import could do better: a login while processes only compute, as an import's do, and, on PostgreSQL,
a plain COPY of the same bytes.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.db import connection

from idp.directory.models import Person
from idp.sandbox.bench.computing import computing
from idp.sandbox.bench.load import BenchError, percentile
from idp.sandbox.bench.portal import Portal, Registration, discover
from idp.sandbox.bench.server import free_port, own_provider
from idp.sandbox.bench.wire import Wire

SOURCE = "personne_activite"
# Between two logins: the provider is used, not loaded.
PAUSE_SECONDS = 0.5
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """An import: seconds, rows a second, the most memory all its processes held, in MB, and how
    long a whole login took meanwhile, in ms (p50); `calm`: right before and after, by themselves.
    """

    name: str
    seconds: float
    rows: int
    megabytes: float | None = None
    login: float | None = None
    calm: float | None = None


@dataclass(slots=True, kw_only=True)
class Logins:
    """Somebody who logs in again and again, in a thread."""

    portal: Portal
    seconds: list[float] = field(default_factory=list)
    error: Exception | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def during(self, work: Callable[[], None]) -> float:
        """The median login while `work` is done, in ms."""
        self.seconds.clear()
        self._stopped.clear()
        thread = threading.Thread(target=self._log_in_again)
        thread.start()
        try:
            work()
        finally:
            self._stopped.set()
            thread.join()
        if self.error is not None:
            raise BenchError(f"a login meanwhile: {self.error}")
        return percentile(self.seconds, 50) * 1000

    def _log_in_again(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            began = time.perf_counter()
            try:
                self.portal.log_in()
            except (BenchError, OSError) as error:
                self.error = error
                return
            self.seconds.append(time.perf_counter() - began)


def run(
    folder: Path, people: int, registration: Registration, *, calm_seconds: float
) -> Iterator[Cost]:
    """Logins alone; first, same, 1 % changed; the COPY. Leaves the people in the database."""
    with own_provider(free_port()) as url:
        if Person.objects.filter(source=SOURCE).exists():
            raise BenchError("bench directory wants a database without a register")
        wire = Wire(url)
        try:
            _document, endpoints = discover(wire)
            logins = Logins(portal=Portal(wire, endpoints, registration))
            yield from _costs(folder, people, logins, calm_seconds)
        finally:
            wire.close()


def _costs(folder: Path, people: int, logins: Logins, calm_seconds: float) -> Iterator[Cost]:
    folder.mkdir(parents=True, exist_ok=True)
    first, later = folder / "register.txt", folder / "later.txt"
    for path, changed in ((first, "0"), (later, "1%")):
        _manage("make_register", "--people", str(people), "--changed", changed, "--output", path)
    rows = _rows(first)

    def calm() -> float:
        return logins.during(lambda: time.sleep(calm_seconds))

    before = calm()
    yield Cost(name="no import", seconds=calm_seconds, rows=0, login=before)
    with computing():
        beside = logins.during(lambda: time.sleep(calm_seconds))
    yield Cost(name="only computing", seconds=calm_seconds, rows=0, login=beside, calm=before)
    for name, path in (("first import", first), ("same file", first), ("1 % changed", later)):
        cost = _import(name, path, rows, logins)
        # A machine is faster or slower from minute to minute.
        after = calm()
        yield replace(cost, calm=(before + after) / 2)
        before = after
    if connection.vendor == "postgresql":
        yield _plain_copy(first, rows)


def _import(name: str, path: Path, rows: int, logins: Logins) -> Cost:
    most = 0

    def work() -> None:
        nonlocal most
        # As the operator's timer runs it.
        command = ["nice", "-n", "10", sys.executable, "manage.py", "import_register"]
        command += ["--test-identities", str(path)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            most = max(most, _memory(process.pid))
            # Looking costs the machine some time too.
            time.sleep(LOOK_SECONDS)
        if process.returncode:
            raise BenchError(f"{name}: import_register exits with {process.returncode}")

    started = time.monotonic()
    login = logins.during(work)
    seconds = time.monotonic() - started
    return Cost(name=name, seconds=seconds, rows=rows, megabytes=most / 1e6, login=login)


def _memory(pid: int) -> int:
    """Of a process and all that it started, as Linux counts it: shared pages by their share."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    (held,) = (line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(held) * 1024 + sum(_memory(int(child)) for child in children)


def _plain_copy(path: Path, rows: int) -> Cost:
    started = time.monotonic()
    with connection.cursor() as cursor, path.open("rb") as file:
        cursor.execute("CREATE TEMPORARY TABLE plain (line text)")
        # A line is one value: the delimiter is a byte that no register holds.
        statement = "COPY plain FROM STDIN (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')"
        with cursor.copy(statement) as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        cursor.execute("DROP TABLE plain")
    return Cost(name="plain COPY", seconds=time.monotonic() - started, rows=rows)


def _rows(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - 1


def _manage(*arguments: str | Path) -> None:
    command = [sys.executable, "manage.py", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
