"""A provider's list of calls taken in as it comes, batch by batch: calls it ends are ended, unknown ones are alarmed.

Every line is then recorded, lawfully not recorded, missing or unknown: the report says which, as it stands when asked.
"""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from recital_database import Json, Transaction, alarm, new_id, record
from recital_identity import Principal

from recital_consent.actions.means import LOG, Means, digest
from recital_consent.actions.timeline import write_entries
from recital_consent.decisions.cdr import heading_of, read_line
from recital_consent.model.calls import CallRecord, EntryKind
from recital_consent.model.cdr import BadLine, CdrImport, CdrLine, LineState, ReportLine
from recital_consent.model.drafts import EntryDraft
from recital_consent.store import calls, cdr, registering, tenants

BATCH = 500
ENDED = "recital.cdr"
"""The id of the end that Recital itself writes, where a provider's list tells it."""


async def begin_import(means: Means, tenant: UUID) -> UUID:
    """Begin an import and return its id."""
    async with means.database.transaction(tenant) as tx:
        import_id = await new_id(tx)
        await cdr.begin_import(tx, import_id)
        await record(tx, LOG, "cdr.begun", facts={"import": str(import_id)})
        return import_id


async def take_lines(
    means: Means, principal: Principal, tenant: UUID, import_id: UUID, lines: AsyncIterator[str], *, is_csv: bool
) -> None:
    """Take in a list line by line; each batch is a transaction, so that what came is kept whatever breaks off later.

    Raises nothing for bad lines: they are reported.
    """
    heading: Sequence[str] | None = None
    batch: list[tuple[int, str]] = []
    number = 0
    async for text in lines:
        number += 1
        if is_csv and heading is None:
            heading = heading_of(text.lstrip("\ufeff"))
            if heading is None:
                await _finish(means, tenant, import_id, "heading_missing")
                return
            continue
        if text.strip():
            batch.append((number, text))
        if len(batch) == BATCH:
            await _take(means, principal, (tenant, import_id), batch, heading)
            batch = []
    if batch:
        await _take(means, principal, (tenant, import_id), batch, heading)
    await _finish(means, tenant, import_id, None)


async def break_off(means: Means, tenant: UUID, import_id: UUID) -> None:
    """Note that a list broke off; what came of it is kept."""
    await _finish(means, tenant, import_id, "broken_off")


async def read_import(tx: Transaction, import_id: UUID) -> CdrImport:
    """Return an import with its counts. Raises NotFound."""
    return await cdr.find_import(tx, import_id)


async def list_imports(tx: Transaction, *, after: UUID | None, most: int) -> list[CdrImport]:
    """Return a page of imports, those that go on among them."""
    return [await cdr.find_import(tx, each) for each in await cdr.import_ids(tx, after=after, most=most)]


async def report(
    tx: Transaction, import_id: UUID, *, states: Sequence[LineState], after: int, most: int
) -> list[ReportLine]:
    """Return a page of an import's lines. Raises NotFound."""
    await cdr.find_import(tx, import_id)
    return await cdr.report_lines(tx, import_id, states=states, after=after, most=most)


async def _take(
    means: Means,
    principal: Principal,
    where: tuple[UUID, UUID],
    batch: Sequence[tuple[int, str]],
    heading: Sequence[str] | None,
) -> None:
    tenant_id, import_id = where
    async with means.database.transaction(tenant_id) as tx:
        tenant, _ = await tenants.own_tenant(tx)
        read = [read_line(number, text, heading, tx.now) for number, text in batch]
        bad = [each for each in read if isinstance(each, BadLine)]
        sound = [each for each in read if isinstance(each, CdrLine)]
        digests = {each.line: await digest(means.vault, tenant, "external_id", each.external_id) for each in sound}
        claimed = await registering.external_ids(tx, list(digests.values())) if digests else {}
        known = await calls.read_calls(tx, [each.call for each in claimed.values()]) if claimed else {}
        lines: dict[int, tuple[bytes, UUID | None]] = {}
        ended: dict[UUID, CdrLine] = {}
        for each in sound:
            stands = claimed.get(digests[each.line])
            call = known.get(stands.call) if stands else None
            lines[each.line] = (digests[each.line], call.id if call else None)
            if call is not None and _ends(call, each):
                ended.setdefault(call.id, each)
        for call_id, each in ended.items():
            await _end(means, tx, principal, call_id, each)
        await cdr.add_lines(tx, import_id, lines, bad, len(ended))


def _ends(call: CallRecord, line: CdrLine) -> bool:
    return call.ended_at is None and call.erasing_at is None and line.ended_at is not None


async def _end(means: Means, tx: Transaction, principal: Principal, call: UUID, line: CdrLine) -> None:
    if line.ended_at is None:
        return
    entry = EntryDraft(
        id=ENDED, kind=EntryKind.ENDED, at=line.ended_at, given=frozenset(), content=line.ended_at.isoformat().encode()
    )
    await write_entries(means, tx, principal, call, [entry], None)


async def _finish(means: Means, tenant: UUID, import_id: UUID, failed: str | None) -> None:
    async with means.database.transaction(tenant) as tx:
        await cdr.finish_import(tx, import_id, failed=failed)
        found = await cdr.find_import(tx, import_id)
        unknown = found.counts.get(LineState.UNKNOWN, 0)
        facts: dict[str, Json] = {"import": str(import_id), "lines": found.lines, "unknown": unknown}
        await record(tx, LOG, "cdr.finished", facts=facts)
        if unknown:
            detail = f"{unknown} calls of a provider's list were never registered here."
            await alarm(tx, "calls_unknown", about=import_id, detail=detail)
