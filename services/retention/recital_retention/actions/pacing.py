"""How much is destroyed, and when: the tenant's window, and the limit on what moved lately (R11).

Asked of what may be erased, in the transaction that would order it; what must wait is put back in the schedule.
"""

from collections.abc import Sequence

from recital_database import Transaction, alarm

from recital_retention.decisions.pace import is_open, may_go, most_moved, opening, run_of, waits_for_window
from recital_retention.model import Ground, Standing
from recital_retention.store import pace, schedule
from recital_retention.store.pace import Pace

Ended = tuple[Standing, Ground]
FURTHER = 10_000
"""How many holdings at once are set to wait, beside the batch in hand."""


async def what_goes_now(tx: Transaction, ended: Sequence[Ended]) -> list[Ended]:
    """Return what may be ordered now; the rest comes up again when its window opens, or waits for a second person."""
    if not ended:
        return []
    tenant = await pace.pace_of(tx)
    go = await _in_window(tx, ended, tenant)
    moved = [each for each in go if _moved(tx, each[0])]
    run = run_of(tenant.window, tx.now, tenant.zone)
    gone = await pace.begin_run(tx, run)
    if moved and not await _within_limit(tx, moved, gone):
        go = [each for each in go if not _moved(tx, each[0])]
        moved = []
    await pace.count_run(tx, run, ordered=len(go), moved=len(moved))
    return go


async def _in_window(tx: Transaction, ended: Sequence[Ended], tenant: Pace) -> list[Ended]:
    if is_open(tenant.window, tx.now, tenant.zone):
        return list(ended)
    opens = opening(tenant.window, tx.now, tenant.zone)
    await schedule.put(tx, {standing.holding: opens for standing, ground in ended if waits_for_window(ground)})
    return [each for each in ended if not waits_for_window(each[1])]


async def _within_limit(tx: Transaction, moved: Sequence[Ended], gone: int) -> bool:
    """Return whether the moved part of this run is small enough; else it waits, all of it, and that is alarmed."""
    # Those in hand were taken off the schedule before; whoever asks for the whole tenant's count asks seldom.
    most = most_moved(0)
    due = len(moved) + await pace.moved_and_due(tx, most + 1)
    if not may_go(gone=gone, due=due, most=most):
        most = most_moved(await pace.living(tx))
        due = len(moved) + await pace.moved_and_due(tx, most + 1)
    if may_go(gone=gone, due=due, most=most):
        return True
    part = await pace.let_wait(tx, [standing.holding for standing, _ in moved], most, FURTHER)
    detail = f"More than {most} holdings whose end was moved are due at once: they wait for a second person."
    await alarm(tx, "erasures_wait", about=part, detail=detail)
    return False


def _moved(tx: Transaction, standing: Standing) -> bool:
    return standing.watched_until is not None and standing.watched_until > tx.now
