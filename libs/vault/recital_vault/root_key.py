"""The root key from a file: it wraps the tenants' keys and nothing else, and is read anew at each use.

A wrapped key names the root key it was wrapped with, so that a wrong root key is told from a damaged row.
"""

import asyncio
import hashlib
import stat
from pathlib import Path

from recital_errors import Unavailable

from recital_vault.broken import SealBroken
from recital_vault.small import KEY_SIZE, open_small, seal_small

__all__ = ["FileRootKey"]

_NAME_SIZE = 8


class FileRootKey:
    """32 random bytes in a file that not everyone may read. Tenant keys are cached, so the file is read seldom."""

    def __init__(self, path: Path) -> None:
        """Opens nothing."""
        self._path = path

    async def wrap(self, secret: bytes, context: bytes) -> bytes:
        """`secret` wrapped to `context` (which key, whose); raises Unavailable `root_key_unavailable`."""
        key = await self._key()
        return _name_of(key) + seal_small(key, secret, b"root|" + context)

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The secret; raises Unavailable `root_key_unavailable` or `root_key_differs`, SealBroken for a damaged row."""
        key = await self._key()
        if len(wrapped) <= _NAME_SIZE:
            raise SealBroken
        if wrapped[:_NAME_SIZE] != _name_of(key):
            raise Unavailable("root_key_differs", "This key was wrapped with another root key.")
        return open_small(key, wrapped[_NAME_SIZE:], b"root|" + context)

    async def ping(self) -> None:
        """Raises Unavailable `root_key_unavailable` when there is no root key to read."""
        await self._key()

    async def _key(self) -> bytes:
        try:
            key = await asyncio.to_thread(_read, self._path)
        except OSError as error:
            raise Unavailable("root_key_unavailable", "The root key cannot be read.") from error
        if key is None or len(key) != KEY_SIZE:
            raise Unavailable("root_key_unavailable", "The root key's file is open to everyone or not 32 bytes long.")
        return key


def _read(path: Path) -> bytes | None:
    if path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        return None
    return path.read_bytes()


def _name_of(key: bytes) -> bytes:
    return hashlib.sha256(b"recital root key name v1|" + key).digest()[:_NAME_SIZE]
