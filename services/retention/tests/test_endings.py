"""Clocks that wait for what a reference names, and tenants that close (R11, R15)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import recital_events as told
from recital_errors import Conflict, NotFound
from recital_retention.actions.closing import prepare_closing
from recital_retention.actions.control import apply_what_is_ahead
from recital_retention.actions.holds import Wanted, place_hold
from recital_retention.decisions.clocks import clock_due_at, read_duration, reference_end
from recital_retention.model import HoldScope, Retention
from recital_retention.schedule import empty_closed

TENANT = UUID(int=0xA)
CASE = UUID(int=0xC4)
ZONE = ZoneInfo("Europe/Amsterdam")
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
FOLLOWS = Retention(1, read_duration("P1Y"), from_reference=True, at_most=read_duration("P7Y"))


def due(ended_at: datetime | None, *later: Retention) -> datetime:
    return clock_due_at(START, FOLLOWS, later, ZONE, reference_ended_at=ended_at)


def test_while_what_a_reference_names_goes_on_the_stated_maximum_counts() -> None:
    assert due(None) == datetime(2033, 1, 31, 12, tzinfo=UTC)


def test_once_it_ended_the_duration_counts_from_there() -> None:
    assert due(datetime(2027, 3, 1, 12, tzinfo=UTC)) == datetime(2028, 3, 1, 12, tzinfo=UTC)


def test_what_ended_before_the_call_counts_from_the_call() -> None:
    assert due(datetime(2025, 3, 1, 12, tzinfo=UTC)) == datetime(2027, 1, 31, 12, tzinfo=UTC)


def test_what_ends_late_is_never_kept_past_the_maximum() -> None:
    assert due(datetime(2032, 12, 1, tzinfo=UTC)) == datetime(2033, 1, 31, 12, tzinfo=UTC)


def test_a_later_version_without_a_reference_that_ends_sooner_counts() -> None:
    assert due(None, Retention(2, read_duration("P1M"))) == datetime(2026, 2, 28, 12, tzinfo=UTC)


def test_the_last_of_several_references_counts_and_only_once_all_have_ended() -> None:
    one, two = START, START + timedelta(days=1)
    assert reference_end([one, two]) == two
    assert reference_end([one, None]) is None
    assert reference_end([]) is None


# On the real database


async def stored(room: Any, *references: str) -> Any:
    follows = {"retention_from": "reference_ended", "at_most": "P7Y"}
    await room.hear(room.published(purpose=CASE, key="case", retention="P1M", **follows))
    call = room.fresh()
    await room.hear(
        room.made(told.CallRegistered, call=call, subjects=(room.customer,), references=references),
        room.call_ended(call, room.now, subjects=(room.customer,), references=references),
    )
    return await room.recording(
        call,
        spans=(told.PurposeSpans(purposes=("case",), spans=((0, 60_000),)),),
        purposes=[{"purpose": CASE, "key": "case", "version": 1}],
    )


async def ends(room: Any, reference: str) -> None:
    await room.hear(room.made(told.EndingReported, reference=reference, ended_at=room.now))


async def test_a_recording_stays_while_its_case_goes_on_and_goes_after_it_ended(room: Any) -> None:
    recording = await stored(room, "case 7", "case 8")
    await room.later("2 years")
    await ends(room, "case 7")
    await room.later("2 months")
    await room.settle()
    assert await room.state(recording.recording) == "retained"
    await ends(room, "case 8")
    await room.later("1 month 1 day")
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_recording_whose_case_never_ends_goes_at_the_stated_maximum(room: Any) -> None:
    recording = await stored(room, "case 9")
    await room.later("7 years 1 day")
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_reference_told_late_and_a_shorter_version_bring_the_end_forward(room: Any) -> None:
    recording = await stored(room)
    await ends(room, "case 5")
    again = room.call_ended(recording.call, recording.call_ended_at, subjects=(room.customer,), references=("case 5",))
    await room.hear(again)
    [row] = await room.rows("select due_at from clocks where id = :id", id=recording.recording)
    assert row.due_at < room.now + timedelta(days=32)
    follows = {"retention_from": "reference_ended", "at_most": "P2Y"}
    await room.hear(room.published(purpose=CASE, key="case", retention="P3D", version=2, **follows))
    [row] = await room.rows("select due_at from clocks where id = :id", id=recording.recording)
    assert row.due_at < room.now + timedelta(days=4)
    other = await stored(room)
    assert other.recording != recording.recording


async def test_a_shorter_maximum_reaches_what_waits_for_its_case(room: Any) -> None:
    recording = await stored(room, "case 3")
    follows = {"retention_from": "reference_ended", "at_most": "P2Y"}
    await room.hear(room.published(purpose=CASE, key="case", retention="P1M", version=2, **follows))
    [row] = await room.rows("select due_at from clocks where id = :id", id=recording.recording)
    assert row.due_at < room.now + timedelta(days=732)


@pytest.fixture
def ended(room: Any, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The tenants whose keys were destroyed: only noted, since other tests need this tenant's key."""
    keys: list[UUID] = []

    async def note(tenant: UUID) -> None:
        keys.append(tenant)

    monkeypatch.setattr(room.means.vault.keys, "destroy_tenant_key", note)
    return keys


