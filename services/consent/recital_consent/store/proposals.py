"""Purpose versions that are to count from a past date, and wait for a second person."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_database.tables import add, binary, column, instant
from recital_errors import NotFound
from sqlalchemy import Row, Text, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from recital_consent.model.purposes import Proposal
from recital_consent.store.purposes import draft_of, draft_values
from recital_consent.store.tables import Tabular


class ProposalRow(Tabular, table=True):
    """A version that waits."""

    __tablename__ = "purpose_proposals"
    id: UUID = Field(primary_key=True)
    key: str
    title: str
    basis: str
    terms: dict[str, Any] = column(JSONB)
    notices: dict[str, Any] = column(JSONB)
    retention: str
    roles: list[str] = column(ARRAY(Text))
    hold_suppressed: bool
    review_on: date | None
    in_force_from: datetime = instant()
    document: str
    proposed_by: bytes = binary()
    proposed_at: datetime = instant()
    approved_by: bytes | None = binary(nullable=True)
    approved_at: datetime | None = instant(nullable=True)
    version: int | None


_PROPOSALS = ProposalRow.__table__


async def add_proposal(tx: Transaction, proposal: Proposal) -> None:
    """Keep a version that waits."""
    draft = proposal.draft
    values = {
        **draft_values(draft, dict.fromkeys(draft.notices, "")),
        "id": proposal.id,
        "key": draft.key,
        "in_force_from": proposal.in_force_from,
        "document": proposal.document,
        "proposed_by": proposal.proposed_by,
        "proposed_at": proposal.proposed_at,
    }
    await add(tx, ProposalRow, [values])


async def find_proposal(tx: Transaction, proposal: UUID, *, locked: bool = False) -> Proposal:
    """Return a version that waits, or waited; raises NotFound."""
    statement = select(_PROPOSALS).where(_PROPOSALS.c.tenant_id == tx.tenant, _PROPOSALS.c.id == proposal)
    row = (await tx.execute(statement.with_for_update() if locked else statement)).one_or_none()
    if row is None:
        raise NotFound
    return _proposal(row)


async def list_proposals(tx: Transaction, *, after: UUID | None, most: int) -> Sequence[Proposal]:
    """Return a page of proposals, also of those that were published."""
    statement = select(_PROPOSALS).where(_PROPOSALS.c.tenant_id == tx.tenant)
    if after is not None:
        statement = statement.where(_PROPOSALS.c.id > after)
    return [_proposal(row) for row in await tx.execute(statement.order_by(_PROPOSALS.c.id).limit(most))]


async def approve_proposal(tx: Transaction, proposal: UUID, *, by: bytes, version: int) -> None:
    """Note by whom a proposal was approved, and as which version it was published."""
    mine = (_PROPOSALS.c.tenant_id == tx.tenant) & (_PROPOSALS.c.id == proposal)
    await tx.execute(update(_PROPOSALS).where(mine).values(approved_by=by, approved_at=tx.now, version=version))


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(
        id=row.id,
        draft=draft_of(row),
        in_force_from=row.in_force_from,
        document=row.document,
        proposed_by=bytes(row.proposed_by),
        proposed_at=row.proposed_at,
        approved_at=row.approved_at,
        version=row.version,
    )
