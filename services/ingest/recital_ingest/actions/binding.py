"""What others decide about audio that is stored: restrictions, legal holds, and who turned out to be whom.

Each is kept and judged when somebody wants to listen; nothing of the audio changes.
"""

from recital_database import Transaction
from recital_events import HoldPlaced, HoldReleased, RestrictionLifted, RestrictionSet, SubjectMerged, SubjectSplit

from recital_ingest.store import standings

RECORDING = "recording"


async def restrict(tx: Transaction, event: RestrictionSet) -> None:
    """Block all but what AVG art. 18(2) allows (R17)."""
    if event.kind == RECORDING:
        await standings.restrict(tx, event)


async def lift(tx: Transaction, event: RestrictionLifted) -> None:
    """End a restriction; others may still stand."""
    if event.kind == RECORDING:
        await standings.lift(tx, event)


async def hold(tx: Transaction, event: HoldPlaced) -> None:
    """Let legal counsel hear what is held."""
    if event.kind == RECORDING:
        await standings.hold(tx, event)


async def release(tx: Transaction, event: HoldReleased) -> None:
    """End that, unless another hold is in force."""
    if event.kind == RECORDING:
        await standings.release(tx, event)


async def merge(tx: Transaction, event: SubjectMerged) -> None:
    """Treat two subjects as one person from now on."""
    await standings.merge(tx, event)


async def split(tx: Transaction, event: SubjectSplit) -> None:
    """Undo that."""
    await standings.split(tx, event)
