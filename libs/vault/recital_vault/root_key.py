"""The root key: it wraps the tenants' keys and nothing else. Here the one from a file, read anew at each use.

A wrapped key names the root key it was wrapped with, so that a wrong root key is told from a damaged row, and one that
was retired still opens what it wrapped.
"""

import asyncio
import hashlib
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from recital_errors import Unavailable

from recital_vault.broken import SealBroken
from recital_vault.small import KEY_SIZE, open_small, seal_small

__all__ = ["FileRootKey", "RootKey"]

_NAME_SIZE = 8


class RootKey(Protocol):
    """What every provider of a root key does, alike: see tests/test_root_keys.py."""

    async def wrap(self, secret: bytes, context: bytes) -> bytes:
        """`secret` wrapped by the newest key to `context`; raises Unavailable `root_key_unavailable`."""
        ...

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The secret, also of a key that was retired.

        Raises Unavailable `root_key_unavailable` or `root_key_differs`, SealBroken for a damaged row.
        """
        ...

    async def is_newest(self, wrapped: bytes) -> bool:
        """Whether the newest key wrapped it; raises Unavailable `root_key_unavailable`."""
        ...

    async def ping(self) -> None:
        """Raises Unavailable `root_key_unavailable` when there is no root key to use."""
        ...


class FileRootKey:
    """32 random bytes in a file that not everyone may read. Tenant keys are cached, so the file is read seldom."""

    def __init__(self, path: Path, *, retired: Sequence[Path] = ()) -> None:
        """Opens nothing. `retired` are the files of keys that wrap no more and still unwrap."""
        self._path = path
        self._retired = tuple(retired)

    async def wrap(self, secret: bytes, context: bytes) -> bytes:
        """`secret` wrapped to `context` (which key, whose); raises Unavailable `root_key_unavailable`."""
        key = await self._key(self._path)
        return _name_of(key) + seal_small(key, secret, b"root|" + context)

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The secret; raises Unavailable `root_key_unavailable` or `root_key_differs`, SealBroken for a damaged row."""
        if len(wrapped) <= _NAME_SIZE:
            raise SealBroken
        for path in (self._path, *self._retired):
            key = await self._key(path)
            if wrapped[:_NAME_SIZE] == _name_of(key):
                return open_small(key, wrapped[_NAME_SIZE:], b"root|" + context)
        raise Unavailable("root_key_differs", "This key was wrapped with another root key.")

    async def is_newest(self, wrapped: bytes) -> bool:
        """Whether the newest key wrapped it; raises Unavailable `root_key_unavailable`."""
        return wrapped[:_NAME_SIZE] == _name_of(await self._key(self._path))

    async def ping(self) -> None:
        """Raises Unavailable `root_key_unavailable` when there is no root key to read."""
        await self._key(self._path)

    async def _key(self, path: Path) -> bytes:
        try:
            key = await asyncio.to_thread(_read, path)
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
