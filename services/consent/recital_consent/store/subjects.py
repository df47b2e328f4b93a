"""Persons: their sealed identities, the blind index by which they are found, and what staff were told."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from recital_consent.model.subjects import IdentifierKind, Known, SealedIdentity, StaffNotice
from recital_consent.store.tables import (
    PurposeRow,
    StaffNoticeRow,
    SubjectIndexRow,
    SubjectRow,
    add,
)

_SUBJECTS, _INDEX, _NOTICES = SubjectRow.__table__, SubjectIndexRow.__table__, StaffNoticeRow.__table__
_PURPOSES = PurposeRow.__table__
Digest = tuple[IdentifierKind, bytes]
# Each step by an index, from the digests on: who is reached, who was merged into whom, and all their digests.
_KNOWN_BY = """
    with reached as materialized (
        select distinct coalesce(s.merged_into, s.id) as id from subject_index i
        join subjects s on s.tenant_id = i.tenant_id and s.id = i.subject_id
        where i.tenant_id = :tenant and i.digest = any(cast(:digests as bytea[]))),
    everyone as (
        select id, id as subject_id from reached union all
        select s.id, r.id from reached r join subjects s on s.tenant_id = :tenant and s.merged_into = r.id)
    select e.subject_id, i.kind, i.digest
    from everyone e join subject_index i on i.tenant_id = :tenant and i.subject_id = e.id
