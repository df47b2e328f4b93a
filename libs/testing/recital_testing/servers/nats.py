"""NATS with JetStream from the wheel: a user per service with the least it may do, every message synced to disk."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recital_bus import PROVISIONER, new_user, server_configuration

from recital_testing.files import private_folder, secret_file
from recital_testing.ports import LOOPBACK
from recital_testing.processes import Process

BINARY = Path(sys.executable).with_name("nats-server")


@dataclass(slots=True)
class Nats:
    """One server in `folder`, on `port` of the loopback address; `users` get a seed file each."""

    folder: Path
    port: int
    users: tuple[str, ...]
    process: Process

    @classmethod
    def in_folder(cls, folder: Path, *, port: int, users: tuple[str, ...]) -> "Nats":
        """Describe the server of a folder; nothing is made or started."""
        process = Process("nats", folder, [BINARY, "-c", folder / "nats.conf"])
        return cls(folder=folder, port=port, users=(PROVISIONER, *users), process=process)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{LOOPBACK}:{self.port}"

    def seed_file(self, user: str) -> Path:
        """Return the secret of a user: a service, or the provisioner."""
        return self.folder / "seeds" / f"{user}.seed"

    async def start(self, *, guarded: bool = True) -> None:
        """Write its configuration, start it, and return when it answers; raises HouseError when it does not."""
        self._configure()
        self.process.start(guarded=guarded)
        await self.process.until(self._answers, within=30.0)

    async def stop(self) -> None:
        """Stop it; the streams stay on disk."""
        await self.process.stop()

    async def kill(self) -> None:
        """End it as a crash would."""
        await self.process.kill()

    def _configure(self) -> None:
        private_folder(self.folder)
        text = server_configuration(self._public_keys(), store_dir=self.folder / "store", port=self.port)
        secret_file(self.folder / "nats.conf", text)

    def _public_keys(self) -> Mapping[str, str]:
        return {user: self._public_key(user) for user in self.users}

    def _public_key(self, user: str) -> str:
        known = self.folder / "seeds" / f"{user}.public"
        if not known.exists():
            seed, public = new_user()
            secret_file(self.seed_file(user), seed)
            secret_file(known, public)
        return known.read_text().strip()

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        except OSError:
            return False
        try:
            return (await reader.readline()).startswith(b"INFO ")
        finally:
            writer.close()
