"""Private marks are counted per member of staff and month (R18): the only trace of who made them."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from uuid import UUID

from recital_database import Transaction
from recital_identity import Role

from recital_consent.actions.lines import MARK
from recital_consent.decisions.marking import marker
from recital_consent.decisions.sampling import month_of
from recital_consent.model.calls import Call, Entry, EntryKind
from recital_consent.model.tenants import Tenant
from recital_consent.store import marking


async def count_written(
    tx: Transaction,
    tenant: Tenant,
    written: Iterable[tuple[Call, Sequence[Entry]]],
    *,
    own: UUID | None = None,
    roles: Collection[Role] = frozenset({Role.INTEGRATOR}),
) -> None:
    """Count the private marks among new entries of calls; `own` and `roles` say who wrote them."""
    marks: Counter[UUID] = Counter()
    for call, entries in written:
        number = sum(entry.kind is EntryKind.MARKED_PRIVATE and entry.id != MARK for entry in entries)
        who = marker(call, own=own, roles=roles) if number else None
        if who is not None:
            marks[who] += number
    await marking.count_marks(tx, month_of(tx.now, tenant.draft.time_zone), marks)


async def count_granted(tx: Transaction, tenant: Tenant, asked_by: UUID) -> None:
    """Count a mark that a member of staff asked for and was granted."""
    await marking.count_marks(tx, month_of(tx.now, tenant.draft.time_zone), {asked_by: 1})


async def list_marks(tx: Transaction, month: date, *, after: UUID | None, most: int) -> Sequence[tuple[UUID, int]]:
    """Return a page of who marked calls private in a month, named by its first day, and how often."""
    return await marking.marks_in(tx, month, after=after, most=most)
