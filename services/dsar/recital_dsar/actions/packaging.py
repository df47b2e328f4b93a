"""Making the package: begun when every item is decided, sealed as it is streamed, begun anew after a crash.

Where it will lie is committed and announced before its first byte; what an attempt left is destroyed before the next.
"""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from jinja2 import Environment
from recital_database import Transaction, alarm, announce, new_id
from recital_errors import Conflict, Gone
from recital_events import CopyRegistered, Place
from recital_vault import DataKey, SealedObject, Vault

from recital_dsar.actions.collection import fetched
from recital_dsar.actions.entries import Happening, enter, opened_details
from recital_dsar.actions.letters import announce_ready
from recital_dsar.actions.means import Means, order_for
from recital_dsar.actions.moves import move
from recital_dsar.actions.package_files import Given, PackageFiles, file_count
from recital_dsar.actions.package_sound import TroubledItem
from recital_dsar.decisions.measures import MEASURED
from recital_dsar.decisions.packages import end_of_package
from recital_dsar.decisions.progress import may_build
from recital_dsar.model import Decision, Item, Move, Package, PackageState, Part, Request, State
from recital_dsar.store.entries import sealed_details
from recital_dsar.store.items import Selection, count_items, items_of, undecide
from recital_dsar.store.packages import (
    add_package,
    count_files,
    finish_package,
    mark_package,
    newest_package,
    note_upload,
    package,
    place_package,
)
from recital_dsar.store.parts import parts_of
from recital_dsar.store.requests import request
from recital_dsar.store.steps import add_step
from recital_dsar.store.tenants import tenant

