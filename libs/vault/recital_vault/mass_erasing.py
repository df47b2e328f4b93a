"""Many objects erased together: found by listing from one name to the next, removed a few hundred at once.

Blocking; `ObjectStore.erase_all` calls each step from a thread. What the last look finds is left, and told.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator
from os.path import commonprefix

from minio.datatypes import Object
from minio.deleteobjects import DeleteObject

from recital_vault.persistence import CorruptedError
from recital_vault.store_client import StoreClient

__all__ = ["MassErasing"]

# A listing of neighbours is asked for as many as are wanted, and for fewer where most of them are others' objects.
_FEWEST, _MOST = 8, 1_000
_SPARSE = 4
# So many at a time are removed well within one wait for the socket, by the slowest store there is.
_REMOVED_AT_ONCE = 250


class MassErasing:
    """Objects of one bucket that are to leave no version, no delete marker and no open upload."""

    def __init__(self, client: StoreClient, bucket: str, object_keys: Collection[str]) -> None:
        """Asks nothing yet."""
        self._client, self._bucket = client, bucket
        self._keys = sorted(set(object_keys))
        # A user may list what lies under its own name only.
        self._prefix = commonprefix(self._keys)  # noqa: RUF071 - of the names, whatever a slash is
        self._wanted = frozenset(self._keys)

    def abort(self) -> None:
        """Ends every open upload of theirs."""
        for object_key, upload_id in self._uploads():
            self._client.abort_upload(self._bucket, object_key, upload_id)

    def remove_some(self) -> bool:
        """Removes the versions and delete markers that a listing finds; whether the store gave up any.

        What a store refuses to remove is no error here: `left` finds it.
        """
        doomed = [DeleteObject(found.object_name or "", found.version_id) for found in self._listed(versions=True)]
        refused = 0
        for start in range(0, len(doomed), _REMOVED_AT_ONCE):
            errors = self._client.remove_objects(self._bucket, doomed[start : start + _REMOVED_AT_ONCE])
            refused += sum(1 for _ in errors)
        return len(doomed) > refused

    def left(self) -> frozenset[str]:
        """Those of which there is a version, a delete marker, an object that can be read, or an open upload."""
        found = {each.object_name or "" for versions in (True, False) for each in self._listed(versions=versions)}
        # Some stores list an upload for a while after its end, so the word of ListParts decides.
        found |= {
            object_key
            for object_key, upload_id in self._uploads()
            if self._client.upload_is_open(self._bucket, object_key, upload_id)
        }
        return frozenset(found)

    def _uploads(self) -> Iterator[tuple[str, str]]:
        for upload in self._client.open_uploads(self._bucket):
            if upload.object_key in self._wanted:
                yield upload.object_key, upload.upload_id

    def _listed(self, *, versions: bool) -> Iterator[Object]:
        """Every wanted entry, at least one of each object that has any: from each gap to the next wanted name."""
        place, most, after = 0, min(_FEWEST + len(self._keys), _MOST), ""
        while place < len(self._keys):
            # A name without its last letter sorts before it, and next to nothing lies between.
            after = max(after, self._keys[place][:-1])
            page, more = self._client.listed_after(
                self._bucket, after, prefix=self._prefix, most=most, versions=versions
            )
            found = [each for each in page if each.object_name in self._wanted]
            yield from found
            if not more:
                return
            if not page:
                # What lies behind an empty page cannot be known.
                raise CorruptedError
            after = max(each.object_name or "" for each in page)
            place = bisect_right(self._keys, after)
            most = max(most // 2, _FEWEST) if len(found) * _SPARSE < len(page) else min(most * 2, _MOST)
