"""A store that will not remove one object: a relay before the real one, for as long as a test wants it so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

REFUSAL = b"<Error><Code>AccessDenied</Code><Message>Not this one.</Message></Error>"
REFUSED = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nConnection: close\r\n"
    b"Content-Length: " + str(len(REFUSAL)).encode() + b"\r\n\r\n" + REFUSAL
)
PIECE = 1 << 16


@dataclass
class StubbornStore:
    """Passes everything on, but no request to remove the objects in `kept`, by name; `refused` counts those."""

    host: str
    port: int
    endpoint: str = ""
    kept: set[str] = field(default_factory=set)
    refused: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        from_store, to_store = await asyncio.open_connection(self.host, self.port)
        try:
            back = asyncio.create_task(_carry(from_store, writer))
            if await self._forward(reader, to_store):
                back.cancel()
                writer.write(REFUSED)
                await writer.drain()
            else:
                await back
        except OSError:
            pass  # one side is gone; the other learns it from the closing
        finally:
            to_store.close()
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, to_store: asyncio.StreamWriter) -> bool:
        """Carry requests on; true where one is to be refused. Only a removal has a name between these tags."""
        tail = b""
        while piece := await reader.read(PIECE):
            seen = tail + piece
            if any(f"<Key>{name}</Key>".encode() in seen for name in self.kept):
                self.refused += 1
                return True
            tail = seen[-200:]
            to_store.write(piece)
            await to_store.drain()
        to_store.write_eof()
        return False


@asynccontextmanager
async def stubborn(endpoint: str) -> AsyncIterator[StubbornStore]:
    """A relay before the store at `endpoint` (host and port); it keeps nothing until told what."""
    host, _, port = endpoint.rpartition(":")
    store = StubbornStore(host, int(port))
    server = await asyncio.start_server(store.serve, "127.0.0.1", 0)
    store.endpoint = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield store
    finally:
        server.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
