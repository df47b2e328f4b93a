"""Many erasures of whole recordings in as few statements as one: told, taken up, found where they lie."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from recital_database import Transaction
from recital_events import ErasureOrdered
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import LargeBinary

from recital_ingest.model.ending import ErasureOrder
from recital_ingest.model.recording import State, party_mark

# Several parties' marks in one array of arrays would all have to be as many.
_BURY = text(
    "insert into tombstones (tenant_id, call_id, recording_id, parties, made_at)"
    " select cast(:tenant as uuid), call_id, recording_id, array_agg(mark order by mark), cast(:now as timestamptz)"
    " from unnest(cast(:calls as uuid[]), cast(:recordings as uuid[]), :marks) as m (call_id, recording_id, mark)"
    " group by 2, 3 on conflict do nothing"
).bindparams(bindparam("marks", type_=ARRAY(LargeBinary)))
_LYING = """
    select t.recording_id as holding, 1 as place, t.track as turn, t.id as object, t.key_id as key
    from tracks t where t.tenant_id = :tenant and t.recording_id = any(cast(:ids as uuid[]))
    union all select id, 2, 0, null, original_key
    from recordings where tenant_id = :tenant and id = any(cast(:ids as uuid[])) and original_key is not null
    union all select recording_id, 3, 0, object_id, key_id
    from waveforms where tenant_id = :tenant and recording_id = any(cast(:ids as uuid[]))
    union all select recording_id, 4, 0, null, key_id
    from annotations where tenant_id = :tenant and recording_id = any(cast(:ids as uuid[]))
    union all select r.id, 5, 0, cast(each as uuid), null
    from recordings r, jsonb_array_elements_text(r.replaced -> 0) each
    where r.tenant_id = :tenant and r.id = any(cast(:ids as uuid[])) and jsonb_typeof(r.replaced) = 'array'
    union all select r.id, 5, 1, null, cast(each as uuid)
    from recordings r, jsonb_array_elements_text(r.replaced -> 1) each
    where r.tenant_id = :tenant and r.id = any(cast(:ids as uuid[])) and jsonb_typeof(r.replaced) = 'array'
    order by 1, 2, 3, 5
"""


async def stop_recordings(tx: Transaction, ids: Sequence[UUID]) -> set[UUID]:
    """Stop all playback of recordings, for ever, and keep their calls' audio from being taken in again.

    Return which of these ids are no recordings of ours.
    """
    rows = await tx.execute(
        "select id, call_id, state, parties from recordings"
        " where tenant_id = :tenant and id = any(cast(:ids as uuid[])) order by id for update",
        {"tenant": tx.tenant, "ids": list(ids)},
    )
    found = rows.all()
    marks = sorted(
        (row.call_id, row.id, party_mark(row.call_id, each["party"]))
        for row in found
        if row.state != State.ERASED
        for each in row.parties
    )
    await tx.execute(
        "update recordings set state = 'erasing'"
        " where tenant_id = :tenant and id = any(cast(:ids as uuid[])) and state = 'stored'",
        {"tenant": tx.tenant, "ids": list(ids)},
    )
    calls, recordings, labels = ([each[place] for each in marks] for place in range(3))
    buried = {"tenant": tx.tenant, "now": tx.now, "calls": calls, "recordings": recordings, "marks": labels}
    await tx.execute(_BURY, buried)
    return set(ids) - {row.id for row in found}


async def add_whole(tx: Transaction, events: Sequence[ErasureOrdered]) -> None:
    """Keep orders to destroy whole recordings; keeping one again changes nothing."""
    await tx.execute(
        "insert into erasures (tenant_id, id, holding_id, kind, control_sequence, state, ordered_at, tries, due_at,"
        " new_objects, new_keys, multiparts)"
        " select cast(:tenant as uuid), id, holding, 'recording', sequence, 'ordered', ordered_at, 0,"
        " cast(:now as timestamptz), '{}', '{}', '{}'"
        " from unnest(cast(:ids as uuid[]), cast(:holdings as uuid[]), cast(:sequences as bigint[]),"
        " cast(:ordered as timestamptz[])) as o (id, holding, sequence, ordered_at) on conflict do nothing",
        {
            "tenant": tx.tenant,
            "now": tx.now,
            "ids": [each.order for each in events],
            "holdings": [each.holding for each in events],
            "sequences": [each.control_sequence for each in events],
            "ordered": [each.ordered_at for each in events],
        },
    )


async def take_whole(tx: Transaction, ids: Sequence[UUID], *, again_after: timedelta) -> list[ErasureOrder]:
    """Take up, of these orders, those of whole recordings at which nothing was stuck before, for a while to ourselves.

    What another replica is taking up at this moment is passed over.
    """
    rows = await tx.execute(
        "update erasures e set due_at = cast(:again as timestamptz), tries = e.tries + 1 from ("
        "select id from erasures where tenant_id = :tenant and id = any(cast(:ids as uuid[])) and state = 'ordered'"
        " and due_at <= cast(:now as timestamptz) and kind = 'recording' and spans_kept is null"
        " and stuck_since is null order by id for update skip locked) free"
        " where e.tenant_id = :tenant and e.id = free.id"
        " returning e.id, e.holding_id, e.kind, e.ordered_at, e.tries, e.stuck_since",
        {"tenant": tx.tenant, "ids": list(ids), "now": tx.now, "again": tx.now + again_after},
    )
    taken = [ErasureOrder(r.id, r.holding_id, r.kind, r.ordered_at, r.tries, r.stuck_since) for r in rows]
    return sorted(taken, key=lambda order: order.id)


async def let_go(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Let orders be taken up again at once."""
    await tx.execute(
        "update erasures set due_at = cast(:now as timestamptz)"
        " where tenant_id = :tenant and id = any(cast(:ids as uuid[])) and state = 'ordered'",
        {"tenant": tx.tenant, "ids": list(ids), "now": tx.now},
    )


async def lying_of(tx: Transaction, recordings: Sequence[UUID]) -> dict[UUID, tuple[list[UUID], list[UUID]]]:
    """Return the objects and the keys in which each of these recordings lies, in the order in which they are told."""
    lying: dict[UUID, tuple[list[UUID], list[UUID]]] = {each: ([], []) for each in recordings}
    rows = await tx.execute(_LYING, {"tenant": tx.tenant, "ids": list(recordings)})
    for row in rows:
        if row.object is not None:
            lying[row.holding][0].append(row.object)
        if row.key is not None:
            lying[row.holding][1].append(row.key)
    return lying


async def finish_all(tx: Transaction, orders: Sequence[UUID]) -> None:
    """Write that orders were carried out."""
    await tx.execute(
        "update erasures set state = 'done', stuck_since = null"
        " where tenant_id = :tenant and id = any(cast(:ids as uuid[]))",
        {"tenant": tx.tenant, "ids": list(orders)},
    )
