"""Purposes in their versions: nothing is edited, the newest version counts for new calls."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any
from uuid import UUID

from recital_database import Transaction, new_id
from recital_errors import NotFound
from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from recital_consent.model.purposes import (
    Basis,
    BasisKind,
    CouncilKind,
    Monitoring,
    PurposeDraft,
    PurposeVersion,
    RetentionFrom,
    Sample,
    StaffOnly,
    StaffSafeguards,
    WorksCouncil,
)
from recital_consent.store.tables import CallPurposeRow, PurposeRow, PurposeVersionRow, add, add_new

_PURPOSES, _VERSIONS, _CALLS = PurposeRow.__table__, PurposeVersionRow.__table__, CallPurposeRow.__table__
_COLUMNS = select(_VERSIONS, _PURPOSES.c.key, _PURPOSES.c.retired_at).join(
    _PURPOSES, (_PURPOSES.c.tenant_id == _VERSIONS.c.tenant_id) & (_PURPOSES.c.id == _VERSIONS.c.id)
)

_NEXT = _VERSIONS.alias()
# How long the versions published after one keep recordings at most.
_LATER = func.array(
    select(func.coalesce(_NEXT.c.terms["at_most"].astext, _NEXT.c.retention))
    .where(_NEXT.c.tenant_id == _VERSIONS.c.tenant_id, _NEXT.c.id == _VERSIONS.c.id)
    .where(_NEXT.c.version > _VERSIONS.c.version)
    .scalar_subquery()
)

# The one that came into force last; of two from one moment, the one published later.
_IN_FORCE = (_VERSIONS.c.in_force_from.desc(), _VERSIONS.c.version.desc())


async def next_version(tx: Transaction, key: str) -> tuple[UUID, int]:
    """Return a purpose's id and its next version, made when new; who comes next waits for this transaction."""
    await add_new(tx, PurposeRow, {"id": await new_id(tx), "key": key})
    locked = select(_PURPOSES.c.id).where(_PURPOSES.c.tenant_id == tx.tenant, _PURPOSES.c.key == key)
    purpose = UUID(str((await tx.execute(locked.with_for_update())).scalar_one()))
    newest = select(func.coalesce(func.max(_VERSIONS.c.version), 0)).where(
        _VERSIONS.c.tenant_id == tx.tenant, _VERSIONS.c.id == purpose
    )
    return purpose, int((await tx.execute(newest)).scalar_one()) + 1


async def add_version(
    tx: Transaction, purpose: PurposeVersion, *, ledger_entry: UUID, salt: bytes, proposal: UUID | None
) -> None:
    """Keep a published version; `proposal` is the one it was published from, if there was one."""
    values = {
        **draft_values(purpose.draft, purpose.notice_sha256),
        "id": purpose.id,
        "version": purpose.version,
        "document": purpose.document,
        "proposal_id": proposal,
        "published_at": purpose.published_at,
        "in_force_from": purpose.in_force_from,
        "ledger_entry": ledger_entry,
        "salt": salt,
    }
    await add(tx, PurposeVersionRow, [values])


async def newest_versions(tx: Transaction, keys: Collection[str]) -> Mapping[str, PurposeVersion]:
    """Return the version in force now of each of these purposes that is known."""
    statement = (
        _COLUMNS.where(_VERSIONS.c.tenant_id == tx.tenant, _PURPOSES.c.key.in_(list(keys)))
        .ext(distinct_on(_VERSIONS.c.id))
        .order_by(_VERSIONS.c.id, *_IN_FORCE)
    )
    return {row.key: _purpose(row) for row in await tx.execute(statement)}


async def every_version(tx: Transaction, keys: Collection[str]) -> Mapping[str, Sequence[PurposeVersion]]:
    """Return all versions of each of these purposes that is known, in their order."""
    statement = _COLUMNS.where(_VERSIONS.c.tenant_id == tx.tenant, _PURPOSES.c.key.in_(list(keys)))
    found: dict[str, list[PurposeVersion]] = {}
    for row in await tx.execute(statement.order_by(_VERSIONS.c.version)):
        found.setdefault(row.key, []).append(_purpose(row))
    return found


async def all_versions(tx: Transaction) -> Mapping[str, Sequence[PurposeVersion]]:
    """Return all versions of all purposes, in their order."""
    found: dict[str, list[PurposeVersion]] = {}
    for row in await tx.execute(_COLUMNS.where(_VERSIONS.c.tenant_id == tx.tenant).order_by(_VERSIONS.c.version)):
        found.setdefault(row.key, []).append(_purpose(row))
    return found


async def find_version(tx: Transaction, key: str, version: int | None) -> PurposeVersion:
    """Return one version of a purpose, the one in force without a number; raises NotFound."""
    statement = _COLUMNS.where(_VERSIONS.c.tenant_id == tx.tenant, _PURPOSES.c.key == key)
    if version is not None:
        statement = statement.where(_VERSIONS.c.version == version)
    row = (await tx.execute(statement.order_by(*_IN_FORCE).limit(1))).one_or_none()
    if row is None:
        raise NotFound
    return _purpose(row)


async def version_of_entry(tx: Transaction, ledger_entry: UUID) -> PurposeVersion:
    """Return the version that a ledger entry tells of; raises NotFound."""
    statement = _COLUMNS.where(_VERSIONS.c.tenant_id == tx.tenant, _VERSIONS.c.ledger_entry == ledger_entry)
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return _purpose(row)


