"""Which ports the demo needs, and whether they are free."""

import errno
import socket
from dataclasses import dataclass

from django.core.management.base import CommandError


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    number: int
    setting: str
    purpose: str


def bridge_port(number: int) -> Port:
    return Port(number=number, setting="HYGIE_BRIDGE_PORTS", purpose="the card bridge")


# A browser takes `localhost` for either, IPv6 first.
_LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def is_free(number: int) -> bool:
    """True when nobody listens on the port of the loopback interface, and this process could."""
    return all(_could_listen(family, host, number) for family, host in _LOOPBACKS)


def _could_listen(family: socket.AddressFamily, host: str, number: int) -> bool:
    try:
        probe = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        # This machine has no IPv6: nobody can be there.
        return True
    with probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            return error.errno == errno.EADDRNOTAVAIL
    return True


def is_taken(number: int) -> bool:
    return not is_free(number)


def first_free(ports: tuple[Port, ...]) -> int:
    """The first free port of a list; none free → an error that names ports and setting."""
    for port in ports:
        if is_free(port.number):
            return port.number
    raise CommandError(
        f"None of the ports {', '.join(str(port.number) for port in ports)} ({ports[0].purpose}) "
        f"is free. Stop what uses one of them, or set {ports[0].setting} to other ports."
    )


def require_distinct(ports: tuple[Port, ...]) -> None:
    """Two settings that name one port: each could be free, and both together are not."""
    by_number: dict[int, Port] = {}
    for port in ports:
        other = by_number.setdefault(port.number, port)
        if other is not port:
            raise CommandError(
                f"{other.setting} and {port.setting} both say {port.number}: "
                f"{other.purpose} and {port.purpose} need a port each."
                if other.setting != port.setting
                else f"{port.setting} says {port.number} twice."
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
