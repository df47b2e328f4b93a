"""Clients at once, in any order: hold, release, expire, withdraw, ask, close, erase, restore, on the real database.

A held recording is never destroyed, and a due one always is in the end. The short edition walks a few schedules drawn
with a fixed seed; the campaign walks as many as RECITAL_KEEPING_RACES says.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Conflict, Forbidden, NotFound, Unavailable
from recital_retention.actions import control, expiring
from recital_retention.actions.holds import Wanted, place_hold, release_hold
from recital_retention.model import HoldScope
from recital_retention.schedule import care_for_parts, carry_orders_through, certify
from recital_retention.store.holds import take_in
from recital_testing.campaigns import Done, write_section

TENANT = UUID(int=0xA)
SEED, SHORT, CLIENTS = 20261124, 2, 5
BEYOND = {"ordering", "shredding", "erased"}


class World:
    """Clients share it; a restore has it for itself, as it is done before anything is served."""

    def __init__(self) -> None:
        self._inside, self._free = 0, asyncio.Condition()
        self._closed = False

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        async with self._free:
            await self._free.wait_for(lambda: not self._closed)
            self._inside += 1
        try:
            yield
        finally:
            async with self._free:
                self._inside -= 1
                self._free.notify_all()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._free:
            await self._free.wait_for(lambda: not self._closed)
            self._closed = True
            await self._free.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            async with self._free:
                self._closed = False
                self._free.notify_all()


@dataclass
class Walk:
    """One schedule: what exists, what was answered, and what each client does next."""

    room: Any
    chance: random.Random
    recordings: list[Any] = field(default_factory=list)
    holds: dict[UUID, list[UUID]] = field(default_factory=dict)
    requests: set[UUID] = field(default_factory=set)
    world: World = field(default_factory=World)
    done: list[str] = field(default_factory=list)

    async def prepare(self) -> None:
        self.people = [self.room.fresh() for _ in range(3)]
        for number in range(6):
            await self.record(self.people[number % 3])

    async def record(self, who: UUID) -> None:
        party = {"party": "customer", "subject": who, "kind": "customer"}
        call = await self.room.call(who, self.room.agent)
        self.recordings.append(await self.room.recording(call, parties=[party]))

    def operations(self) -> list[Callable[[], Awaitable[None]]]:
        often = [self.hold, self.look, self.look, self.carry]
        return [*often, self.release, self.expire, self.withdraw, self.ask, self.close, self.store, self.restore]

    async def client(self, number: int, steps: int) -> None:
        own = random.Random(self.chance.random() + number)  # noqa: S311 - a draw that can be repeated
        for _ in range(steps):
            act = own.choice(self.operations())
            self.done.append(act.__name__)
            if act == self.restore:
                async with self.world.alone():
                    await act()
            else:
                async with self.world.shared():
                    await self.bear(act)

    async def bear(self, act: Callable[[], Awaitable[None]]) -> None:
        """What two clients do at once may be refused, or asked to be sent again; nothing else."""
        try:
            await act()
        except (Conflict, NotFound, Forbidden, Unavailable) as refused:
            self.done.append(refused.code)

    async def never_destroyed(self, recordings: Sequence[UUID]) -> None:
        states = {each: await self.room.state(each) for each in recordings}
        assert not {id_ for id_, state in states.items() if state in BEYOND}, (states, self.done)

    async def hold(self) -> None:
        some = self.chance.sample(self.recordings, 2)
        scope = self.chance.choice(
            [
                HoldScope(recordings=tuple(sorted(each.recording for each in some))),
                HoldScope(calls=(some[0].call,), future=True),
                HoldScope(subjects=(self.chance.choice(self.people),), future=True),
            ]
        )
        wanted = Wanted("claim", f"matter {len(self.done)}", date(2999, 1, 1), scope, "counsel")
        placed = await self.place(wanted, str(self.room.fresh()))
        self.holds[placed.id] = list(placed.recordings)
        await self.never_destroyed(placed.recordings)

    async def place(self, wanted: Wanted, key: str) -> Any:
        """Ask until it is answered: of one that was not, nobody knows whether it is in force."""
        while True:
            try:
                return await place_hold(self.room.means, TENANT, wanted, key)
            except Unavailable as unanswered:
                self.done.append(unanswered.code)

    async def release(self) -> None:
        if self.holds:
            hold = self.chance.choice(sorted(self.holds))
            kept = self.holds.pop(hold)
            await self.never_destroyed(kept)
            await release_hold(self.room.means, TENANT, hold, by="counsel", because="settled")

    async def expire(self) -> None:
        await self.room.later(self.chance.choice(["20 days", "2 months", "4 months"]))

    async def withdraw(self) -> None:
        await self.room.hear(self.room.revoked(self.chance.choice(self.recordings)))

    async def ask(self) -> None:
        self.requests.add(await self.room.request(self.chance.choice(self.people)))

    async def close(self) -> None:
        if self.requests:
            request = self.chance.choice(sorted(self.requests))
            self.requests.discard(request)
            await self.room.close(request)

    async def store(self) -> None:
        if len(self.recordings) < 12:
            await self.record(self.chance.choice(self.people))

    async def look(self) -> None:
        await expiring.look(self.room.means, TENANT)

    async def carry(self) -> None:
        await carry_orders_through(self.room.means)
        await self.room.answer()
        await certify(self.room.means)
        await care_for_parts(self.room.means)

    async def restore(self) -> None:
        """Forget a hold, and an order that was only just given: the control ledger knows them."""
        await control.write(self.room.means)
        hold, kept = UUID(int=0), []
        async with self.room.database.transaction(TENANT) as tx:
            if self.holds:
                hold = self.chance.choice(sorted(self.holds))
                rows = await tx.execute("select recording_id from hold_recordings where id = :id", {"id": hold})
                kept = [UUID(str(row.recording_id)) for row in rows]
                for table in ("hold_along", "hold_recordings", "holds"):
                    await tx.execute(f"delete from {table} where id = :id", {"id": hold})
            await tx.execute(
                "update holdings set state = 'retained', ordered_at = null, order_id = null where state = 'ordering'"
            )
            await tx.execute("delete from orders where state = 'ordering'")
            await tx.execute("delete from control_queue")
            await tx.execute("update control_position set sequence = 0")
        await control.apply_what_is_ahead(self.room.means)
        # What was stored after the hold is unknown to a database from before it, and is announced to the hold again.
        async with self.room.database.transaction(TENANT) as tx:
            for each in kept:
                await take_in(tx, hold, each)
        await self.never_destroyed([each for held in self.holds.values() for each in held])


async def walk(room: Any, seed: int, steps: int) -> list[str]:
    """Walk a schedule and judge it; what was done in it, and how it was refused, in order."""
    schedule = Walk(room, random.Random(seed))  # noqa: S311 - a draw that can be repeated
    await schedule.prepare()
    await asyncio.gather(*(schedule.client(number, steps) for number in range(CLIENTS)))
    # 1. What is held at the end is kept, however long ago its time was over.
    await room.later("8 months")
    await room.settle()
    await schedule.never_destroyed([each for kept in schedule.holds.values() for each in kept])
    # 2. When nothing keeps any more, all of it goes, with proof.
    for hold in schedule.holds:
        await release_hold(room.means, TENANT, hold, by="counsel", because="settled", for_another=True)
    for request in schedule.requests:
        await room.close(request)
    await room.settle()
    left = {each.recording: await room.state(each.recording) for each in schedule.recordings}
    keeps = await room.rows("select id, state, kept_by, waits_for from holdings where state <> 'erased'")
    assert set(left.values()) == {"erased"}, (seed, keeps, schedule.done)
    certified = {UUID(each["holding"]) for each in await room.events("erasure.certified")}
    assert {each.recording for each in schedule.recordings} <= certified
    return schedule.done


@pytest.mark.parametrize("number", range(SHORT))
async def test_a_held_recording_is_never_destroyed_and_a_due_one_always_is(room: Any, number: int) -> None:
    await walk(room, SEED + number, steps=9)


@pytest.mark.campaign
async def test_the_campaign_of_races(room_of: Any) -> None:
    races, done = int(os.environ.get("RECITAL_KEEPING_RACES", "200")), Done("keeping")
    for number in range(len(done.all()), races):
        room = await room_of()
        await room.open_tenant()
        for key in await room.means.vault.objects.list_keys("control/"):
            await room.means.vault.objects.erase(key)
        did = await walk(room, SEED * 1_000 + number, steps=40)
        done.add({"race": number, "did": Counter(did)})
        # The server has connections for some rooms, not for hundreds.
        await room.database.close()
        room.means.vault.close()
    write_table(done.all())


def write_table(done: Sequence[dict[str, Any]]) -> None:
    """Write what all races did. One that breaks a promise fails, and is not among them."""
    did: Counter[str] = sum((Counter(each["did"]) for each in done), Counter())
    names = [act.__name__ for act in dict.fromkeys(Walk(None, random.Random()).operations())]  # noqa: S311 - no draw
    refused = {code: number for code, number in sorted(did.items()) if code not in names}
    write_section(
        "Holding and destroying at once",
        [
            f"{CLIENTS} clients at once, 40 steps each, in each of {len(done)} races on the real database and store:",
            "no held recording was destroyed, and every recording was certified erased once nothing kept it.",
            "",
            "| step | times |",
            "|---|---:|",
            *(f"| {name} | {did[name]} |" for name in names),
            *(f"| refused: `{code}` | {number} |" for code, number in refused.items()),
        ],
    )
