"""What a service's store writes its table classes with: rows that begin with their tenant, written by plain statements.

The tables themselves, and every query, are the services' own; each service's classes have a registry of their own.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, ColumnElement, DateTime, LargeBinary, MetaData, Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from recital_database.connection import Transaction


class Tabular(SQLModel):
    """What all rows share: statements are written on the table itself, in one round trip, never by a unit of work.

    A service derives one class of its own from it, `class Row(Tabular, registry=own_registry())`, and its tables from
    that one: two services' tables of one name may be known in one process.
    """

    __table__: ClassVar[Table]
    tenant_id: UUID = Field(primary_key=True)


def own_registry() -> registry:
    """Return a registry for one service's tables."""
    return registry(metadata=MetaData())


def column(kind: Any, *, nullable: bool = False, key: bool = False) -> Any:
    """Return a field of a column type that the annotation does not say, as `ARRAY(Text)`."""
    return Field(sa_column=Column(kind, nullable=nullable, primary_key=key))


def instant(*, nullable: bool = False) -> Any:
    """Return a field for a moment, kept with its zone."""
    return column(DateTime(timezone=True), nullable=nullable)


def binary(*, nullable: bool = False, key: bool = False) -> Any:
    """Return a field for bytes: a digest, a salt, something sealed."""
    return column(LargeBinary, nullable=nullable, key=key)


def table(row: type[Tabular]) -> Table:
    """Return the table of a row class, for Core statements."""
    return row.__table__


def mine(row: type[Tabular], tx: Transaction) -> ColumnElement[bool]:
    """Name the transaction's tenant, so that the index is used; row-level security shows no other anyway."""
    made: ColumnElement[bool] = table(row).c.tenant_id == tx.tenant
    return made


async def add(tx: Transaction, row: type[Tabular], values: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the transaction's tenant in one statement; all have the same columns."""
    if values:
        # Values beside the statement, not in it: the statement is then compiled once, however many rows come.
        await tx.execute(insert(row.__table__), [{"tenant_id": tx.tenant, **each} for each in values])


async def add_new(tx: Transaction, row: type[Tabular], values: Mapping[str, Any]) -> bool:
    """Insert a row unless its key is taken; false where it was."""
    statement = insert(row.__table__).values(tenant_id=tx.tenant, **values).on_conflict_do_nothing()
    return (await tx.execute(statement)).rowcount == 1