async def closed(room: Any) -> None:
    await room.hear(room.made(told.TenantClosed, tenant=TENANT, export_until=room.now + timedelta(days=30)))


async def emptied(room: Any) -> None:
    for _ in range(4):
        await empty_closed(room.means)
        await room.settle()
    await empty_closed(room.means)


async def test_a_closed_tenant_is_left_nothing_after_thirty_days_and_then_its_key_goes(
    room: Any, ended: list[UUID]
) -> None:
    await room.copy("identity", holding=room.agent)
    recording = await room.recording()
    await room.copy("package", contains=(recording.recording,))
    await closed(room)
    await emptied(room)
    assert await room.state(recording.recording) == "retained"
    await room.later("30 days 1 hour")
    await emptied(room)
    left = await room.rows("select kind from holdings where state <> 'erased'")
    assert left == []
    [told_of] = await room.events("tenant.erased")
    assert told_of["tenant"] == str(TENANT)
    assert ended == [TENANT]
    await room.settle()
    kinds = [entry["kind"] for _, entry in await room.means.vault.control.read_after(0)]
    assert kinds[-1] == "tenant_erased"
    await emptied(room)
    assert len(await room.events("tenant.erased")) == 1


async def test_a_legal_duty_outlives_the_tenant(room: Any, ended: list[UUID]) -> None:
    await room.hear(room.published(purpose=CASE, key="duty", retention="P1Y", basis="legal_obligation"))
    duty = await room.recording(
        spans=(told.PurposeSpans(purposes=("duty",), spans=((0, 60_000),)),),
        purposes=[{"purpose": CASE, "key": "duty", "version": 1}],
    )
    await closed(room)
    await room.later("31 days")
    await emptied(room)
    assert await room.state(duty.recording) == "retained"
    assert await room.state(duty.call) == "retained"
    assert await room.events("tenant.erased") == []
    assert ended == []
    await room.later("1 year")
    await emptied(room)
    assert len(await room.events("tenant.erased")) == 1


async def test_a_tenant_with_a_hold_is_not_clear_and_one_that_is_clear_gets_no_hold_any_more(room: Any) -> None:
    held, other = await room.recording(), await room.recording()
    await place_hold(room.means, TENANT, wanted(held.recording), None)
    [found] = await prepare_closing(room.means, TENANT)
    assert (found.what, found.count) == ("holds", 1)
    await place_hold(room.means, TENANT, wanted(other.recording), None)
    await room.rows("update holds set released_at = recital_now(), released_by = 'x' returning id")
    assert await prepare_closing(room.means, TENANT) == []
    with pytest.raises(Conflict, match="tenant_closing"):
        await place_hold(room.means, TENANT, wanted(held.recording), None)
    # Not closed after all: an hour later holds are placed again.
    await room.later("61 minutes")
    await place_hold(room.means, TENANT, wanted(held.recording), None)
    with pytest.raises(NotFound):
        await prepare_closing(room.means, room.fresh())


async def test_the_end_of_a_tenant_that_the_database_forgot_is_learned_again(room: Any, ended: list[UUID]) -> None:
    recording = await room.recording()
    entry = {"kind": "tenant_erased", "tenant": str(TENANT), "erased_at": room.now.isoformat()}
    said = {"kind": "withdrawal", "tenant": str(TENANT), "about": str(room.fresh()), "what": "consent"}
    for number, each in enumerate((said, entry), start=1):
        await room.means.vault.control.append(number, each)
    await apply_what_is_ahead(room.means)
    await emptied(room)
    assert await room.state(recording.recording) == "erased"
    assert ended == [TENANT]
    assert await room.events("tenant.erased") == []


async def test_the_closing_route_takes_a_services_token_only(room: Any) -> None:
    path = f"/internal/v1/tenants/{TENANT}/closing"
    assert (await room.client.post(path)).status_code in (401, 503)


def wanted(recording: UUID) -> Wanted:
    return Wanted("claim", "matter 7", date_of_review(), HoldScope(recordings=(recording,)), "counsel")


def date_of_review() -> Any:
    return datetime(2040, 1, 1, tzinfo=UTC).date()
