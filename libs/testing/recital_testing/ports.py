"""Ports on the loopback address: chosen free, or counted from one setting; a used port is named, with who wants it."""

import secrets
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from recital_testing.failures import HouseError

LOOPBACK = "127.0.0.1"
# With the 10,000 that SeaweedFS adds still below the range (from 32,768) from which the system takes outgoing ports, so
# that none is taken between choosing and listening.
LOWEST, HIGHEST = 12_000, 22_000

# The object store's. The gRPC port of its administration is not listed: SeaweedFS's worker finds it at 10,000 above.
OBJECT_PORTS = (
    "objects",
    "objects_s3_grpc",
    "objects_master",
    "objects_master_grpc",
    "objects_volume",
    "objects_volume_grpc",
    "objects_filer",
    "objects_filer_grpc",
    "objects_admin",
)


MAIL_PORTS = ("mail", "mail_view")


def choose_ports(names: Sequence[str], *, first: int | None = None) -> dict[str, int]:
    """Return a port per name: free ones, or `first`, `first + 1`, ... in the order of the names."""
    if first is not None:
        return {name: first + place for place, name in enumerate(names)}
    with ExitStack() as held:
        return {name: _free(held) for name in names}


def require_free(ports: Mapping[str, int]) -> None:
    """Raise HouseError, naming the port and what it was meant for, when something listens on one of them."""
    used = [f"{port} ({name})" for name, port in ports.items() if not _can_listen(port)]
    if used:
        raise HouseError(
            f"port {', '.join(used)} on {LOOPBACK} is in use by another program. Stop that program, or set "
            "RECITAL_PORT to the first of a row of free ports, or RECITAL_PORT=0 to have free ones chosen."
        )


def _free(held: ExitStack) -> int:
    while True:
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        taken = socket.socket()
        try:
            taken.bind((LOOPBACK, port))
        except OSError:
            taken.close()
            continue
        held.enter_context(taken)  # until all are chosen, so that none is chosen twice
        return port


def _can_listen(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
