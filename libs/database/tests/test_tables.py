"""Tables of two services under one name, and rows written through them."""

from datetime import UTC, datetime
from uuid import UUID

from recital_database import Database
from recital_database.tables import Tabular, add, add_new, binary, instant, own_registry
from sqlalchemy import DateTime
from sqlmodel import Field

ALPHA, BETA = UUID(int=0xA), UUID(int=0xB)


class Row(Tabular, registry=own_registry()):
    """One service's rows."""


class OtherRow(Tabular, registry=own_registry()):
    """Another service's rows."""


class PositionRow(Row, table=True):
    """A table that every service has."""

    __tablename__ = "aggregate_versions"
    aggregate: str = Field(primary_key=True)
    aggregate_id: UUID = Field(primary_key=True)
    version: int


class SamePositionRow(OtherRow, table=True):
    """The same table as another service knows it."""

    __tablename__ = "aggregate_versions"
    aggregate: str = Field(primary_key=True)


def test_two_services_may_know_one_table_name() -> None:
    assert PositionRow.__table__ is not SamePositionRow.__table__
    assert [each.name for each in PositionRow.__table__.primary_key] == ["tenant_id", "aggregate", "aggregate_id"]


def test_a_moment_has_its_zone_and_bytes_may_be_a_key() -> None:
    class Kept(Row, table=True):
        __tablename__ = "kept"
        digest: bytes = binary(key=True)
        at: datetime = instant()
        ended_at: datetime | None = instant(nullable=True)

    columns = Kept.__table__.c
    assert (columns.digest.primary_key, columns.at.nullable, columns.ended_at.nullable) == (True, False, True)
    assert isinstance(columns.at.type, DateTime)
    assert columns.at.type.timezone
    assert Kept(tenant_id=ALPHA, digest=b"1", at=datetime(2026, 1, 1, tzinfo=UTC)).ended_at is None


async def test_rows_are_the_transactions_tenants_and_a_taken_key_is_told(ingest: Database) -> None:
    values = [{"aggregate": "call", "aggregate_id": UUID(int=each), "version": each} for each in (1, 2)]
    async with ingest.transaction(ALPHA) as tx:
        await add(tx, PositionRow, values)
        await add(tx, PositionRow, [])
        assert not await add_new(tx, PositionRow, values[0])
        assert await add_new(tx, PositionRow, {**values[0], "aggregate_id": UUID(int=3)})
        assert (await tx.execute("select count(*) from aggregate_versions")).scalar_one() == 3
    async with ingest.transaction(BETA) as tx:
        assert (await tx.execute("select count(*) from aggregate_versions")).scalar_one() == 0
