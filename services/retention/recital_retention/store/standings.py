"""What is known of holdings at the moment of decision: read after their row locks were taken, all in one statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_events import HoldingKind

from recital_retention.model import Ground, HoldingState, Standing, Use

# Each asks of a holding `h` whether something keeps it. A recording is held itself; its call record and its parties'
# identities are kept along with it.
HELD = """
        (exists (select from hold_recordings hr join holds on holds.tenant_id = hr.tenant_id and holds.id = hr.id
            where hr.tenant_id = h.tenant_id and holds.released_at is null and (hr.recording_id = h.id
                or hr.recording_id in (select r.id from holdings r where h.kind = 'call'
                    and r.tenant_id = h.tenant_id and r.call_id = h.id and r.state <> 'erased')))
            or exists (select from hold_along ha join holds on holds.tenant_id = ha.tenant_id and holds.id = ha.id
                where ha.tenant_id = h.tenant_id and ha.holding_id = h.id and holds.released_at is null))"""
WITHHELD = """
        exists (select from withholding_subjects ws
            join withholdings w on w.tenant_id = ws.tenant_id and w.id = ws.id and w.lifted_at is null
            where ws.tenant_id = h.tenant_id and not exists (select from erasure_requests e
                where e.tenant_id = h.tenant_id and e.id = h.id and e.request_id = w.id)
                and (ws.subject_id = h.id or ws.subject_id in (select hs.subject_id
                    from holding_subjects hs where hs.tenant_id = h.tenant_id and hs.id = h.id)))"""
RESTRICTED = """
        exists (select from restrictions r where r.tenant_id = h.tenant_id and r.holding_id = h.id
            and r.set_at is not null and r.lifted_at is null and not exists (select from erasure_requests e
            where e.tenant_id = h.tenant_id and e.id = h.id and e.request_id = r.request_id))"""
_STANDINGS = f"""
    select h.id, h.kind, h.state, h.due_at, h.ended_because, h.stands_alone, h.watched_until,
        {HELD} as held,
        {WITHHELD} as withheld,
        (select count(*) from clocks c where c.tenant_id = h.tenant_id and c.id = h.id and c.expired_at is null)
            as running,
        (select count(*) from holdings r where h.kind = 'call' and r.tenant_id = h.tenant_id and r.call_id = h.id
            and r.kind = 'recording' and r.state in ('retained', 'due')) as recordings,
        h.kind = 'call' and exists (select from holdings r where r.tenant_id = h.tenant_id and r.call_id = h.id
            and r.kind = 'recording') as recorded,
        h.kind in ('package', 'collection', 'bundle') and exists (select from holding_contents c
            join holdings r on r.tenant_id = c.tenant_id and r.id = c.contained_id
            where c.tenant_id = h.tenant_id and c.id = h.id and r.state in ('ordering', 'shredding', 'erased'))
            or exists (select from holding_contents c join orders o on o.tenant_id = c.tenant_id
                and o.holding_id = c.contained_id and o.spans_kept <> '[]' and o.ordered_at >= h.registered_at
                where c.tenant_id = h.tenant_id and c.id = h.id) as content_ordered,
        exists (select from erasure_requests e where e.tenant_id = h.tenant_id and e.id = h.id) as requested,
        {RESTRICTED} as restricted,
        h.trim_order_id is not null as trimming,
        array(select k.kind from unnest(cast(:kinds as text[])) as k (kind) where h.kind = 'identity' and exists
            (select from holding_subjects hs where hs.tenant_id = h.tenant_id and hs.subject_id = h.id
                and hs.kind = k.kind)) as uses,
        array(select r.ended_at is not null from holding_subjects hs
            join holdings r on r.tenant_id = hs.tenant_id and r.id = hs.id
            where h.kind = 'identity' and hs.tenant_id = h.tenant_id and hs.subject_id = h.id
                and hs.kind = 'request') as requests
    from holdings h where h.tenant_id = :tenant and h.id = any(cast(:ids as uuid[])) order by h.id
"""  # noqa: S608 - constants
# A request's file is asked apart: whether it is closed matters.
_KINDS: list[HoldingKind] = ["recording", "call", "package", "collection", "bundle"]


async def standings_of(tx: Transaction, holdings: Sequence[UUID]) -> list[Standing]:
    """Return how each holding stands, in order of id."""
    rows = await tx.execute(_STANDINGS, {"tenant": tx.tenant, "ids": list(holdings), "kinds": _KINDS})
    return [_standing(row) for row in rows]


def _standing(row: Any) -> Standing:
    uses = [Use(kind) for kind in row.uses] + [Use("request", closed=closed) for closed in sorted(set(row.requests))]
    because = row.ended_because or (Ground.CONTENT_ERASED if row.content_ordered else None)
    return Standing(
        holding=row.id,
        kind=row.kind,
        state=HoldingState(row.state),
        due_at=row.due_at,
        ended_because=None if because is None else Ground(because),
        held=row.held,
        withheld=row.withheld,
        running=row.running,
        recordings=row.recordings,
        recorded=row.recorded,
        uses=tuple(uses),
        stands_alone=row.stands_alone,
        watched_until=row.watched_until,
        requested=row.requested,
        restricted=row.restricted,
        trimming=row.trimming,
    )
