"""Staff who acknowledge, who leave and who come back; and keys that no row names."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from recital_consent.actions import people, sweeping
from recital_consent.actions.people import Announcement
from recital_errors import Malformed, NotFound

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk


async def leave(desk: "Desk", subject: UUID, days: int | None = None) -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        await people.note_leaving(tx, subject, None if days is None else desk.now + timedelta(days=days))


async def test_the_identity_of_staff_who_leave_is_announced_with_its_end_once(desk: "Desk") -> None:
    await leave(desk, desk.agent, -1)
    await leave(desk, desk.agent)
    await leave(desk, desk.agent, -1)
    first, left = await desk.events("copy.registered")
    assert (first["ends_at"], left["holding"], left["kind"]) == (None, str(desk.agent), "identity")
    assert left["ends_at"].startswith((desk.now - timedelta(days=1)).date().isoformat())
    async with desk.database.transaction(desk.tenant) as tx:
        assert await people.register_staff(desk.means, tx, "1001", name=None, bot=False) == desk.agent
    assert [each["ends_at"] is None for each in await desk.events("copy.registered")] == [True, False, True]


async def test_only_staff_can_leave(desk: "Desk") -> None:
    call = await desk.register()
    (customer,) = set(call.subjects) - {desk.agent}
    for subject in (customer, UUID(int=4)):
        with pytest.raises(NotFound):
            await leave(desk, subject)


async def test_an_acknowledgement_is_noted_once_and_not_before_the_notice(desk: "Desk") -> None:
    async def acknowledge(**changes: Any) -> list[UUID]:
        told = Announcement((), ("1001",), "main", 1, desk.now, None)
        async with desk.database.transaction(desk.tenant) as tx:
            return await people.acknowledge(desk.means, tx, replace(told, **changes))

    assert await acknowledge(acknowledged_at=desk.now - timedelta(days=2)) == []
    assert await acknowledge() == [desk.agent]
    assert await acknowledge(staff_ids=(), subjects=(desk.agent,)) == []
    assert len(await desk.ledger("staff.acknowledged")) == 1
    for wrong in ({"version": 2}, {"purpose": "nothing"}, {"staff_ids": ("nobody",)}):
        with pytest.raises(Malformed):
            await acknowledge(**wrong)


async def test_keys_of_what_was_rolled_back_are_destroyed_and_no_others(
    desk: "Desk", monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await desk.register()
    with pytest.raises(RuntimeError):
        async with desk.database.transaction(desk.tenant) as tx:
            await people.register_staff(desk.means, tx, "2002", name="Jo", bot=False)
            raise RuntimeError
    keys = desk.means.vault.keys
    before = {each.id for each in await keys.listed(desk.tenant, older_than=timedelta())}
    assert not await sweeping.sweep_keys(desk.means)
    assert {each.id for each in await keys.listed(desk.tenant, older_than=timedelta())} == before
    monkeypatch.setattr(sweeping, "SETTLED", timedelta())
    await sweeping.sweep_keys(desk.means)
    left = {each.id for each in await keys.listed(desk.tenant, older_than=timedelta())}
    assert len(before - left) == 1
    assert await desk.ledger("keys.swept") == [{"keys": 1}]
    assert (await desk.register("pbx-2")).subjects == call.subjects
    await sweeping.sweep_keys(desk.means)
    assert len(await desk.ledger("keys.swept")) == 1
