"""A `pcscd` of the tests' own, with one virtual reader of two slots; see `vpcd` for the cards.

In a mount namespace of its own the daemon sees another /run and no driver but vpcd's: it neither
meets the machine's own pcscd nor a real reader, where the tests' wrong PINs would lock a real
card.  Programs reach it by PCSCLITE_CSOCK_NAME.  Where such a namespace is refused (a container
without privileges), it is the machine's pcscd, provided that there is no other and no USB reader.
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from tests.emulators.vpcd import Slot, SmartCard

PROGRAM = Path("/usr/sbin/pcscd")
DRIVERS = Path("/usr/lib/pcsc/drivers")
DRIVER = DRIVERS / "serial" / "libifdvpcd.so"
SYSTEM_RUN = Path("/run")
NAMESPACES = (("unshare", "--mount"), ("unshare", "--mount", "--map-root-user"))
# The mounts last as long as the daemon; it dies with whoever started it.
LEASH = ("setpriv", "--pdeathsig", "TERM")
START = (
    'mount --bind "$1" /run && mount --bind "$2" "$3" && '
    f'exec {" ".join(LEASH)} "$4" --foreground --config "$5"'
)
PORTS = range(25100, 26000, 2)
START_SECONDS = 15.0
NOTICED_SECONDS = 20.0
LISTED = re.compile(r"^(\d+)\s+(Yes|No)\b", re.MULTILINE)
SMART_CARD_INTERFACE = "0b"


class PcscdError(RuntimeError):
    """The daemon cannot be had; the message says what to do."""


@dataclass(slots=True)
class Pcscd:
    """The daemon, started by `start`; its data lies in `folder`, whose path must be short."""

    folder: Path
    port: int = field(init=False)
    slots: tuple[Slot, Slot] = field(init=False)
    _namespace: tuple[str, ...] | None = field(init=False)
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        for name in ("run", "no-drivers", "readers"):
            (self.folder / name).mkdir()
        if not DRIVER.exists() or not PROGRAM.exists():
            raise PcscdError("needed: apt-get install pcscd vsmartcard-vpcd (./run test does it)")
        shutil.copy(DRIVER, self.folder / DRIVER.name)
        self._namespace = _find_namespace()
        self.port = _free_ports()
        self.slots = (Slot(self.port), Slot(self.port + 1))

    @property
    def socket_path(self) -> Path:
        """Where the daemon listens."""
        return self._run / "pcscd" / "pcscd.comm"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to use this daemon's readers."""
        return {"PCSCLITE_CSOCK_NAME": str(self.socket_path)}

    @property
    def _run(self) -> Path:
        return SYSTEM_RUN if self._namespace is None else self.folder / "run"

    @contextmanager
    def running(self) -> "Iterator[Pcscd]":
        """The daemon for the length of one test, which may stop and start it meanwhile."""
        with nullcontext() if self._namespace else _turn():
            try:
                self.start()
                yield self
            finally:
                for slot in self.slots:
                    slot.eject()
                self.stop()

    def start(self, *, readers: bool = True) -> None:
        """Start the daemon; returns once it answers. Without `readers` none is plugged in."""
        configuration = self.folder / "readers" / "vpcd"
        configuration.write_text(_configuration(self) if readers else "")
        if self._namespace is None:
            _refuse_to_disturb(self.socket_path)
            command = [*LEASH, str(PROGRAM), "--foreground", "--config", str(configuration.parent)]
        else:
            self._clean()
            empty = self.folder / "no-drivers"
            paths = (self._run, empty, DRIVERS, PROGRAM, configuration.parent)
            command = [*self._namespace, "sh", "-c", START, "sh", *map(str, paths)]
        with (self.folder / "pcscd.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self._await_answer()

    def stop(self) -> None:
        """Stop it as a service manager does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)
        if self._namespace is None:
            # What a crash leaves behind; a new daemon of the machine would clear it as well.
            self.socket_path.unlink(missing_ok=True)

    def insert(self, card: SmartCard, *, slot: int = 0) -> None:
        """Push a card in; returns once the daemon tells its programs of it."""
        self.slots[slot].insert(card)
        self._await_card(slot, present=True)

    def eject(self, *, slot: int = 0) -> None:
        """Pull the card; returns once the daemon tells its programs that it is gone.

        A card put in before that could pass for the first one: a real reader is not that quick.
        """
        self.slots[slot].eject()
        self._await_card(slot, present=False)

    def _await_card(self, slot: int, *, present: bool) -> None:
        deadline = time.monotonic() + NOTICED_SECONDS
        while self._process is not None and self._presence().get(slot) is not present:
            assert time.monotonic() < deadline, f"slot {slot}: the daemon did not notice"
            time.sleep(0.02)

    def _presence(self) -> dict[int, bool]:
        """Which slots hold a card, as a program of the daemon sees it without touching the card."""
        listing = subprocess.run(
            ["opensc-tool", "--list-readers"],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=NOTICED_SECONDS,
        ).stdout
        return {int(slot): found == "Yes" for slot, found in LISTED.findall(listing)}

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=START_SECONDS)
            self._process = None

    def _clean(self) -> None:
        shutil.rmtree(self._run / "pcscd", ignore_errors=True)

    def _await_answer(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while not _answers(self.socket_path):
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = (self.folder / "pcscd.log").read_text("utf-8", "replace")
                raise PcscdError(f"pcscd did not start:\n{log}")
            time.sleep(0.02)


@contextmanager
def _turn() -> Iterator[None]:
    """Let tests side by side take turns, where they cannot have a daemon each."""
    with Path(tempfile.gettempdir(), f"hygie-tests-pcscd-{os.getuid()}").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _configuration(daemon: Pcscd) -> str:
    """reader.conf(5): one reader; its driver opens two slots, on this port and the next."""
    return (
        'FRIENDLYNAME "Lecteur virtuel"\n'
        f"DEVICENAME /dev/null:{daemon.port:#x}\n"
        f"LIBPATH {daemon.folder / DRIVER.name}\n"
        f"CHANNELID {daemon.port:#x}\n"
    )


def _find_namespace() -> tuple[str, ...] | None:
    """Return the command that makes a mount namespace here, None where the system refuses."""
    if shutil.which("unshare") is None:
        return None
    for command in NAMESPACES:
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return None


def _free_ports() -> int:
    """Return the first of two free ports; two test processes start to look at different ones."""
    start = os.getpid() % len(PORTS)
    candidates: list[int] = [*PORTS[start:], *PORTS[:start]]
    for port in candidates:
        if all(_is_free(each) for each in (port, port + 1)):
            return port
    raise PcscdError(f"no two free ports in {PORTS.start}-{PORTS.stop}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            # As vpcd does: it listens on every address.
            probe.bind(("", port))
        except OSError:
            return False
        return True


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def _refuse_to_disturb(path: Path) -> None:
    if _answers(path):
        raise PcscdError(
            "a pcscd runs here, and no mount namespace can be made for one beside it: stop it "
            "(systemctl stop pcscd.socket pcscd) or let unshare(1) work, then run the tests again"
        )
    if readers := list(_usb_readers()):
        raise PcscdError(f"unplug the card readers first: wrong PINs are tried ({readers})")


def _usb_readers() -> Iterator[str]:
    for interface in Path("/sys/bus/usb/devices").glob("*/bInterfaceClass"):
        if interface.read_text("ascii").strip() == SMART_CARD_INTERFACE:
            yield interface.parent.name
