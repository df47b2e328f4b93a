"""Reading stored audio back whole: soon after it was stored, and again in the tenant's rhythm.

A store may lose what it acknowledged. What was read tells the sender that its own copy may go; what could not be read
is alarmed while the sender still has one. It never takes more than its share of the store's time, in all replicas.
"""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta

from recital_database import Transaction, alarm, announce, record
from recital_errors import NotFound, Unavailable
from recital_events import RecordingConfirmed
from recital_vault import SealBroken

from recital_ingest.actions.means import LOG, Means
from recital_ingest.actions.sealing import ORIGINAL
from recital_ingest.decisions.patience import wait_after
from recital_ingest.decisions.rhythm import every, pause_after
from recital_ingest.model.recording import Recording, State
from recital_ingest.model.upload import Due, object_key
from recital_ingest.store import read_backs, recordings, reference

AT_ONCE = 8
LOCK = "read_back"
# How long one replica may take over one recording before another may try.
TAKEN_FOR = timedelta(hours=1)
# What was damaged is looked at again: a store may find again what it had lost.
DAMAGED_AGAIN = timedelta(days=1)


async def read_back_due(means: Means) -> bool:
    """Read back what is due, in one replica at a time; true when there may be more."""
    async with means.database.holding(LOCK) as alone:
        if not alone:
            return False
        async with means.database.work() as tx:
            due = await read_backs.due_read_backs(tx, AT_ONCE)
        loop = asyncio.get_running_loop()
        for each in due:
            began = loop.time()
            await read_back(means, each)
            await asyncio.sleep(pause_after(loop.time() - began, share=means.limits.read_back_share))
    return len(due) == AT_ONCE


async def measure(means: Means, tell: Callable[[int, float], None]) -> bool:
    """Tell how many recordings wait to be read back, and for how many seconds the first has been due."""
    async with means.database.work() as tx:
        found = await read_backs.backlog(tx)
        tell(found.waiting, (tx.now - found.oldest).total_seconds() if found.oldest else 0.0)
    return False


async def read_back(means: Means, due: Due) -> None:
    """Read one recording whole, and write what came of it."""
    async with means.database.transaction(due.tenant) as tx:
        tries = await read_backs.take(tx, due.id, again_after=TAKEN_FOR)
        found = await recordings.recording(tx, due.id) if tries else None
    if tries is None:
        return
    if not isinstance(found, Recording) or found.state is not State.STORED:
        async with means.database.transaction(due.tenant) as tx:
            await read_backs.forget(tx, due.id)
        return
    try:
        whole = await _is_whole(means, due, found)
    except Unavailable:
        # The store is away: that says nothing of the recording.
        async with means.database.transaction(due.tenant) as tx:
            await read_backs.again(tx, due.id, after=wait_after(tries), read=False)
        return
    async with means.database.transaction(due.tenant) as tx:
        now = await recordings.recording(tx, due.id)
        if not isinstance(now, Recording) or now.tracks != found.tracks or now.state is not State.STORED:
            # Trimmed, sent again or erased while it was read.
            await read_backs.again(tx, due.id, after=timedelta(), read=False)
        elif whole:
            await _confirm(means, tx, now)
        else:
            await _damaged(tx, now)


async def _is_whole(means: Means, due: Due, recording: Recording) -> bool:
    try:
        for track in recording.tracks:
            plain = hashlib.sha256()
            reader = means.vault.reader(
                due.tenant, recording.id, track.track, object_key(track.object), track.key, size=track.size
            )
            async with aclosing(reader.read()) as pieces:
                async for piece in pieces:
                    await asyncio.to_thread(plain.update, piece)
            if plain.digest() != track.sha256:
                return False
        if recording.original is not None:
            await means.vault.open_small(due.tenant, recording.original.key, recording.original.sealed, ORIGINAL)
    except (SealBroken, NotFound):
        return False
    return True


async def _confirm(means: Means, tx: Transaction, recording: Recording) -> None:
    rhythm = every((await reference.tenant_facts(tx)).read_back_every, means.limits.read_back_every)
    await read_backs.again(tx, recording.id, after=rhythm, read=True)
    if recording.confirmed_at is not None and recording.damaged_at is None:
        return
    await recordings.confirm(tx, recording.id)
    facts = {"recording": str(recording.id), "call": str(recording.call)}
    await record(tx, LOG, "recording.confirmed", facts=facts)
    await announce(tx, RecordingConfirmed(recording=recording.id, call=recording.call, confirmed_at=tx.now))


async def _damaged(tx: Transaction, recording: Recording) -> None:
    await read_backs.again(tx, recording.id, after=DAMAGED_AGAIN, read=False)
    if recording.damaged_at is not None:
        return
    await recordings.find_damaged(tx, recording.id)
    await record(tx, LOG, "recording.damaged", facts={"recording": str(recording.id)})
    detail = "What is stored is not what was sealed; its sender may send it again."
    await alarm(tx, "recording_damaged", about=recording.id, detail=detail)
