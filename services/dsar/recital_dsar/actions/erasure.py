"""Destroying on retention's order: a package or a closed request's file, keys first, each place proved empty.

Only retention orders destruction. What is ordered is tried until it is done; what does not go is reported as stuck.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from recital_database import Transaction, alarm, announce, record
from recital_errors import Conflict, Gone, NotFound, RecitalError, Unavailable
from recital_events import ErasureOrdered, HoldingErased, HoldingStuck, Place, Proof

from recital_dsar.actions.entries import LEDGER, Happening, enter
from recital_dsar.actions.means import Means
from recital_dsar.actions.packaging import lose_package
from recital_dsar.model import ErasureOrder, PackageState, State
from recital_dsar.store.erasures import add_order, erase_file, is_erased, order, settle_order
from recital_dsar.store.packages import mark_package, package
from recital_dsar.store.requests import request
from recital_dsar.store.steps import add_step, drop_steps, lock_name

OURS = frozenset({"package", "request"})
METHODS: dict[str, str] = {"key": "key_deleted", "object": "versions_deleted", "rows": "rows_deleted"}


@dataclass(frozen=True, slots=True)
class Target:
    """The places of one holding: keys, objects (each with the upload that made it, where known), and rows."""

    keys: tuple[UUID, ...]
    objects: tuple[tuple[str, str | None], ...]
    rows: UUID | None

    def places(self) -> list[Place]:
        """Return the places as events name them, in the order in which they are destroyed."""
        found = [_place("key", str(key)) for key in self.keys]
        found += [_place("object", each) for each, _ in self.objects]
        return found + ([_place("rows", str(self.rows))] if self.rows is not None else [])


async def note_erasure_order(tx: Transaction, event: ErasureOrdered) -> None:
    """Note an order for a holding of ours; one for another service's holding is passed over."""
    if event.kind not in OURS:
        return
    try:
        about = (await package(tx, event.holding)).request if event.kind == "package" else event.holding
    except NotFound:
        return
    if event.kind == "package":
        await lose_package(tx, await package(tx, event.holding), "package_erased")
    noted = ErasureOrder(event.order, event.holding, event.kind, event.ordered_at, None, None)
    await add_order(tx, noted, event.control_sequence)
    await add_step(tx, "erase", about=event.order, request=about)


async def erase(means: Means, tenant_id: UUID, order_id: UUID) -> None:
    """Carry out an order and answer with a proof per place; raises what stands in the way, and may be repeated."""
    async with means.database.transaction(tenant_id) as tx:
        ordered = await order(tx, order_id)
        if ordered.erased_at is not None:
            return
        target = await _target(tx, ordered)
    # Whoever still makes this package must let go first: what it writes later would outlive the proof.
    async with means.database.holding(lock_name("build", ordered.holding)) as free:
        if not free:
            raise Unavailable("package_being_made", "The package is still being made.")
        await _destroy(means, tenant_id, target)
    async with means.database.transaction(tenant_id) as tx:
        if target.rows is not None:
            await erase_file(tx, target.rows)
            if not await is_erased(tx, target.rows):
                raise Unavailable("rows_left", "Rows of an erased file are still there.")
            await record(tx, LEDGER, "request.erased", facts={"request": str(target.rows), "order": str(order_id)})
        else:
            await _certify_package(tx, means, ordered)
        await settle_order(tx, order_id, erased=True)
        proofs = tuple(Proof(place=place, method=METHODS[place.kind], absent_at=tx.now) for place in target.places())
        await announce(
            tx,
            HoldingErased(
                order=order_id,
                holding=ordered.holding,
                kind=_kind(ordered.kind),
                proofs=proofs,
                erased_at=tx.now,
            ),
        )


async def report_stuck(means: Means, tenant_id: UUID, order_id: UUID, cause: str) -> None:
    """Tell retention once that an order does not succeed; it is tried on."""
    async with means.database.transaction(tenant_id) as tx:
        ordered = await order(tx, order_id)
        if ordered.stuck_at is not None or ordered.erased_at is not None:
            return
        await settle_order(tx, order_id, erased=False)
        try:
            place = (await _target(tx, ordered)).places()[0]
        except RecitalError:
            place = _place("rows", str(ordered.holding))
        await announce(
            tx,
            HoldingStuck(
                order=order_id,
                holding=ordered.holding,
                kind=_kind(ordered.kind),
                place=place,
                since=ordered.ordered_at,
                cause=cause,
            ),
        )
        await alarm(tx, "erasure_stuck", about=ordered.holding, detail=f"{ordered.kind}: {cause}")


async def _target(tx: Transaction, ordered: ErasureOrder) -> Target:
    if ordered.kind == "package":
        found = await package(tx, ordered.holding)
        return Target(
            keys=tuple(UUID(where) for kind, where in found.places if kind == "key"),
            objects=tuple(
                (where, found.upload_id if where == found.object_key else None)
                for kind, where in found.places
                if kind == "object"
            ),
            rows=None,
        )
    try:
        file = await request(tx, ordered.holding)
    except Gone:
        return Target((), (), ordered.holding)
    if file.state is not State.CLOSED:
        raise Conflict("request_open", "The file of an open request is not destroyed.")
    keys = [file.file_key] if file.identifiers_key is None else [file.file_key, file.identifiers_key]
    return Target(tuple(keys), (), ordered.holding)


async def _destroy(means: Means, tenant_id: UUID, target: Target) -> None:
    keys, objects = means.vault.keys, means.vault.objects
    await keys.destroy(tenant_id, target.keys)
    if not await keys.absent(tenant_id, target.keys):
        raise Unavailable("key_left", "A destroyed key is still there.")
    for object_key, upload_id in target.objects:
        await objects.erase(object_key, upload_id)
        if not await objects.absent(object_key, upload_id):
            raise Unavailable("object_left", "A destroyed object is still there.")


async def _certify_package(tx: Transaction, means: Means, ordered: ErasureOrder) -> None:
    """Write down that a package is gone, and that nobody is to make it any more."""
    gone = await package(tx, ordered.holding, lock=True)
    await mark_package(tx, gone.id, PackageState.ERASED)
    await drop_steps(tx, gone.id, ["build"])
    try:
        found = await request(tx, gone.request)
    except Gone:
        return
    await enter(tx, means.vault, found, Happening("package.erased", facts={"package": str(gone.id)}))


def _place(kind: Literal["object", "key", "rows"], where: str) -> Place:
    return Place(kind=kind, id=where)


def _kind(kind: str) -> Literal["package", "request"]:
    return "package" if kind == "package" else "request"
