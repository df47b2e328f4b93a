"""Senders of JSON requests in threads of one process, each on a connection that it keeps."""

import asyncio
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

SENDERS = 8


class Posting:
    """Sends bodies to one address. The plainest client there is: what it computes counts on both sides alike."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        """Nothing is connected yet."""
        split = urlsplit(url)
        self._host, self._port, self._path = str(split.hostname), split.port, split.path
        self._headers = {"Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._threads = ThreadPoolExecutor(SENDERS)

    async def rate(self, bodies: Sequence[Any]) -> float:
        """Send all bodies, and return requests a second."""
        ready = [json.dumps(each).encode() for each in bodies]
        loop = asyncio.get_running_loop()
        started = time.perf_counter()
        await asyncio.gather(
            *(loop.run_in_executor(self._threads, self._send, ready[first::SENDERS]) for first in range(SENDERS))
        )
        return len(ready) / (time.perf_counter() - started)

    def _send(self, bodies: Sequence[bytes]) -> None:
        # One connection a round: between rounds a server may close what is idle.
        connection = HTTPConnection(self._host, self._port)
        for body in bodies:
            connection.request("POST", self._path, body, self._headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status not in (200, 201):
                raise RuntimeError(f"{answer.status}: {said[:300]!r}")
        connection.close()
