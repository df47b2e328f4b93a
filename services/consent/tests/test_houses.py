"""A process knows a tenant's purposes and settings by heart, and never by what they were."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from recital_consent.actions import lines, people, purposes
from recital_consent.model.tenants import SourceKind
from recital_consent.store import houses
from recital_consent.store.houses import Looked
from recital_database import Transaction
from recital_errors import Unavailable

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk


async def look(desk: "Desk") -> Looked:
    async with desk.database.transaction(desk.tenant) as tx:
        return await desk.means.houses.look(tx, sources=[desk.source, desk.agent], ids=3)


async def test_what_has_not_changed_is_looked_up_in_one_round_trip(
    desk: "Desk", monkeypatch: pytest.MonkeyPatch
) -> None:
    first, asked = await look(desk), list[str]()
    execute = Transaction.execute

    async def counted(self: Transaction, statement: Any, *given: Any) -> Any:
        asked.append(str(statement))
        return await execute(self, statement, *given)

    monkeypatch.setattr(Transaction, "execute", counted)
    second = await look(desk)
    monkeypatch.undo()
    assert len(asked) == 1
    assert second.versions is first.versions
    assert second.sources == frozenset({desk.source})
    assert len(set(second.ids)) == 3
    assert list(second.ids) == sorted(second.ids)
    assert not set(first.ids) & set(second.ids)


async def test_whatever_changes_counts_at_once(desk: "Desk") -> None:
    await look(desk)
    async with desk.database.transaction(desk.tenant) as tx:
        await purposes.publish_purpose(tx, replace(desk.draft_of_purpose, retention="P1M"), b"", None)
    assert [each.version for each in (await look(desk)).versions["main"]] == [1, 2]
    async with desk.database.transaction(desk.tenant) as tx:
        await purposes.retire_purpose(tx, "main")
    assert all(each.retired_at for each in (await look(desk)).versions["main"])
    async with desk.database.transaction(desk.tenant) as tx:
        await tx.execute("update settings set guard_ms = 700")
    assert (await look(desk)).settings.guard_ms == 700
    assert not (await look(desk)).tenant.has_lines
    async with desk.database.transaction(desk.tenant) as tx:
        await lines.leave_alone(desk.means, tx, desk.source, [lines.NewLine(None, "12", None)])
        other = await people.register_source(tx, SourceKind.APP, "App", [], None)
    found = await look(desk)
    assert found.tenant.has_lines
    async with desk.database.transaction(desk.tenant) as tx:
        assert (await desk.means.houses.look(tx, sources=[other.id], ids=0)).sources == {other.id}


async def test_what_was_rolled_back_never_counts(desk: "Desk") -> None:
    before = await look(desk)
    with pytest.raises(RuntimeError):
        async with desk.database.transaction(desk.tenant) as tx:
            await purposes.publish_purpose(tx, desk.draft_of_purpose, b"", None)
            assert len((await desk.means.houses.look(tx, sources=[], ids=0)).versions["main"]) == 2
            raise RuntimeError
    assert (await look(desk)).versions == before.versions


async def test_a_tenant_that_is_not_open_is_none_and_only_so_many_are_kept(
    desk: "Desk", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(houses, "MOST", 1)
    first, other = await look(desk), await desk.another()
    await look(other)
    assert (await look(desk)).versions is not first.versions
    async with desk.database.transaction(desk.agent) as tx:
        with pytest.raises(Unavailable):
            await desk.means.houses.look(tx, sources=[], ids=0)
