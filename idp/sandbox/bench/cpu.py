"""CPU time of the processes that listen on a port of this machine (Linux: /proc)."""

import os
from pathlib import Path

_PROC = Path("/proc")
_LISTENING = "0A"


class CpuClock:
    """User and system time of the server's processes; None where they cannot be seen."""

    def __init__(self, port: int) -> None:
        inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
        self.processes = [pid for pid in _pids() if inodes and inodes & _sockets_of(pid)]

    def seconds(self) -> float | None:
        """The sum so far, in steps of 10 ms."""
        ticks = [_ticks(pid) for pid in self.processes]
        known = [spent for spent in ticks if spent is not None]
        return sum(known) / os.sysconf("SC_CLK_TCK") if known else None


def _listening_inodes(port: int) -> set[str]:
    wanted, found = f":{port:04X}", set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[1].endswith(wanted) and fields[3] == _LISTENING:
                found.add(fields[9])
    return found


def _pids() -> list[int]:
    if not _PROC.is_dir():
        return []
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def _sockets_of(pid: int) -> set[str]:
    """Empty where the process is gone, or another user's."""
    found = set()
    try:
        for entry in (_PROC / str(pid) / "fd").iterdir():
            try:
                found.add(str(entry.readlink()))
            except OSError:
                continue
    except OSError:
        return set()
    return found


def _ticks(pid: int) -> int | None:
    try:
        after_name = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # proc(5): utime and stime are fields 14 and 15; the name, field 2, may hold spaces.
    return int(after_name[11]) + int(after_name[12])
