"""Events in: what other services tell, each taken in the transaction of the inbox."""

from recital_database import Handlers, NotYet, Transaction
from recital_events import (
    ErasureCertified,
    ErasureOrdered,
    ErasureWithheld,
    HoldPlaced,
    HoldReleased,
    PartCollected,
    SubjectMerged,
    SubjectSplit,
    TenantChanged,
    TenantClosed,
    TenantErased,
    TenantOpened,
)

from recital_dsar.actions.collection import note_part
from recital_dsar.actions.erasure import note_erasure_order
from recital_dsar.actions.means import Means
from recital_dsar.actions.tenants import open_tenant


def handlers(means: Means) -> Handlers:
    """Return what is done on each event that this service follows."""

    async def on_tenant_opened(tx: Transaction, event: TenantOpened) -> NotYet | None:
        await open_tenant(tx, means.vault, event)
        return None

    async def on_part_collected(tx: Transaction, event: PartCollected) -> NotYet | None:
        await note_part(tx, event)
        return None

    async def on_erasure_ordered(tx: Transaction, event: ErasureOrdered) -> NotYet | None:
        await note_erasure_order(tx, event)
        return None

    return {
        TenantOpened: on_tenant_opened,
        PartCollected: on_part_collected,
        ErasureOrdered: on_erasure_ordered,
        ErasureCertified: None,
        TenantChanged: None,
        TenantClosed: None,
        TenantErased: None,
        SubjectMerged: None,
        SubjectSplit: None,
        HoldPlaced: None,
        HoldReleased: None,
        ErasureWithheld: None,
    }
