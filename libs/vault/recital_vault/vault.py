"""The one door to keys and objects that a service holds: seals, opens, indexes, and knows the control ledger.

Everything is kept sealed, and the keys lie apart (R24). What is sealed for whom, and when a key dies, is the services'
to decide.
"""

from uuid import UUID

from recital_vault.control import ControlLedger
from recital_vault.key_store import DataKey, KeyStore
from recital_vault.object_store import ObjectStore
from recital_vault.sealed_reader import SealedReader
from recital_vault.sealed_writer import SealedWriter, UploadStarted
from recital_vault.sealing import Seal
from recital_vault.small import blind_index, open_small, seal_small
from recital_vault.threads import Threads

__all__ = ["Vault"]

_SEALING_THREADS = 4


class Vault:
    """Keys and objects together. `keys`, `objects` and `control` are the rooms behind it, for what needs them bare."""

    def __init__(self, keys: KeyStore, objects: ObjectStore) -> None:
        """Takes over both: `close` closes them."""
        self.keys = keys
        self.objects = objects
        self.control = ControlLedger(objects)
        self._threads = Threads(_SEALING_THREADS, "sealing")

    def close(self) -> None:
        """Closes the stores and forgets every key."""
        self.keys.close()
        self.objects.close()
        self._threads.close()

    async def seal_small(self, tenant: UUID, key_id: UUID, plaintext: bytes, context: bytes) -> bytes:
        """`plaintext` (a name, a number, a note) sealed for a column; `context` says which one: `b"identity.number"`.

        Raises NotFound `key_destroyed`, Unavailable.
        """
        return seal_small(await self.keys.key(tenant, key_id), plaintext, _bound(tenant, key_id, context))

    async def open_small(self, tenant: UUID, key_id: UUID, sealed: bytes, context: bytes) -> bytes:
        """The plaintext; raises NotFound `key_destroyed`, SealBroken when moved or damaged, Unavailable.

        For a list, ask `keys.several` for all its keys first: one question instead of one each.
        """
        return open_small(await self.keys.key(tenant, key_id), sealed, _bound(tenant, key_id, context))

    async def blind_index(self, tenant: UUID, index_key_id: UUID, value: str) -> bytes:
        """32 bytes to find `value` by (HMAC-SHA256 under the tenant's index key); normalise `value` first."""
        return blind_index(await self.keys.key(tenant, index_key_id), value)

    def writer(
        self,
        tenant: UUID,
        owner: UUID,
        part: int,
        object_key: str,
        key: DataKey,
        *,
        on_upload: UploadStarted | None = None,
    ) -> SealedWriter:
        """A writer of one new object: part `part` (a track number) of `owner`, under a fresh object key.

        `on_upload` is awaited with the upload's id before the first part is sent: commit it there.
        """
        seal = Seal(key.secret, tenant=tenant, owner=owner, part=part, object_key=object_key)
        return SealedWriter(self.objects, seal, object_key, threads=self._threads, on_upload=on_upload)

    def reader(self, tenant: UUID, owner: UUID, part: int, object_key: str, key_id: UUID, *, size: int) -> SealedReader:
        """A reader of the object that `writer` made with the same arguments; `size` is what `finish` told.

        The key is asked for anew as reading goes on, so that even a long reading ends when the key is destroyed.
        """
        held: tuple[bytes, Seal] | None = None

        async def seal() -> Seal:
            nonlocal held
            secret = await self.keys.key(tenant, key_id)
            if held is None or held[0] != secret:
                held = (secret, Seal(secret, tenant=tenant, owner=owner, part=part, object_key=object_key))
            return held[1]

        return SealedReader(self.objects, seal, object_key, size=size, threads=self._threads)


def _bound(tenant: UUID, key_id: UUID, context: bytes) -> bytes:
    return b"value|" + tenant.bytes + key_id.bytes + context
