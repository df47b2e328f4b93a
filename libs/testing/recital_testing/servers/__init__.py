"""The real servers from wheels: PostgreSQL, NATS with JetStream, an S3 store; each started, proved ready, stopped."""

from dataclasses import dataclass

from recital_testing.servers.nats import Nats
from recital_testing.servers.objects import Objects
from recital_testing.servers.postgres import Postgres

__all__ = ["Nats", "Objects", "Postgres", "Servers"]


@dataclass(frozen=True, slots=True)
class Servers:
    """The three together."""

    postgres: Postgres
    nats: Nats
    objects: Objects
