"""Which ports the demo needs, and whether they are free."""

import socket
from dataclasses import dataclass

from django.core.management.base import CommandError


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    number: int
    setting: str
    purpose: str


def is_free(number: int) -> bool:
    """True when this process could listen on the port of the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
    return True


def is_taken(number: int) -> bool:
    return not is_free(number)


def first_free(numbers: tuple[int, ...], *, setting: str, purpose: str) -> int:
    """The first free port of a list; none free → an error that names ports and setting."""
    for number in numbers:
        if is_free(number):
            return number
    raise CommandError(
        f"None of the ports {', '.join(map(str, numbers))} ({purpose}) is free. "
        f"Stop what uses one of them, or set {setting} to other ports."
    )


def require_free(ports: tuple[Port, ...]) -> None:
    """Every port that is taken is named with the setting that changes it."""
    taken = [port for port in ports if not is_free(port.number)]
    if taken:
        raise CommandError(
            "\n".join(
                f"Port {port.number} ({port.purpose}) is already in use. Stop what uses it, "
                f"or choose another one: {port.setting}={port.number + 1000} ./run demo"
                for port in taken
            )
        )
