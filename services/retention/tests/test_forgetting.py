"""What people wrote about a hold, or about what waited, goes a month after it was over; freezes hold it per tenant."""

from datetime import date
from typing import Any
from uuid import UUID

from recital_database import release_tenant
from recital_retention.actions.holds import Wanted, place_hold, release_hold
from recital_retention.model import HoldScope
from recital_retention.schedule import forget

TENANT = UUID(int=0xA)
TEXTS = "reason, matter, release_reason, placed_salt, released_salt"


async def hold(room: Any, matter: str) -> UUID:
    scope = HoldScope(subjects=(room.customer,))
    wanted = Wanted("the customer of the blue house", matter, date(2999, 1, 1), scope, "counsel")
    return (await place_hold(room.means, TENANT, wanted, None)).id


async def kept(room: Any, which: UUID) -> list[bool]:
    """Which of a hold's texts, salts and persons are there."""
    [row] = await room.rows(f"select {TEXTS}, nullif(subjects, '{{}}') as subjects from holds where id = :id", id=which)
    along = await room.rows("select holding_id from hold_along where id = :id", id=which)
    return [each is not None for each in row] + [bool(along)]


async def test_the_texts_of_a_released_hold_its_salts_and_persons_go_a_month_after_and_the_hold_stays(
    room: Any,
) -> None:
    await room.recording()
    over, goes_on = await hold(room, "matter 7"), await hold(room, "matter 8")
    await release_hold(room.means, TENANT, over, by="counsel", because="settled")
    await room.later("27 days")
    await forget(room.means)
    assert await kept(room, over) == [True] * 7
    await room.later("4 days 1 minute")
    await forget(room.means)
    assert await kept(room, over) == [False] * 7
    assert await kept(room, goes_on) == [True, True, False, True, False, True, True]
    [row] = await room.rows("select placed_at, released_at, placed_by from holds where id = :id", id=over)
    assert None not in row


async def test_why_what_waited_was_let_go_is_forgotten_a_month_after(room: Any) -> None:
    await room.rows(
        "insert into waiting_parts (tenant_id, found_at, most, proposed_at, proposed_by, proposed_because,"
        " proposed_salt, approved_at, approved_by, approved_because, approved_salt, closed_at)"
        " select :of, at, 1, at, 'one', 'why', 'salt', at, 'two', 'why', 'salt', at"
        " from (select recital_now() as at) n returning id",
        of=TENANT,
    )
    texts = "select proposed_because, proposed_salt, approved_because, approved_salt from waiting_parts"
    await forget(room.means)
    assert None not in (await room.rows(texts))[0]
    await room.later("31 days 1 minute")
    await forget(room.means)
    assert set((await room.rows(texts))[0]) == {None}


async def test_after_time_jumped_only_the_tenants_that_were_released_go_on(room: Any) -> None:
    await room.open_tenant(room.other_tenant)
    recordings = {}
    for tenant in (TENANT, room.other_tenant):
        call = await room.call(tenant=tenant)
        event = room.stored(call)
        await room.hear(event, tenant=tenant)
        recordings[tenant] = event
    await room.later("6 months 1 day")
    for tenant, event in recordings.items():
        await room.hear(room.revoked(event), tenant=tenant)
    await room.jump()
    await room.settle(answer=False)
    async with room.database.transaction(room.other_tenant) as tx:
        await release_tenant(tx, by="officer", because="the clock was put right")
    await room.settle(answer=False)
    assert await room.events("erasure.ordered") == []
    gone = {each["holding"] for each in await room.events("erasure.ordered", room.other_tenant)}
    assert str(recordings[room.other_tenant].recording) in gone