async def retire(tx: Transaction, key: str) -> bool:
    """Note that no call is registered for a purpose any more; false where that was noted before."""
    statement = (
        update(_PURPOSES)
        .where(_PURPOSES.c.tenant_id == tx.tenant, _PURPOSES.c.key == key, _PURPOSES.c.retired_at.is_(None))
        .values(retired_at=tx.now)
    )
    return (await tx.execute(statement)).rowcount == 1


async def versions_of_calls(tx: Transaction, calls: Collection[UUID]) -> Mapping[UUID, list[PurposeVersion]]:
    """Return the purposes each call was registered for, in the order given then, each with what later ones keep."""
    statement = (
        _COLUMNS.add_columns(_CALLS.c.id.label("call_id"), _LATER.label("later"))
        .join(
            _CALLS,
            (_CALLS.c.tenant_id == _VERSIONS.c.tenant_id)
            & (_CALLS.c.purpose_id == _VERSIONS.c.id)
            & (_CALLS.c.version == _VERSIONS.c.version),
        )
        .where(_CALLS.c.tenant_id == tx.tenant, _CALLS.c.id.in_(list(calls)))
        .order_by(_CALLS.c.position)
    )
    found: dict[UUID, list[PurposeVersion]] = {}
    for row in await tx.execute(statement):
        version = replace(_purpose(row), later_retentions=frozenset(row.later))
        found.setdefault(row.call_id, []).append(version)
    return found


async def list_purposes(tx: Transaction, *, after: UUID | None, most: int) -> Sequence[PurposeVersion]:
    """Return a page of purposes, each in the version in force."""
    statement = _COLUMNS.where(_VERSIONS.c.tenant_id == tx.tenant)
    if after is not None:
        statement = statement.where(_VERSIONS.c.id > after)
    statement = statement.ext(distinct_on(_VERSIONS.c.id)).order_by(_VERSIONS.c.id, *_IN_FORCE).limit(most)
    return [_purpose(row) for row in await tx.execute(statement)]


def draft_values(draft: PurposeDraft, notice_sha256: Mapping[str, str]) -> dict[str, Any]:
    """Return the columns that hold what a purpose says."""
    return {
        "title": draft.title,
        "basis": draft.basis.kind.value,
        "terms": terms_of(draft),
        "notices": {
            language: {"text": text, "sha256": notice_sha256[language]} for language, text in draft.notices.items()
        },
        "retention": draft.retention,
        "roles": sorted(draft.roles),
        "hold_suppressed": draft.hold_suppressed,
        "review_on": draft.basis.review_on,
    }


def terms_of(draft: PurposeDraft) -> dict[str, Any]:
    """Return what is only read whole of a purpose, as JSON."""
    basis, guards = draft.basis, draft.staff_safeguards
    council = guards.works_council
    return {
        "basis": {
            "kind": basis.kind.value,
            "document": basis.document,
            "citation": basis.citation,
            "outcome": basis.outcome,
            "review_on": basis.review_on.isoformat() if basis.review_on else None,
            "texts": dict(basis.texts),
            "withdrawal": basis.withdrawal,
        },
        "hold_necessity": draft.hold_necessity,
        "retention_from": draft.retention_from.value,
        "at_most": draft.at_most,
        "staff_safeguards": {
            "works_council": {"kind": council.kind.value, "reference": council.reference} if council else None,
            "monitoring": guards.monitoring.value,
            "necessity": guards.necessity,
            "dpia": guards.dpia,
            "sample": asdict(guards.sample) if guards.sample else None,
            "staff_only": (
                {"until": guards.staff_only.until.isoformat(), "necessity": guards.staff_only.necessity}
                if guards.staff_only
                else None
            ),
        },
    }


def _staff_only(said: dict[str, Any] | None) -> StaffOnly | None:
    return StaffOnly(until=date.fromisoformat(said["until"]), necessity=said["necessity"]) if said else None


def draft_of(row: Row[Any]) -> PurposeDraft:
    """Return what a purpose says, from its columns."""
    basis, guards = row.terms["basis"], row.terms["staff_safeguards"]
    council = guards["works_council"]
    return PurposeDraft(
        key=row.key,
        title=row.title,
        basis=Basis(
            kind=BasisKind(basis["kind"]),
            document=basis["document"],
            citation=basis["citation"],
            outcome=basis["outcome"],
            review_on=date.fromisoformat(basis["review_on"]) if basis["review_on"] else None,
            texts=basis["texts"],
            withdrawal=basis["withdrawal"],
        ),
        notices={language: each["text"] for language, each in row.notices.items()},
        retention=row.retention,
        roles=frozenset(row.roles),
        hold_suppressed=row.hold_suppressed,
        hold_necessity=row.terms["hold_necessity"],
        retention_from=RetentionFrom(row.terms.get("retention_from", RetentionFrom.CALL_END)),
        at_most=row.terms.get("at_most"),
        staff_safeguards=StaffSafeguards(
            works_council=WorksCouncil(kind=CouncilKind(council["kind"]), reference=council["reference"])
            if council
            else None,
            monitoring=Monitoring(guards["monitoring"]),
            necessity=guards["necessity"],
            dpia=guards["dpia"],
            # Versions from before these could be said have neither.
            sample=Sample(**guards["sample"]) if guards.get("sample") else None,
            staff_only=_staff_only(guards.get("staff_only")),
        ),
    )


def _purpose(row: Row[Any]) -> PurposeVersion:
    return PurposeVersion(
        id=row.id,
        version=row.version,
        draft=draft_of(row),
        document=row.document,
        retired_at=row.retired_at,
        notice_sha256={language: each["sha256"] for language, each in row.notices.items()},
        published_at=row.published_at,
        in_force_from=row.in_force_from,
    )
