"""Tenants, purposes, sources, staff: opened, published, registered, on the real database and vault."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from recital_consent.actions import (
    people,
    purposes,
    tenants,
)
from recital_consent.model.purposes import CouncilKind, StaffSafeguards, WorksCouncil
from recital_consent.model.tenants import SourceKind
from recital_errors import (
    Conflict,
    Malformed,
    NotFound,
    PreconditionFailed,
    Unavailable,
)
from recital_identity import Role

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk


# Tenants and settings.


async def test_a_tenant_is_opened_once_per_idempotency_key(desk: "Desk") -> None:
    first = await tenants.open_tenant(desk.means, desk.draft_of_tenant, "key-1")
    again = await tenants.open_tenant(desk.means, desk.draft_of_tenant, "key-1")
    assert again == first
    with pytest.raises(Conflict):
        await tenants.open_tenant(desk.means, replace(desk.draft_of_tenant, name="Other"), "key-1")
    async with desk.database.transaction(first.id) as tx:
        rows = await tx.execute("select count(*) from outbox where name = 'tenant.opened'")
        assert rows.scalar_one() == 1


async def test_the_operator_lists_tenants_and_a_wrong_one_is_refused_whole(desk: "Desk") -> None:
    other = await tenants.open_tenant(desk.means, replace(desk.draft_of_tenant, name="Second"), None)
    async with desk.database.work() as tx:
        listed = await tenants.list_tenants(tx, after=None, most=9)
        assert [each.id for each in listed] == sorted([desk.tenant, other.id])
        assert await tenants.list_tenants(tx, after=other.id, most=9) == []
        assert (await tenants.read_tenant(tx, other.id)).draft.name == "Second"
        with pytest.raises(NotFound):
            await tenants.read_tenant(tx, UUID(int=9))
    with pytest.raises(Malformed) as refused:
        await tenants.open_tenant(desk.means, replace(desk.draft_of_tenant, time_zone="Mars"), None)
    assert [each.field for each in refused.value.fields] == ["time_zone"]


async def test_settings_change_only_from_the_version_that_was_read(desk: "Desk") -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        found = await tenants.read_settings(tx)
        council = WorksCouncil(kind=CouncilKind.REFERENCE, reference="OR-1")
        changed = await tenants.change_settings(
            tx, replace(found, guard_ms=500, works_council=council), expected=found.version
        )
        assert (changed.version, await tenants.read_settings(tx)) == (2, changed)
        with pytest.raises(PreconditionFailed):
            await tenants.change_settings(tx, changed, expected=found.version)


async def test_a_tenant_that_is_not_open_here_is_unavailable(desk: "Desk") -> None:
    async with desk.database.transaction(UUID(int=77)) as tx:
        with pytest.raises(Unavailable):
            await tenants.read_settings(tx)


# Purposes, sources, staff.


async def test_publishing_again_makes_the_next_version_and_edits_nothing(desk: "Desk") -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        second = await purposes.publish_purpose(tx, replace(desk.draft_of_purpose, retention="P1M"), b"2", "key")
        assert second.version == 2
        assert (
            await purposes.publish_purpose(tx, replace(desk.draft_of_purpose, retention="P1M"), b"2", "key")
        ) == second
        first = await purposes.read_purpose(tx, "main", 1)
        assert (first.id, first.draft.retention, first.draft) == (second.id, "P6M", desk.draft_of_purpose)
        assert (await purposes.read_purpose(tx, "main", None)) == second
        assert list(await purposes.list_purposes(tx, after=None, most=9)) == [second]
        assert list(await purposes.list_purposes(tx, after=second.id, most=9)) == []
        for key, version in (("main", 3), ("nothing", None)):
            with pytest.raises(NotFound):
                await purposes.read_purpose(tx, key, version)
    published = await desk.events("purpose.published")
    assert [(each["version"], each["retention"]) for each in published] == [(1, "P6M"), (2, "P1M")]
    # R26: every change stays visible, in the ledger too.
    assert [each["version"] for each in await desk.ledger("purpose.published")] == [1, 2]


async def test_a_purpose_that_misses_something_is_not_published(desk: "Desk") -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        with pytest.raises(Malformed) as refused:
            await purposes.publish_purpose(
                tx, replace(desk.draft_of_purpose, key="x", staff_safeguards=StaffSafeguards()), b"", None
            )
        assert [(each.code, each.rule) for each in refused.value.reasons] == [("works_council_missing", "R20")]
        assert await desk.count("purposes") == 1


async def test_two_who_publish_at_once_get_two_versions(desk: "Desk") -> None:
    async def publish() -> int:
        async with desk.database.transaction(desk.tenant) as tx:
            return (await purposes.publish_purpose(tx, desk.draft_of_purpose, b"", None)).version

    assert sorted(await asyncio.gather(publish(), publish(), publish())) == [2, 3, 4]


async def test_a_source_keeps_its_numbers_in_e164(desk: "Desk") -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        made = await people.register_source(tx, SourceKind.NUMBER, "Desk", ["020 765 43 21"], "key")
        assert made.numbers == ("+31207654321",)
        assert await people.register_source(tx, SourceKind.NUMBER, "Desk", ["020 765 43 21"], "key") == made
        assert [each.id for each in await people.list_sources(tx, after=None, most=9)] == [desk.source, made.id]
        assert [each.id for each in await people.list_sources(tx, after=desk.source, most=9)] == [made.id]
        with pytest.raises(Malformed) as refused:
            await people.register_source(tx, SourceKind.NUMBER, "Desk", ["+31201234567", "12"], None)
    assert [each.field for each in refused.value.fields] == ["numbers.1"]


async def test_the_same_staff_id_is_the_same_subject_announced_once(desk: "Desk") -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        assert await people.register_staff(desk.means, tx, " 1001 ", name=None, bot=False) == desk.agent
        assert await people.register_staff(desk.means, tx, "1001", name=None, bot=True) == desk.agent
        with pytest.raises(Malformed):
            await people.register_staff(desk.means, tx, "  ", name=None, bot=False)
    copies = await desk.events("copy.registered")
    assert [(each["holding"], each["kind"], [place["kind"] for place in each["places"]]) for each in copies] == [
        (str(desk.agent), "identity", ["key", "rows"])
    ]


async def test_staff_notices_name_who_is_unknown_and_are_logged_in_bulk(desk: "Desk") -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        bot = await people.register_staff(desk.means, tx, "2002", name=None, bot=True)
        told = people.Announcement((bot,), ("1001",), "main", 1, tx.now, tx.now)
        logged = await people.log_staff_notices(desk.means, tx, told, "key")
        assert {each.subject for each in logged} == {bot, desk.agent}
        assert {each.id for each in await people.log_staff_notices(desk.means, tx, told, "key")} == {
            each.id for each in logged
        }
        for wrong, field in (
            (replace(told, staff_ids=("1001", "nobody")), "staff_ids.1"),
            (replace(told, purpose="nothing"), "purpose"),
            (replace(told, version=2), "version"),
            (replace(told, subjects=(), staff_ids=()), "staff_ids"),
            (replace(told, notified_at=tx.now + timedelta(hours=1)), "notified_at"),
            (replace(told, acknowledged_at=tx.now + timedelta(hours=1)), "acknowledged_at"),
        ):
            with pytest.raises(Malformed) as refused:
                await people.log_staff_notices(desk.means, tx, wrong, None)
            assert [each.field for each in refused.value.fields] == [field]
        with pytest.raises(NotFound):
            await people.log_staff_notices(desk.means, tx, replace(told, subjects=(UUID(int=5),)), None)
    assert await desk.count("staff_notices") == 3


async def test_a_member_of_staff_is_registered_once_per_idempotency_key(desk: "Desk") -> None:
    async def register(name: str) -> UUID:
        async with desk.database.transaction(desk.tenant) as tx:
            return await people.register_staff(desk.means, tx, "2002", name=name, bot=False, key="k")

    assert await register("Jo") == await register("Jo")
    with pytest.raises(Conflict):
        await register("Other")


async def test_a_member_of_staff_is_told_who_they_are_by_the_tokens_staff_id_alone(desk: "Desk") -> None:
    async def own(staff_id: str | None) -> UUID:
        async with desk.database.transaction(desk.tenant) as tx:
            return await people.own_subject(desk.means, tx, desk.principal(Role.STAFF, staff_id))

    assert await own(" 1001 ") == desk.agent
    for unknown in ("1002", None):
        with pytest.raises(NotFound):
            await own(unknown)
