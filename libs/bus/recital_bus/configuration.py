"""What the NATS server is told: who may connect, and the least each may do, derived from the event catalogue.

There is no default user and no default permission: who is not listed does not get in, what is not listed is denied.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recital_events import CATALOGUE, Event, services_of, subjects_produced_by

STREAM = "RECITAL"
PROVISIONER = "provisioner"

MEBIBYTE = 1024 * 1024
LOOPBACK = "127.0.0.1"

_PROVISIONING = (
    "$JS.API.INFO",
    f"$JS.API.STREAM.INFO.{STREAM}",
    f"$JS.API.STREAM.CREATE.{STREAM}",
    f"$JS.API.STREAM.UPDATE.{STREAM}",
    f"$JS.API.CONSUMER.INFO.{STREAM}.*",
    f"$JS.API.CONSUMER.DURABLE.CREATE.{STREAM}.*",
)


@dataclass(frozen=True, slots=True)
class Permissions:
    """The subjects a user may publish on and may subscribe to; all others are denied."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def inbox_of(user: str) -> str:
    """Return the prefix of a user's own answers; with a shared one, each could read what the others are told."""
    return f"_INBOX_{user}"


def permissions_of(user: str, *, catalogue: Mapping[str, type[Event]] = CATALOGUE) -> Permissions:
    """Return what a user needs and no more: a service, or the provisioner, who makes streams but publishes no event.

    Raises ValueError for a user the catalogue does not know.
    """
    inbox = (f"{inbox_of(user)}.>",)
    if user == PROVISIONER:
        return Permissions(publish=_PROVISIONING, subscribe=inbox)
    if user not in services_of(catalogue):
        raise ValueError(f"{user} neither publishes nor follows an event")
    own = (f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{user}", f"$JS.ACK.{STREAM}.{user}.>")
    return Permissions(publish=(*subjects_produced_by(user, catalogue=catalogue), *own), subscribe=inbox)


def server_configuration(
    users: Mapping[str, str],
    *,
    store_dir: Path,
    port: int,
    ports_dir: Path | None = None,
    monitor_port: int | None = None,
    store_bytes: int = 8192 * MEBIBYTE,
) -> str:
    """Return a nats.conf for one server on the loopback address.

    `users` are public keys by name: services of the catalogue, and "provisioner". With port -1 the server takes a free
    one and writes it in `ports_dir`. The monitor is off without a port, and on the loopback address with one. Every
    message is synced to disk before it is acknowledged: the default of two minutes loses what it said it had.
    """
    lines = [
        'server_name: "recital"',
        f"listen: {_quoted(f'{LOOPBACK}:{port}')}",
        "max_payload: 1MB",
        "jetstream {",
        f"  store_dir: {_quoted(store_dir)}",
        "  sync_interval: always",
        "  max_mem: 64MB",
        f"  max_file: {store_bytes}",
        "}",
    ]
    if ports_dir is not None:
        lines.append(f"ports_file_dir: {_quoted(ports_dir)}")
    if monitor_port is not None:
        lines.append(f"http: {_quoted(f'{LOOPBACK}:{monitor_port}')}")
    lines += ["authorization {", "  users: [", *(_user(name, key) for name, key in sorted(users.items())), "  ]", "}"]
    return "\n".join(lines) + "\n"


def _user(name: str, public_key: str) -> str:
    may = permissions_of(name)
    publish, subscribe = (", ".join(_quoted(subject) for subject in each) for each in (may.publish, may.subscribe))
    allowed = f"publish: {{ allow: [{publish}] }}, subscribe: {{ allow: [{subscribe}] }}"
    return f"    {{ nkey: {_quoted(public_key)}, permissions: {{ {allowed} }} }}"


def _quoted(value: str | Path) -> str:
    text = str(value)
    if not text.isprintable() or '"' in text or "\\" in text:
        raise ValueError(f"{text!r} cannot stand in a server configuration")
    return json.dumps(text, ensure_ascii=False)
