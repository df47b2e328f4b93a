"""Destruction and its proof: keys first, then every version of every object, then a look whether all is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from recital_database import Transaction, alarm, announce
from recital_errors import RecitalError
from recital_events import HoldingStuck, Place

from recital_ingest.actions.means import Means
from recital_ingest.decisions.patience import wait_after
from recital_ingest.model.ending import ErasureOrder
from recital_ingest.model.upload import object_key
from recital_ingest.store import endings

METHODS = {"key": "key_row_absent", "object": "no_version_no_upload", "rows": "rows_deleted"}


@dataclass(frozen=True, slots=True)
class Lying:
    """Where a holding, or a part of it, lies: objects and keys, to be destroyed before the rows that name them."""

    objects: Sequence[UUID]
    keys: Sequence[UUID]

    @property
    def places(self) -> tuple[Place, ...]:
        """The same, as events name it."""
        return (
            *(Place(kind="object", id=object_key(each)) for each in self.objects),
            *(Place(kind="key", id=str(each)) for each in self.keys),
        )


async def destroy(means: Means, tenant: UUID, lying: Lying) -> tuple[Place, str] | None:
    """Destroy it and look whether it is gone; return the place that is not, and why."""
    place = Place(kind="key", id=str(lying.keys[0])) if lying.keys else None
    try:
        await means.vault.keys.destroy(tenant, lying.keys)
        if place and not await means.vault.keys.absent(tenant, lying.keys):
            return place, "key_still_there"
        for each in lying.objects:
            place = Place(kind="object", id=object_key(each))
            await means.vault.objects.erase(object_key(each))
            if not await means.vault.objects.absent(object_key(each)):
                return place, "object_still_there"
    except RecitalError as error:
        if place is None:
            raise
        return place, error.code
    return None


async def destroy_all(means: Means, tenant: UUID, lying: Sequence[Lying]) -> bool:
    """Destroy many at once and look whether all of it is gone; false where something is not or cannot be told.

    Then each is to be destroyed by itself, so that the one at fault is found and the others go.
    """
    keys = [key for each in lying for key in each.keys]
    names = [object_key(each) for one in lying for each in one.objects]
    try:
        await means.vault.keys.destroy(tenant, keys)
        return await means.vault.keys.absent(tenant, keys) and not await means.vault.objects.erase_all(names)
    except RecitalError:
        return False


async def report(tx: Transaction, order: ErasureOrder, place: Place, cause: str) -> None:
    """Say which place cannot be cleared, the first time, and try again later."""
    if not await endings.postpone_erasure(tx, order.id, by=wait_after(order.tries)):
        return
    await alarm(
        tx, "erasure_stuck", about=order.holding, detail=f"A place of kind {place.kind} is not cleared: {cause}"
    )
    await announce(
        tx,
        HoldingStuck.model_validate(
            {
                "order": order.id,
                "holding": order.holding,
                "kind": order.kind,
                "place": place,
                "since": tx.now,
                "cause": cause,
            }
        ),
    )
