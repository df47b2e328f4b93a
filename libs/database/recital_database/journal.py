"""The ledgers of a service: entries written in the business transaction, sequenced in batches, checkpoints signed.

Writing takes no lock: an entry joins the queue and gets its position when one holder of a transaction lock per
(tenant, log) takes what has been committed. Nothing here is ever updated, and nothing here is personal data.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from recital_errors import NotFound
from recital_ledger import (
    Checkpoint,
    Entry,
    Frontier,
    commitment,
    consistency_nodes,
    consistency_proof,
    inclusion_nodes,
    inclusion_proof,
    leaf_hash,
)
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from recital_database.connection import Transaction

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]
BATCH = 1_000
_RECORD = text(
    """
    with entry as (
        insert into ledger_entries (tenant_id, log, kind, facts, commitment)
        values (:tenant, :log, :kind, :facts, :commitment) returning id)
    insert into ledger_queue (tenant_id, log, id) select :tenant, :log, id from entry returning id
    """
).bindparams(bindparam("facts", type_=JSONB))


_RECORD_ALL = text(
    """
    with made as (
        select recital_id() as id, s.* from unnest(cast(:kinds as text[]), cast(:facts as jsonb[]),
            cast(:commitments as text[])) with ordinality as s (kind, facts, commitment, place)),
    entry as (
        insert into ledger_entries (tenant_id, id, log, kind, facts, commitment)
        select :tenant, id, :log, kind, facts, commitment from made),
    queued as (insert into ledger_queue (tenant_id, log, id) select :tenant, :log, id from made)
    select id from made order by place
    """
).bindparams(bindparam("facts", type_=ARRAY(JSONB)))


@dataclass(frozen=True, slots=True)
class Writing:
    """What is to be written to a ledger: see `record`."""

    kind: str
    facts: Mapping[str, Json]
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `record` gives back: the entry's id, and the salt that the row it commits to must keep (and dies with)."""

    entry: UUID
    salt: bytes


@dataclass(frozen=True, slots=True)
class Sequenced:
    """An entry in its place: what is hashed, and where."""

    entry: Entry
    position: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that an entry is in a log: its place, the signed checkpoint, and the RFC 9162 inclusion proof."""

    entry: Entry
    position: int
    size: int
    checkpoint: str
    proof: list[bytes]


async def record(
    tx: Transaction, log: str, kind: str, *, facts: Mapping[str, Json], details: Mapping[str, Json] | None = None
) -> Recorded:
    """Write a ledger entry in this transaction.

    `facts` are ids and stay for ever; `details` may be personal data and are only committed to: SHA-256 over a fresh
    salt and their canonical form. Keep the salt in the row that holds the details.
    """
    salt = secrets.token_bytes(16)
    row = await tx.execute(
        _RECORD,
        {
            "tenant": tx.tenant,
            "log": log,
            "kind": kind,
            "facts": dict(facts),
            "commitment": commitment(salt, details or {}),
        },
    )
    tx.touched.add("ledger")
    return Recorded(UUID(str(row.scalar_one())), salt)


async def record_all(tx: Transaction, log: str, writings: Sequence[Writing]) -> list[Recorded]:
    """Write many ledger entries in one round trip; returned in the order given. As `record` else."""
    if not writings:
        return []
    salts = [secrets.token_bytes(16) for _ in writings]
    rows = await tx.execute(
        _RECORD_ALL,
        {
            "tenant": tx.tenant,
            "log": log,
            "kinds": [each.kind for each in writings],
            "facts": [dict(each.facts) for each in writings],
            "commitments": [commitment(salt, each.details) for salt, each in zip(salts, writings, strict=True)],
        },
    )
    tx.touched.add("ledger")
    return [Recorded(UUID(str(row.id)), salt) for row, salt in zip(rows, salts, strict=True)]


async def unsequenced(tx: Transaction) -> list[tuple[UUID, str]]:
    """Return the (tenant, log) pairs that have new entries (worker role)."""
    rows = await tx.execute("select distinct tenant_id, log from ledger_queue")
    return [(row.tenant_id, row.log) for row in rows]


async def sequence(tx: Transaction, log: str, sign: Callable[[Checkpoint], str], origin: str) -> bool:
    """Give positions to up to 1,000 committed entries of a log and sign the checkpoint; true when more may be left.

    `sign` is given the new tree head. At most one transaction does this per (tenant, log) at a time; another returns at
    once.
    """
    locked = await tx.execute(
        "select pg_try_advisory_xact_lock(hashtextextended(:name, 1))", {"name": f"ledger:{tx.tenant}:{log}"}
    )
    if not locked.scalar_one():
        return False
    rows = (
        await tx.execute(
            "with taken as (delete from ledger_queue where tenant_id = :tenant and log = :log and id in (select id"
            " from ledger_queue where tenant_id = :tenant and log = :log order by id limit :most) returning id)"
            " select e.* from ledger_entries e join taken using (id) where e.tenant_id = :tenant order by e.id",
            {"tenant": tx.tenant, "log": log, "most": BATCH},
        )
    ).all()
    if not rows:
        return False
    frontier = await _frontier(tx, log)
    nodes: list[tuple[int, int, bytes, UUID | None]] = []
    for row in rows:
        frontier, born = frontier.append(leaf_hash(_entry(row).data()))
        nodes += [(level, index, hash_, row.id if level == 0 else None) for level, index, hash_ in born]
    await _save_nodes(tx, log, nodes)
    checkpoint = Checkpoint(origin=origin, size=frontier.size, root=frontier.root(), at=tx.now)
    await tx.execute(
        "insert into ledger_checkpoints (tenant_id, log, size, root, frontier, signed_at, note)"
        " values (:tenant, :log, :size, :root, cast(:frontier as bytea[]), :at, :note)",
        {
            "tenant": tx.tenant,
            "log": log,
            "size": frontier.size,
            "root": checkpoint.root,
            "frontier": list(frontier.hashes),
            "at": tx.now,
            "note": sign(checkpoint),
        },
    )
    return len(rows) == BATCH


async def latest_checkpoint(tx: Transaction, log: str) -> str | None:
    """Return the newest signed checkpoint of the tenant's log, or None while it is empty."""
    row = (await tx.execute(_NEWEST, {"tenant": tx.tenant, "log": log})).one_or_none()
    return row.note if row else None


