"""What an import of the register costs: the first one, the same file again, a later file.

In the database of `DATABASE_URL`, which must hold nobody. Each import is a process of its own.
Beside it, on PostgreSQL, a plain COPY of the same bytes: the limit.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from idp.directory.models import Person
from idp.sandbox.bench.load import BenchError


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """An import: seconds, rows a second, and the most memory all its processes held, in MB."""

    name: str
    seconds: float
    rows: int
    megabytes: float | None = None


def run(folder: Path, people: int) -> Iterator[Cost]:
    """First, same, 1 % changed, and the COPY. Leaves the people in the database."""
    if Person.objects.exists():
        raise BenchError("bench directory wants a database without people")
    folder.mkdir(parents=True, exist_ok=True)
    first, later = folder / "register.txt", folder / "later.txt"
    for path, changed in ((first, "0"), (later, "1%")):
        _manage("make_register", "--people", str(people), "--changed", changed, "--output", path)
    rows = _rows(first)
    for name, path in (("first import", first), ("same file", first), ("1 % changed", later)):
        yield _import(name, path, rows)
    if connection.vendor == "postgresql":
        yield _plain_copy(first, rows)


def _import(name: str, path: Path, rows: int) -> Cost:
    started = time.monotonic()
    command = [sys.executable, "manage.py", "import_register", "--test-identities", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        most = max(most, _memory(process.pid))
        time.sleep(0.1)
    if process.returncode:
        raise BenchError(f"{name}: import_register exits with {process.returncode}")
    return Cost(name=name, seconds=time.monotonic() - started, rows=rows, megabytes=most / 1e6)


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
