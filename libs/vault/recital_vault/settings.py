"""Where the two stores behind the vault are and how long to wait for them; secrets are named by file, never held."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["KeyStoreSettings", "ObjectStoreSettings"]


@dataclass(frozen=True, slots=True)
class ObjectStoreSettings:
    """An S3 endpoint (`host:port`), one bucket, and the patience with it; all times in seconds.

    `patience` bounds one operation with all its `attempts`, `read_timeout` one wait for the socket. Six attempts on a
    store that is down end after about 2.5 seconds.
    """

    endpoint: str
    access_key_file: Path
    secret_key_file: Path
    bucket: str
    secure: bool = True
    region: str = "us-east-1"
    authorities_file: Path | None = None
    canary: str = "canary/ready"
    connections: int = 32
    connect_timeout: float = 2.0
    read_timeout: float = 10.0
    attempts: int = 6
    patience: float = 30.0


@dataclass(frozen=True, slots=True)
class KeyStoreSettings:
    """The database `keys`, one service's schema in it and that schema's login role; all times in seconds."""

    host: str
    port: int
    user: str
    password_file: Path
    schema: str
    database: str = "keys"
    connections: int = 8
    verify_tls: bool = False
    """Only a server whose certificate can be trusted, under the name it is asked by."""
    connect_timeout: float = 3.0
    command_timeout: float = 5.0
