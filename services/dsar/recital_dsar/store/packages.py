"""Packages: where each lies, under which key, and how far it has come."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_errors import NotFound
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from recital_dsar.model import Package, PackageState
from recital_dsar.store.tables import PackageRow, mine, table

PACKAGES = table(PackageRow)


async def add_package(tx: Transaction, package_id: UUID, request: UUID, files_total: int) -> None:
    """Write a new package, being built."""
    await tx.execute(
        insert(PACKAGES).values(
            tenant_id=tx.tenant,
            id=package_id,
            request_id=request,
            state=PackageState.BUILDING.value,
            places=[],
            files_done=0,
            files_total=files_total,
            started_at=tx.now,
        )
    )


async def package(tx: Transaction, package_id: UUID, *, lock: bool = False) -> Package:
    """Return a package; raises NotFound."""
    asked = select(PACKAGES).where(mine(PackageRow, tx), PACKAGES.c.id == package_id)
    row = (await tx.execute(asked.with_for_update() if lock else asked)).one_or_none()
    if row is None:
        raise NotFound
    return _package(row)


async def newest_package(tx: Transaction, request: UUID) -> Package | None:
    """Return the package that was last begun for a request."""
    row = (
        await tx.execute(
            select(PACKAGES)
            .where(mine(PackageRow, tx), PACKAGES.c.request_id == request)
            .order_by(PACKAGES.c.id.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else _package(row)


async def newest_packages(tx: Transaction, requests: Collection[UUID]) -> dict[UUID, Package]:
    """Return the package that was last begun for each of several requests."""
    rows = await tx.execute(
        select(PACKAGES)
        .ext(distinct_on(PACKAGES.c.request_id))
        .where(mine(PackageRow, tx), PACKAGES.c.request_id.in_(list(requests)))
        .order_by(PACKAGES.c.request_id, PACKAGES.c.id.desc())
    )
    return {row.request_id: _package(row) for row in rows}


async def place_package(tx: Transaction, was: Package, *, key: UUID, object_key: str, ends_at: datetime) -> None:
    """Write where a package will lie, beside every place where it was before, before its first byte."""
    places = [list(each) for each in (*was.places, ("key", str(key)), ("object", object_key))]
    await _change(
        tx, was.id, key_id=key, object_key=object_key, upload_id=None, places=places, files_done=0, ends_at=ends_at
    )


async def note_upload(tx: Transaction, package_id: UUID, upload_id: str) -> None:
    """Write the id of a package's upload before its first part."""
    await _change(tx, package_id, upload_id=upload_id)


async def count_files(tx: Transaction, package_id: UUID, files_done: int) -> bool:
    """Write how many files are in; false where the package is no longer being built."""
    changed = await tx.execute(
        update(PACKAGES)
        .where(mine(PackageRow, tx), PACKAGES.c.id == package_id, PACKAGES.c.state == PackageState.BUILDING.value)
        .values(files_done=files_done)
    )
    return changed.rowcount == 1


async def finish_package(tx: Transaction, package_id: UUID, *, size: int, sha256: str) -> None:
    """Write that a package is whole and verified."""
    await _change(
        tx,
        package_id,
        state=PackageState.READY.value,
        size=size,
        sha256=sha256,
        files_total=PACKAGES.c.files_done,
        finished_at=tx.now,
    )


async def mark_package(tx: Transaction, package_id: UUID, state: PackageState) -> None:
    """Write what became of a package."""
    await _change(tx, package_id, state=state.value)


async def _change(tx: Transaction, package_id: UUID, **values: Any) -> None:
    await tx.execute(update(PACKAGES).where(mine(PackageRow, tx), PACKAGES.c.id == package_id).values(**values))


def _package(row: Any) -> Package:
    return Package(
        id=row.id,
        request=row.request_id,
        state=PackageState(row.state),
        key=row.key_id,
        object_key=row.object_key,
        upload_id=row.upload_id,
        places=tuple((kind, where) for kind, where in row.places),
        files_done=row.files_done,
        files_total=row.files_total,
        size=row.size,
        sha256=row.sha256,
        ends_at=row.ends_at,
    )
