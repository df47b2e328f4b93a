"""The control ledger: erasures and holds as small numbered objects outside the databases' own backups.

Retention appends, all services read. Entries hold ids only and are not sealed: they must be readable when every key
and every database is older than they are.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from recital_errors import Conflict

from recital_vault.broken import SealBroken
from recital_vault.object_store import ObjectStore

__all__ = ["ControlLedger"]

_PREFIX = "control/"
_AT_ONCE = 16


class ControlLedger:
    """Entries numbered from 1 without a gap; the one who appends takes the numbers from its own database."""

    def __init__(self, objects: ObjectStore) -> None:
        """Asks nothing yet."""
        self._objects = objects

    async def append(self, sequence: int, entry: Mapping[str, Any]) -> None:
        """Writes entry `sequence`; durable on return. The same entry again is no error.

        Raises Conflict `control_sequence_taken` when another entry has that number: the database that gave it out is
        older than the ledger.
        """
        if sequence < 1:
            raise ValueError("control entries are numbered from 1")
        data = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        try:
            await self._objects.put_new(_object_key(sequence), data)
        except Conflict:
            present = await self._objects.read(_object_key(sequence))
        else:
            return
        if present != data:
            raise Conflict("control_sequence_taken", "Another control entry has this number.")

    async def read_after(self, sequence: int, *, limit: int | None = None) -> list[tuple[int, dict[str, Any]]]:
        """The entries after `sequence` in order, up to the first number that is not there yet.

        Whoever stores the highest number applied can therefore never step over an entry that is still being written.
        """
        numbers = await self._numbers_after(sequence, limit)
        entries: list[tuple[int, dict[str, Any]]] = []
        for start in range(0, len(numbers), _AT_ONCE):
            batch = numbers[start : start + _AT_ONCE]
            read = await asyncio.gather(*(self._entry(number) for number in batch))
            entries.extend(zip(batch, read, strict=True))
        return entries

    async def head(self, after: int = 0) -> int:
        """The number of the last entry that `read_after` would give, 0 without any; `after` is one known to exist."""
        numbers = await self._numbers_after(after, None)
        return numbers[-1] if numbers else after

    async def _numbers_after(self, sequence: int, limit: int | None) -> list[int]:
        keys = await self._objects.list_keys(_PREFIX, after=_object_key(sequence), limit=limit)
        expected = range(sequence + 1, sequence + 1 + len(keys))
        return [number for number, key in zip(expected, keys, strict=True) if key == _object_key(number)]

    async def _entry(self, sequence: int) -> dict[str, Any]:
        data = await self._objects.read(_object_key(sequence))
        try:
            entry = json.loads(data)
        except ValueError as error:
            raise SealBroken("control_entry_broken", "A control entry is not JSON.") from error
        if not isinstance(entry, dict):
            raise SealBroken("control_entry_broken", "A control entry is not a JSON object.")
        return entry


def _object_key(sequence: int) -> str:
    return f"{_PREFIX}{sequence:020d}"
