"""Subjects that were made one, how each stands, and what it is found by."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_database.tables import add, binary, instant
from recital_errors import NotFound
from sqlalchemy import Row, delete, exists, select, update
from sqlmodel import Field

from recital_consent.model.merging import Merge, MergeState
from recital_consent.model.subjects import IdentifierKind, Indexed, Standing
from recital_consent.store.tables import SubjectIndexRow, SubjectRow, Tabular


class MergeRow(Tabular, table=True):
    """Two subjects that are one, were, or may be."""

    __tablename__ = "subject_merges"
    id: UUID = Field(primary_key=True)
    subject_id: UUID
    merged_id: UUID
    state: str
    proposed_by: bytes = binary()
    proposed_at: datetime = instant()
    approved_by: bytes | None = binary(nullable=True)
    merged_at: datetime | None = instant(nullable=True)
    split_at: datetime | None = instant(nullable=True)


_MERGES, _SUBJECTS, _INDEX = MergeRow.__table__, SubjectRow.__table__, SubjectIndexRow.__table__


async def standings(tx: Transaction, subjects: Collection[UUID]) -> Mapping[UUID, Standing]:
    """Return how subjects stand, locked; those that are erased or not there are left out."""
    mine = _SUBJECTS.c.tenant_id == tx.tenant
    into = _SUBJECTS.alias()
    has_merged = exists().where(into.c.tenant_id == tx.tenant, into.c.merged_into == _SUBJECTS.c.id)
    statement = (
        select(_SUBJECTS, has_merged.label("has_merged"))
        .where(mine, _SUBJECTS.c.id.in_(list(subjects)), _SUBJECTS.c.key_id.is_not(None))
        .order_by(_SUBJECTS.c.id)
        .with_for_update(of=_SUBJECTS)
    )
    return {
        row.id: Standing(
            id=row.id,
            staff=row.staff,
            bot=row.bot,
            left_at=row.left_at,
            merged_into=row.merged_into,
            has_merged=row.has_merged,
        )
        for row in await tx.execute(statement)
    }


async def together(tx: Transaction, subjects: Collection[UUID]) -> list[UUID]:
    """Return these subjects with everybody who is one person with any of them."""
    rows = await tx.execute(
        "with named as (select distinct coalesce(merged_into, id) as id from subjects"
        " where tenant_id = :tenant and id = any(cast(:ids as uuid[])))"
        " select id from named union select s.id from subjects s join named n on s.merged_into = n.id"
        " where s.tenant_id = :tenant union select unnest(cast(:ids as uuid[])) order by 1",
        {"tenant": tx.tenant, "ids": list(subjects)},
    )
    return [row.id for row in rows]


async def indexed(tx: Transaction, subject: UUID) -> Sequence[Indexed]:
    """Return what a subject is found by."""
    other = _INDEX.alias()
    shared = exists().where(
        other.c.tenant_id == tx.tenant, other.c.digest == _INDEX.c.digest, other.c.subject_id != _INDEX.c.subject_id
    )
    statement = select(_INDEX, shared.label("is_shared")).where(
        _INDEX.c.tenant_id == tx.tenant, _INDEX.c.subject_id == subject
    )
    rows = await tx.execute(statement)
    return [Indexed(IdentifierKind(row.kind), bytes(row.digest), row.verified_at, row.is_shared) for row in rows]


async def holders(tx: Transaction, digest: bytes) -> list[UUID]:
    """Return who is found by a digest."""
    statement = select(_INDEX.c.subject_id).where(_INDEX.c.tenant_id == tx.tenant, _INDEX.c.digest == digest)
    return [row.subject_id for row in await tx.execute(statement.order_by(_INDEX.c.subject_id))]


async def verify_digest(tx: Transaction, subject: UUID, digest: bytes) -> bool:
    """Note that an identifier was verified; false where the subject does not have it."""
    statement = update(_INDEX).where(_of(tx, subject, digest)).values(verified_at=tx.now)
    return (await tx.execute(statement)).rowcount == 1


async def remove_digest(tx: Transaction, subject: UUID, digest: bytes) -> None:
    """Let a subject be found by a digest no more."""
    await tx.execute(delete(_INDEX).where(_of(tx, subject, digest)))


async def add_merge(tx: Transaction, merge: Merge) -> None:
    """Keep a merge."""
    values = {
        "id": merge.id,
        "subject_id": merge.subject,
        "merged_id": merge.merged,
        "state": merge.state.value,
        "proposed_by": merge.proposed_by,
        "proposed_at": merge.proposed_at,
    }
    await add(tx, MergeRow, [values])


async def find_merge(tx: Transaction, merge: UUID) -> Merge:
    """Return a merge, locked. Raises NotFound."""
    statement = select(_MERGES).where(_MERGES.c.tenant_id == tx.tenant, _MERGES.c.id == merge)
    row = (await tx.execute(statement.with_for_update())).one_or_none()
    if row is None:
        raise NotFound
    return _merge(row)


async def open_merge(tx: Transaction, merged: UUID) -> Merge | None:
    """Return the merge of a subject into another that is proposed or in force."""
    statement = select(_MERGES).where(
        _MERGES.c.tenant_id == tx.tenant, _MERGES.c.merged_id == merged, _MERGES.c.state != MergeState.SPLIT.value
    )
    row = (await tx.execute(statement)).one_or_none()
    return _merge(row) if row else None


async def list_merges(tx: Transaction, *, after: UUID | None, most: int) -> Sequence[Merge]:
    """Return a page of merges in the order they were proposed."""
    statement = select(_MERGES).where(_MERGES.c.tenant_id == tx.tenant)
    if after is not None:
        statement = statement.where(_MERGES.c.id > after)
    return [_merge(row) for row in await tx.execute(statement.order_by(_MERGES.c.id).limit(most))]


async def change_merge(tx: Transaction, merge: UUID, **changes: Any) -> None:
    """Change columns of a merge."""
    mine = (_MERGES.c.tenant_id == tx.tenant) & (_MERGES.c.id == merge)
    await tx.execute(update(_MERGES).where(mine).values(**changes))


def _of(tx: Transaction, subject: UUID, digest: bytes) -> Any:
    return (_INDEX.c.tenant_id == tx.tenant) & (_INDEX.c.subject_id == subject) & (_INDEX.c.digest == digest)


def _merge(row: Row[Any]) -> Merge:
    return Merge(
        id=row.id,
        subject=row.subject_id,
        merged=row.merged_id,
        state=MergeState(row.state),
        proposed_by=bytes(row.proposed_by),
        proposed_at=row.proposed_at,
        merged_at=row.merged_at,
        split_at=row.split_at,
    )