"""


async def lock_digests(tx: Transaction, digests: Collection[bytes]) -> None:
    """Wait until nobody else makes a subject of these identifiers, in one order for all."""
    await tx.execute(
        "select pg_advisory_xact_lock(hashtextextended(:tenant || encode(digest, 'hex'), 2))"
        " from unnest(cast(:digests as bytea[])) as d (digest) order by digest",
        {"tenant": str(tx.tenant), "digests": sorted(digests)},
    )


async def known_by(tx: Transaction, digests: Collection[bytes]) -> list[Known]:
    """Return the subjects that any of these digests leads to, each with all its digests, by id.

    Of subjects that were merged only the one they are now, with the digests of all.
    """
    rows = await tx.execute(_KNOWN_BY, {"tenant": tx.tenant, "digests": list(digests)})
    found: dict[UUID, set[Digest]] = {}
    for row in rows:
        found.setdefault(row.subject_id, set()).add((IdentifierKind(row.kind), bytes(row.digest)))
    return [Known(subject, frozenset(found[subject])) for subject in sorted(found)]


async def add_subjects(tx: Transaction, made: Sequence[SealedIdentity]) -> None:
    """Keep new subjects."""
    await add(
        tx,
        SubjectRow,
        [
            {"id": each.subject, "key_id": each.key, "sealed": each.sealed, "staff": each.staff, "bot": each.bot}
            for each in made
        ],
    )


async def add_digests(tx: Transaction, found: Iterable[tuple[UUID, Digest]]) -> None:
    """Let subjects be found by more digests; those that already are, are passed over."""
    values = [
        {"tenant_id": tx.tenant, "digest": digest, "subject_id": subject, "kind": kind.value}
        for subject, (kind, digest) in found
    ]
    if values:
        await tx.execute(insert(_INDEX).values(values).on_conflict_do_nothing())


async def sealed_identities(
    tx: Transaction, subjects: Collection[UUID], *, locked: bool = False
) -> Mapping[UUID, SealedIdentity]:
    """Return the identities of these subjects that are not erased; `locked` against others who change them."""
    statement = select(_SUBJECTS).where(
        _SUBJECTS.c.tenant_id == tx.tenant, _SUBJECTS.c.id.in_(list(subjects)), _SUBJECTS.c.key_id.is_not(None)
    )
    if locked:
        statement = statement.order_by(_SUBJECTS.c.id).with_for_update()
    return {row.id: _sealed(row) for row in await tx.execute(statement)}


async def seal_again(tx: Transaction, sealed: Mapping[UUID, bytes]) -> None:
    """Replace what is sealed of several subjects, in one statement."""
    await tx.execute(
        "update subjects set sealed = s.sealed from unnest(cast(:ids as uuid[]), cast(:sealed as bytea[]))"
        " as s (id, sealed) where subjects.tenant_id = :tenant and subjects.id = s.id",
        {"tenant": tx.tenant, "ids": list(sealed), "sealed": list(sealed.values())},
    )


async def change_identity(tx: Transaction, subject: UUID, **changes: Any) -> None:
    """Change columns of a subject."""
    await tx.execute(
        update(_SUBJECTS).where(_SUBJECTS.c.tenant_id == tx.tenant, _SUBJECTS.c.id == subject).values(**changes)
    )


async def forget_digests(tx: Transaction, subject: UUID) -> None:
    """Let a subject be found no more; whoever was merged into it is a person of its own again."""
    await tx.execute(
        update(_SUBJECTS)
        .where(_SUBJECTS.c.tenant_id == tx.tenant, _SUBJECTS.c.merged_into == subject)
        .values(merged_into=None)
    )
    await tx.execute(
        "update subject_merges set state = 'split', split_at = recital_now()"
        " where tenant_id = :tenant and :subject in (subject_id, merged_id) and state <> 'split'",
        {"tenant": tx.tenant, "subject": subject},
    )
    await tx.execute(delete(_INDEX).where(_INDEX.c.tenant_id == tx.tenant, _INDEX.c.subject_id == subject))


async def is_forgotten(tx: Transaction, subject: UUID) -> bool:
    """Whether neither an identity nor a digest of a subject is left."""
    indexed = select(func.count()).where(_INDEX.c.tenant_id == tx.tenant, _INDEX.c.subject_id == subject)
    sealed = select(func.count()).where(
        _SUBJECTS.c.tenant_id == tx.tenant, _SUBJECTS.c.id == subject, _SUBJECTS.c.sealed.is_not(None)
    )
    return not (await tx.execute(indexed)).scalar_one() and not (await tx.execute(sealed)).scalar_one()


async def add_notices(tx: Transaction, notices: Mapping[StaffNotice, bytes]) -> None:
    """Log what was announced to staff, each with the salt of its ledger entry."""
    await add(
        tx,
        StaffNoticeRow,
        [
            {
                "id": each.id,
                "subject_id": each.subject,
                "purpose_id": each.purpose,
                "version": each.version,
                "notified_at": each.notified_at,
                "acknowledged_at": each.acknowledged_at,
                "logged_at": tx.now,
                "salt": salt,
            }
            for each, salt in notices.items()
        ],
    )


async def acknowledge_notices(
    tx: Transaction, subjects: Collection[UUID], purpose: UUID, version: int, *, at: datetime
) -> list[UUID]:
    """Note that staff acknowledged what was announced to them of a purpose version; return whose notices changed."""
    statement = (
        update(_NOTICES)
        .where(
            _NOTICES.c.tenant_id == tx.tenant,
            _NOTICES.c.subject_id.in_(list(subjects)),
            _NOTICES.c.purpose_id == purpose,
            _NOTICES.c.version == version,
            _NOTICES.c.acknowledged_at.is_(None),
            _NOTICES.c.notified_at <= at,
        )
        .values(acknowledged_at=at)
        .returning(_NOTICES.c.subject_id)
    )
    return sorted({row.subject_id for row in await tx.execute(statement)})


async def forget_notices(tx: Transaction, subject: UUID) -> None:
    """Remove what was announced to a subject."""
    await tx.execute(delete(_NOTICES).where(_NOTICES.c.tenant_id == tx.tenant, _NOTICES.c.subject_id == subject))


async def announced_to(
    tx: Transaction, subjects: Collection[UUID], keys: Collection[str]
) -> Mapping[UUID, dict[tuple[str, int], datetime]]:
    """Return since when each subject knows which versions of these purposes."""
    statement = (
        select(_NOTICES.c.subject_id, _PURPOSES.c.key, _NOTICES.c.version, func.min(_NOTICES.c.notified_at).label("at"))
        .join(_PURPOSES, (_PURPOSES.c.tenant_id == _NOTICES.c.tenant_id) & (_PURPOSES.c.id == _NOTICES.c.purpose_id))
        .where(
            _NOTICES.c.tenant_id == tx.tenant,
            _NOTICES.c.subject_id.in_(list(subjects)),
            _PURPOSES.c.key.in_(list(keys)),
        )
        .group_by(_NOTICES.c.subject_id, _PURPOSES.c.key, _NOTICES.c.version)
    )
    found: dict[UUID, dict[tuple[str, int], datetime]] = {}
    for row in await tx.execute(statement):
        found.setdefault(row.subject_id, {})[row.key, row.version] = row.at
    return found


async def notices_to(tx: Transaction, subjects: Collection[UUID]) -> list[StaffNotice]:
    """Return what was announced to these subjects."""
    statement = (
        select(_NOTICES, _PURPOSES.c.key)
        .join(_PURPOSES, (_PURPOSES.c.tenant_id == _NOTICES.c.tenant_id) & (_PURPOSES.c.id == _NOTICES.c.purpose_id))
        .where(_NOTICES.c.tenant_id == tx.tenant, _NOTICES.c.subject_id.in_(list(subjects)))
        .order_by(_NOTICES.c.id)
    )
    return [
        StaffNotice(
            id=row.id,
            subject=row.subject_id,
            purpose=row.purpose_id,
            key=row.key,
            version=row.version,
            notified_at=row.notified_at,
            acknowledged_at=row.acknowledged_at,
        )
        for row in await tx.execute(statement)
    ]


def _sealed(row: Row[Any]) -> SealedIdentity:
    return SealedIdentity(row.id, row.key_id, bytes(row.sealed), row.staff, row.bot, row.left_at)