CONTAINED = frozenset({"recording", "call", "identity"})
PART = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that was decided and stored about a package that is to be made now."""

    request: Request
    package: Package
    items: tuple[Item, ...]
    parts: tuple[Part, ...]
    key: DataKey
    object_key: str


async def start_package(tx: Transaction, vault: Vault, request_id: UUID, *, by: str) -> None:
    """Begin a package: every item is decided. Beginning again what is under way or ready changes nothing.

    Raises NotFound, Gone, Conflict `request_state` or `items_undecided`.
    """
    found = await request(tx, request_id, lock=True)
    if found.state in (State.BUILDING, State.READY):
        return
    if found.kind in MEASURED:
        raise Conflict("not_a_copy", "This request is answered by a decision, not by a package.")
    refusal = may_build(await count_items(tx, request_id))
    if found.state is State.REVIEW and refusal is not None:
        raise Conflict(refusal.code, "Every item needs a decision before the package can be made.", reasons=[refusal])
    await move(tx, found, Move.START_PACKAGE)
    new = await new_id(tx)
    await add_package(tx, new, request_id, file_count(found.kind, await items_of(tx, request_id, Selection())))
    await enter(tx, vault, found, Happening("package.begun", by=by, facts={"package": str(new)}))
    await add_step(tx, "build", about=new, request=request_id)


async def build_package(means: Means, environment: Environment, tenant_id: UUID, package_id: UUID) -> None:
    """Make a package that was begun; raises Unavailable where something does not answer: it is begun anew then.

    An item that cannot be given as decided takes the request back to its review, with an alarm.
    """
    plan = await _planned(means, tenant_id, package_id)
    if plan is None:
        return
    try:
        made = await _write(means, environment, tenant_id, plan)
    except TroubledItem as trouble:
        async with means.database.transaction(tenant_id) as tx:
            if trouble.item.thing is not None:
                await undecide(tx, plan.request.id, trouble.item.thing, trouble.code)
            await lose_package(tx, plan.package, trouble.code)
        return
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, plan.request.id, lock=True)
        if (await package(tx, package_id, lock=True)).state is not PackageState.BUILDING:
            raise Conflict("package_lost", "The package was ended while it was made.")
        await finish_package(tx, package_id, size=made.size, sha256=made.plain_sha256.hex())
        await move(tx, found, Move.FINISH_PACKAGE)
        facts = {"package": str(package_id), "sha256": made.plain_sha256.hex()}
        await enter(tx, means.vault, found, Happening("package.made", facts=facts))
        await announce_ready(tx, means, found, plan.package.ends_at)


async def lose_package(tx: Transaction, lost: Package, cause: str) -> None:
    """Take a request whose package is gone or cannot be made back to its review, visibly."""
    try:
        found = await request(tx, lost.request, lock=True)
    except Gone:  # the request's file went first
        await mark_package(tx, lost.id, PackageState.LOST)
        return
    newest = await newest_package(tx, lost.request)
    await mark_package(tx, lost.id, PackageState.LOST)
    if found.state in (State.BUILDING, State.READY) and newest is not None and newest.id == lost.id:
        await move(tx, found, Move.LOSE_PACKAGE)
        await alarm(tx, "package_lost", about=found.id, detail=cause)


async def _planned(means: Means, tenant_id: UUID, package_id: UUID) -> Plan | None:
    """Destroy what an earlier attempt left, then commit and announce where this one will lie."""
    async with means.database.transaction(tenant_id) as tx:
        old = await package(tx, package_id)
    if old.state is not PackageState.BUILDING:
        return None
    if old.key is not None and old.object_key is not None:
        await means.vault.keys.destroy(tenant_id, [old.key])
        await means.vault.objects.erase(old.object_key, old.upload_id)
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, old.request)
        facts = await tenant(tx)
        key = await means.vault.keys.new_key(tenant_id, package_id, facts.key)
        object_key = f"dsar/{await new_id(tx)}"
        ends_at = end_of_package(tx.now, facts, means.limits.package)
        await place_package(tx, old, key=key.id, object_key=object_key, ends_at=ends_at)
        placed = await package(tx, package_id, lock=True)
        items = tuple(await items_of(tx, found.id, Selection()))
        contained = {each.thing for each in items if each.kind in CONTAINED and each.decision is not Decision.WITHHOLD}
        await announce(
            tx,
            CopyRegistered(
                holding=package_id,
                kind="package",
                contains=tuple(sorted(each for each in contained if each is not None)),
                places=tuple(Place.model_validate({"kind": kind, "id": where}) for kind, where in placed.places),
                subjects=found.subjects or (),
                ends_at=ends_at,
            ),
        )
        return Plan(found, placed, items, tuple(await parts_of(tx, found.order)), key, object_key)


async def _write(means: Means, environment: Environment, tenant_id: UUID, plan: Plan) -> SealedObject:
    async def note(files_done: int) -> None:
        async with means.database.transaction(tenant_id) as tx:
            if not await count_files(tx, plan.package.id, files_done):
                raise Conflict("package_lost", "The package was ended while it was made.")

    async def on_upload(upload_id: str) -> None:
        async with means.database.transaction(tenant_id) as tx:
            await note_upload(tx, plan.package.id, upload_id)

    files = PackageFiles(
        package=plan.package.id,
        request=plan.request,
        items=await _contents(means, tenant_id, plan),
        ingest=means.ordered("ingest", order_for(tenant_id, plan.request.id, plan.request.subjects or (), "render")),
        now=means.database.clock.now(),
        environment=environment,
        note=note,
    )
    writer = means.vault.writer(tenant_id, plan.package.id, PART, plan.object_key, plan.key, on_upload=on_upload)
    async with writer, aclosing(files.zipped()) as pieces:
        async for piece in pieces:
            await writer.write(piece)
        return await writer.finish()


async def _contents(means: Means, tenant_id: UUID, plan: Plan) -> list[Given]:
    """Read every part again from its owner, checked as before, and lay each item's content beside its decision."""
    documents = {part.id: await fetched(means, tenant_id, plan.request, part) for part in plan.parts}
    entries = sorted({each.entry for each in plan.items if each.entry is not None})
    async with means.database.transaction(tenant_id) as tx:
        sealed = await sealed_details(tx, entries)
        grounds = {
            entry: (await opened_details(tx, means.vault, plan.request, details)).get("ground")
            for entry, details in sealed.items()
        }
    return [Given(item, documents[item.part].items[item.position], _ground(grounds, item.entry)) for item in plan.items]


def _ground(grounds: Mapping[UUID, object], entry: UUID | None) -> str | None:
    ground = grounds.get(entry) if entry is not None else None
    return ground if isinstance(ground, str) else None
