"""The real servers from wheels: PostgreSQL, NATS, an S3 store, a mail catcher; each started, proved ready, stopped."""

from dataclasses import dataclass

from recital_testing.servers.mail import Mail
from recital_testing.servers.nats import Nats
from recital_testing.servers.objects import Objects
from recital_testing.servers.postgres import Postgres

__all__ = ["Mail", "Nats", "Objects", "Postgres", "Servers"]


@dataclass(frozen=True, slots=True)
class Servers:
    """The four together."""

    postgres: Postgres
    nats: Nats
    objects: Objects
    mail: Mail
