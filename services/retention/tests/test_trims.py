"""Parts of recordings that must go while the rest stays: ordered, deferred, answered, certified (R08, R11, R14)."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Conflict, PermanentError
from recital_events import PurposeSpans
from recital_retention.actions import control
from recital_retention.actions.holds import Wanted, place_hold, release_hold
from recital_retention.decisions.trimming import cut_of
from recital_retention.model import Ground, HoldingState, HoldScope, Standing

TENANT = UUID(int=0xA)
WHOLE = (PurposeSpans(purposes=("contract",), spans=((0, 60_000),)),)
BOTH = (
    PurposeSpans(purposes=("contract",), spans=((0, 20_000),)),
    PurposeSpans(purposes=("quality",), spans=((0, 60_000),)),
)
HALF = PurposeSpans(purposes=("contract", "quality"), spans=((0, 30_000),))


def standing(**more: Any) -> Standing:
    return Standing(UUID(int=1), "recording", more.pop("state", HoldingState.RETAINED), **more)


def test_what_only_an_ended_purpose_covered_is_cut_out() -> None:
    cut = cut_of(standing(), BOTH, None, {"contract"})
    assert cut is not None
    assert cut.kept == (BOTH[0],)
    assert (cut.ground, cut.deferred) == (Ground.PURPOSE_ENDED, ())


def test_what_another_purpose_covers_too_stays_whole() -> None:
    assert cut_of(standing(), BOTH, None, {"quality"}) is None


def test_what_a_revoked_permit_takes_away_is_cut_out() -> None:
    cut = cut_of(standing(), WHOLE, [HALF], {"contract"})
    assert cut is not None
    assert cut.kept == (PurposeSpans(purposes=("contract",), spans=((0, 30_000),)),)
    assert cut.ground is Ground.PERMIT_REVOKED


def test_a_revoked_permit_that_leaves_everything_that_was_recorded_is_not_the_ground() -> None:
    cut = cut_of(standing(requested=True), BOTH, BOTH, {"contract"})
    assert cut is not None
    assert cut.ground is Ground.ERASURE_REQUESTED


@pytest.mark.parametrize(
    ("more", "code"),
    [({"held": True}, "held"), ({"withheld": True}, "request_open"), ({"restricted": True}, "restricted")],
)
def test_a_hold_a_request_and_a_restriction_defer_a_cut(more: dict[str, bool], code: str) -> None:
    cut = cut_of(standing(**more), BOTH, None, {"contract"})
    assert cut is not None
    assert [each.code for each in cut.deferred] == [code]


@pytest.mark.parametrize("more", [{"state": HoldingState.SHREDDING}, {"trimming": True}])
def test_what_is_being_destroyed_already_is_not_cut(more: Any) -> None:
    assert cut_of(standing(**more), BOTH, None, {"contract"}) is None


def test_where_nothing_would_remain_the_whole_goes_instead() -> None:
    assert cut_of(standing(), BOTH, [], {"contract"}) is None


# On the real database


async def covers(room: Any, recording: UUID) -> str:
    [row] = await room.rows("select spans::text as covered from holdings where id = :id", id=recording)
    return str(row.covered)


def wanted(recording: UUID) -> Wanted:
    return Wanted("claim", "matter 7", date(2030, 1, 1), HoldScope(recordings=(recording,)), "counsel")


async def test_when_a_purpose_ends_what_only_it_covered_is_ordered_cut_out_and_certified(room: Any) -> None:
    recording = await room.recording(spans=(PurposeSpans(purposes=("contract",), spans=((0, 20_000),)), BOTH[1]))
    old = await room.places(recording.recording)
    await room.later("1 month 1 day")
    await room.settle()
    [order] = await room.events("erasure.ordered")
    assert (order["holding"], order["ground"]) == (str(recording.recording), "purpose_ended")
    assert order["spans_kept"] == [{"purposes": ["contract"], "spans": [[0, 20_000]]}]
    assert await room.state(recording.recording) == "retained"
    assert "quality" not in await covers(room, recording.recording)
    [entry] = [entry for _, entry in await room.means.vault.control.read_after(0)]
    assert entry["orders"][0]["spans_kept"] == order["spans_kept"]
    # A certificate of the part, in the ledger; nobody is told that the whole is gone.
    [kept] = await room.rows("select claims from certificates where holding_id = :id", id=recording.recording)
    assert {each["id"] for each in kept.claims["places"]} == {where for kind, where in old if kind != "rows"}
    assert await room.events("erasure.certified") == []
    # The rest goes in its time, and both old and new places are proved.
    await room.later("5 months")
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_hold_outranks_a_cut_until_it_is_released(room: Any) -> None:
    recording = await room.recording()
    hold = await place_hold(room.means, TENANT, wanted(recording.recording), None)
    await room.revoke(recording, HALF)
    await room.settle()
    assert await room.events("erasure.ordered") == []
    assert "trim_waits" in await room.alarms()
    await release_hold(room.means, TENANT, hold.id, by="counsel", because="settled")
    await room.settle()
    [order] = await room.events("erasure.ordered")
    assert (order["ground"], order["spans_kept"][0]["spans"]) == ("permit_revoked", [[0, 30_000]])
    assert await room.state(recording.recording) == "retained"


async def test_an_open_request_defers_a_cut_until_it_is_closed(room: Any) -> None:
    recording = await room.recording()
    request = await room.request(room.customer)
    await room.revoke(recording, HALF)
    await room.settle()
    assert await room.events("erasure.ordered") == []
    await room.close(request)
    await room.settle()
    assert len([each for each in await room.events("erasure.ordered") if each["spans_kept"]]) == 1


async def test_while_a_part_is_being_destroyed_a_hold_comes_too_late_and_the_whole_waits(room: Any) -> None:
    recording = await room.recording()
    await room.revoke(recording, HALF)
    await room.settle(answer=False)
    with pytest.raises(Conflict, match="deletion_began"):
        await place_hold(room.means, TENANT, wanted(recording.recording), None)
    await room.revoke(recording)
    await room.settle(answer=False)
    assert await room.state(recording.recording) == "retained"
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_container_with_the_part_that_went_goes_too_and_a_later_one_stays(room: Any) -> None:
    recording = await room.recording()
    before = await room.copy("bundle", contains=(recording.recording,))
    await room.revoke(recording, HALF)
    await room.settle()
    assert await room.state(before) == "erased"
    after = await room.copy("bundle", contains=(recording.recording,))
    await room.settle()
    assert await room.state(after) == "retained"


async def test_an_answer_that_does_not_fit_its_order_is_refused(room: Any) -> None:
    recording = await room.recording()
    await room.revoke(recording, HALF)
    await room.settle(answer=False)
    [order] = await room.events("erasure.ordered")
    places = await room.places(recording.recording)
    with pytest.raises(PermanentError, match="trim_unproved"):
        await room.heard(room.trimmed(order, []))
    with pytest.raises(PermanentError, match="order_of_another"):
        await room.heard(room.trimmed(order | {"holding": str(room.fresh())}, places))
    waits = await room.heard(room.trimmed(order | {"order": str(room.fresh())}, places))
    assert waits is not None
    for _ in range(2):
        await room.hear(room.trimmed(order, places))
    assert await room.state(recording.recording) == "retained"


async def test_where_not_one_sample_lay_in_what_was_to_stay_the_whole_is_certified(room: Any) -> None:
    recording = await room.recording()
    await room.revoke(recording, HALF)
    await room.settle(answer=False)
    [order] = await room.events("erasure.ordered")
    await room.hear(room.erased(order, await room.places(recording.recording)))
    room.answered.add(UUID(order["order"]))
    await room.settle()
    assert await room.state(recording.recording) == "erased"
    assert await room.state(recording.call) == "erased"


async def test_a_cut_that_the_database_forgot_is_ordered_again(room: Any, room_of: Any) -> None:
    recording = await room.recording()
    await room.revoke(recording, HALF)
    await room.settle()
    again = await room_of()
    await again.open_tenant()
    registered = again.registered().model_copy(update={"call": recording.call})
    await again.hear(registered, again.call_ended(recording.call, recording.call_ended_at), recording)
    await control.apply_what_is_ahead(again.means)
    await again.settle()
    assert await again.state(recording.recording) == "retained"
    assert "30000" in await covers(again, recording.recording)
