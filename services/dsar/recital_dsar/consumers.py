"""Events in: what other services tell, each taken in the transaction of the inbox."""

from recital_database import Handlers, Transaction
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
from recital_dsar.actions.hearing import (
    note_certified,
    note_merged,
    note_ordered,
    note_released,
    note_split,
    note_withheld,
)
from recital_dsar.actions.means import Means
from recital_dsar.actions.tenants import change_facts, close_tenant, end_tenant, open_tenant


def handlers(means: Means) -> Handlers:
    """Return what is done on each event that this service follows."""
    return {**_of_tenants(means), **_of_holdings(means), PartCollected: note_part}


def _of_tenants(means: Means) -> Handlers:
    async def opened(tx: Transaction, event: TenantOpened) -> None:
        await open_tenant(tx, means.vault, event)

    async def closed(tx: Transaction, _event: TenantClosed) -> None:
        await close_tenant(tx)

    async def erased(tx: Transaction, _event: TenantErased) -> None:
        await end_tenant(tx)

    async def merged(tx: Transaction, event: SubjectMerged) -> None:
        await note_merged(tx, means, event.subject, event.merged)

    async def split(tx: Transaction, event: SubjectSplit) -> None:
        await note_split(tx, means, event.split)

    return {
        TenantOpened: opened,
        TenantChanged: change_facts,
        TenantClosed: closed,
        TenantErased: erased,
        SubjectMerged: merged,
        SubjectSplit: split,
    }


def _of_holdings(means: Means) -> Handlers:
    async def ordered(tx: Transaction, event: ErasureOrdered) -> None:
        await note_erasure_order(tx, event)
        await note_ordered(tx, event)

    async def withheld(tx: Transaction, event: ErasureWithheld) -> None:
        await note_withheld(tx, means, event)

    async def certified(tx: Transaction, event: ErasureCertified) -> None:
        await note_certified(tx, means, event)

    return {
        ErasureOrdered: ordered,
        ErasureWithheld: withheld,
        ErasureCertified: certified,
        HoldPlaced: None,
        HoldReleased: note_released,
    }