async def entries(tx: Transaction, log: str, *, start: int, most: int) -> list[Sequenced]:
    """Return sequenced entries from a position on, in order."""
    rows = await tx.execute(
        "select n.position, e.* from ledger_nodes n"
        " join ledger_entries e on e.tenant_id = n.tenant_id and e.id = n.entry_id"
        " where n.tenant_id = :tenant and n.log = :log and n.level = 0 and n.position >= :start"
        " order by n.position limit :most",
        {"tenant": tx.tenant, "log": log, "start": start, "most": most},
    )
    return [Sequenced(_entry(row), row.position) for row in rows]


async def receipt(tx: Transaction, log: str, entry: UUID) -> Receipt | None:
    """Return an entry's proof under the newest checkpoint; None while it is not sequenced. Raises NotFound."""
    row = (
        await tx.execute(
            "select e.*, n.position from ledger_entries e left join ledger_nodes n"
            " on n.tenant_id = e.tenant_id and n.log = e.log and n.level = 0 and n.entry_id = e.id"
            " where e.tenant_id = :tenant and e.log = :log and e.id = :entry",
            {"tenant": tx.tenant, "log": log, "entry": entry},
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    if row.position is None:
        return None
    head = (await tx.execute(_NEWEST, {"tenant": tx.tenant, "log": log})).one()
    node = await _nodes(tx, log, inclusion_nodes(row.position, head.size))
    return Receipt(_entry(row), row.position, head.size, head.note, inclusion_proof(row.position, head.size, node))


async def consistency(tx: Transaction, log: str, *, old: int, new: int) -> list[bytes]:
    """Return the RFC 9162 proof that the log of size `new` continues that of size `old`; NotFound beyond the end."""
    head = (await tx.execute(_NEWEST, {"tenant": tx.tenant, "log": log})).one_or_none()
    if head is None or not 0 <= old <= new <= head.size:
        raise NotFound
    node = await _nodes(tx, log, consistency_nodes(old, new))
    return consistency_proof(old, new, node)


_NEWEST = (
    "select size, note, frontier from ledger_checkpoints"
    " where tenant_id = :tenant and log = :log order by size desc limit 1"
)


async def _frontier(tx: Transaction, log: str) -> Frontier:
    head = (await tx.execute(_NEWEST, {"tenant": tx.tenant, "log": log})).one_or_none()
    return Frontier(size=head.size, hashes=tuple(head.frontier)) if head else Frontier(size=0, hashes=())


async def _nodes(tx: Transaction, log: str, coordinates: Sequence[tuple[int, int]]) -> Callable[[int, int], bytes]:
    rows = await tx.execute(
        "select n.level, n.position, n.hash from ledger_nodes n"
        " join unnest(cast(:levels as int[]), cast(:positions as bigint[])) as w (level, position)"
        " on n.level = w.level and n.position = w.position where n.tenant_id = :tenant and n.log = :log",
        {
            "tenant": tx.tenant,
            "log": log,
            "levels": [level for level, _ in coordinates],
            "positions": [position for _, position in coordinates],
        },
    )
    found = {(row.level, row.position): bytes(row.hash) for row in rows}
    return lambda level, index: found[level, index]


async def _save_nodes(tx: Transaction, log: str, nodes: Sequence[tuple[int, int, bytes, UUID | None]]) -> None:
    await tx.execute(
        "insert into ledger_nodes (tenant_id, log, level, position, hash, entry_id) select :tenant, :log, s.*"
        " from unnest(cast(:levels as smallint[]), cast(:positions as bigint[]),"
        " cast(:hashes as bytea[]), cast(:entries as uuid[])) as s",
        {
            "tenant": tx.tenant,
            "log": log,
            "levels": [node[0] for node in nodes],
            "positions": [node[1] for node in nodes],
            "hashes": [node[2] for node in nodes],
            "entries": [node[3] for node in nodes],
        },
    )


def _entry(row: Any) -> Entry:
    return Entry(id=row.id, kind=row.kind, at=row.at, facts=row.facts, commitment=row.commitment)
