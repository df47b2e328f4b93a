"""The mail catcher as a server of the house: a real SMTP server that keeps what it is sent and shows it over HTTP."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recital_testing.files import private_folder
from recital_testing.loopback import loopback_client
from recital_testing.ports import LOOPBACK
from recital_testing.processes import Process
from recital_testing.waiting import eventually


@dataclass(slots=True)
class Mail:
    """One catcher in `folder`; mails stay in it as files."""

    folder: Path
    port: int
    view_port: int
    process: Process

    @classmethod
    def in_folder(cls, folder: Path, *, port: int, view_port: int) -> "Mail":
        """Describe the catcher of a folder; nothing is made or started."""
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "recital_testing.mail_catcher",
            folder / "mails",
            str(port),
            str(view_port),
        ]
        return cls(folder, port, view_port, Process("mail", folder, command))

    @property
    def host(self) -> str:
        """Where SMTP is spoken."""
        return LOOPBACK

    @property
    def view(self) -> str:
        """Where what was caught is shown."""
        return f"http://{LOOPBACK}:{self.view_port}"

    async def start(self, *, guarded: bool = True) -> None:
        """Start it and return when it greets; raises HouseError when it does not."""
        private_folder(self.folder)
        self.process.start(guarded=guarded)
        await self.process.until(self._greets, within=30.0)

    async def stop(self) -> None:
        """Stop it; the mails stay on disk."""
        await self.process.stop()

    async def kill(self) -> None:
        """End it as a crash would."""
        await self.process.kill()

    async def mails(self, to: str | None = None) -> list[dict[str, Any]]:
        """Return the mails caught so far, oldest first; those to one address on demand."""
        async with loopback_client() as client:
            caught: list[dict[str, Any]] = (await client.get(f"{self.view}/mails")).json()
        return [each for each in caught if to is None or to in each["to"]]

    async def mail(self, to: str, containing: str = "", *, within: float = 20.0) -> dict[str, Any]:
        """Wait for the newest mail to an address whose subject or text contains something."""

        async def come() -> dict[str, Any] | None:
            found = [each for each in await self.mails(to) if containing in f"{each['subject']}\n{each['text']}"]
            return found[-1] if found else None

        return await eventually(come, within=within, what=f"a mail to {to} comes")

    async def _greets(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        except OSError:
            return False
        try:
            return (await reader.readline()).startswith(b"220 ")
        finally:
            writer.close()
