"""What persons had upheld: erasures ordered or withheld with a ground, restrictions, persons who are one (R12, R14)."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
import recital_events as told
from recital_retention.actions.holds import Wanted, place_hold, release_hold
from recital_retention.actions.reading import recording_clocks
from recital_retention.decisions.erasing import may_erase, withheld_because
from recital_retention.model import Ground, HoldingState, HoldScope, Standing, Use

TENANT = UUID(int=0xA)
DUTY = UUID(int=0xC3)


async def asks(room: Any, request: UUID, holding: UUID, kind: str, *subjects: UUID) -> None:
    requested = room.made(
        told.ErasureRequested,
        request=request,
        holding=holding,
        kind=kind,
        subjects=subjects or (room.customer,),
        ground="17.1.a",
    )
    await room.hear(requested)
    await room.settle()


async def grounds(room: Any) -> list[str]:
    return [each["ground"] for each in await room.events("erasure.withheld")]


def standing(kind: Any = "recording", **more: Any) -> Standing:
    return Standing(UUID(int=1), kind, more.pop("state", HoldingState.RETAINED), requested=True, **more)


@pytest.mark.parametrize(
    ("found", "ground"),
    [
        (standing(held=True, running=1), "legal_hold"),
        (standing(running=1), "legal_obligation"),
        (standing(withheld=True), "request_open"),
        (standing(restricted=True), "restricted"),
        (standing("call", recordings=1, recorded=True), "still_needed"),
        (standing("identity", uses=(Use("call"),)), "still_needed"),
        (standing("request"), "accountability"),
        (standing(state=HoldingState.SHREDDING), None),
        (standing(trimming=True), None),
        (standing("call"), None),
        (standing(), None),
    ],
)
def test_a_requested_erasure_is_withheld_on_the_ground_that_weighs_most(found: Standing, ground: str | None) -> None:
    verdict = may_erase(found, found_at())
    assert withheld_because(verdict) == ground
    if verdict.allowed:
        assert verdict.ground is Ground.ERASURE_REQUESTED


def found_at() -> Any:
    return datetime(2026, 6, 1, tzinfo=UTC)


def test_a_collected_part_is_not_kept_by_a_restriction() -> None:
    assert may_erase(standing("collection", restricted=True), found_at()).allowed


# On the real database


async def test_an_erasure_that_was_upheld_ends_every_clock_and_the_request_itself_does_not_keep_it(room: Any) -> None:
    recording = await room.recording()
    request = await room.request(room.customer)
    await asks(room, request, recording.recording, "recording")
    [order] = await room.events("erasure.ordered")
    assert (order["holding"], order["ground"]) == (str(recording.recording), "erasure_requested")
    assert await room.state(recording.recording) == "erased"
    assert await room.state(recording.call) == "due"  # kept by the open request, of which it was no item
    await room.close(request)
    await room.settle()
    assert await room.state(recording.call) == "erased"


async def test_what_a_legal_duty_keeps_is_withheld_until_that_ends_and_only_its_spans_stay(room: Any) -> None:
    duty = room.published(purpose=DUTY, key="duty", retention="P1Y", version=1, basis="legal_obligation")
    await room.hear(duty)
    recording = await room.recording(
        spans=(
            told.PurposeSpans(purposes=("duty",), spans=((0, 10_000),)),
            told.PurposeSpans(purposes=("contract", "quality"), spans=((0, 60_000),)),
        ),
        purposes=[
            {"purpose": room.contract, "key": "contract", "version": 1},
            {"purpose": room.quality, "key": "quality", "version": 1},
            {"purpose": DUTY, "key": "duty", "version": 1},
        ],
    )
    request = await room.request(room.customer)
    await asks(room, request, recording.recording, "recording")
    [withheld] = await room.events("erasure.withheld")
    assert (withheld["ground"], withheld["request"]) == ("legal_obligation", str(request))
    assert withheld["until"] is not None
    [order] = await room.events("erasure.ordered")
    assert order["spans_kept"] == [{"purposes": ["duty"], "spans": [[0, 10_000]]}]
    await room.close(request)
    await room.later("1 year 1 day")
    await room.settle()
    assert await room.state(recording.recording) == "erased"
    assert (await room.events("erasure.certified"))[0]["ground"] == "erasure_requested"


async def test_what_a_hold_keeps_is_withheld_once_and_decided_again_when_it_is_released(room: Any) -> None:
    recording = await room.recording()
    wanted = Wanted("claim", "matter 7", date(2030, 1, 1), HoldScope(recordings=(recording.recording,)), "counsel")
    hold = await place_hold(room.means, TENANT, wanted, None)
    request = await room.request(room.customer)
    await asks(room, request, recording.recording, "recording")
    assert await grounds(room) == ["legal_hold"]
    await asks(room, request, recording.recording, "recording")
    assert await grounds(room) == ["legal_hold"]
    await release_hold(room.means, TENANT, hold.id, by="counsel", because="settled")
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_another_persons_open_request_withholds_and_its_end_lets_go(room: Any) -> None:
    recording = await room.recording()
    mine, theirs = await room.request(room.customer), await room.request(room.agent)
    await asks(room, mine, recording.recording, "recording")
    assert await grounds(room) == ["request_open"]
    await room.close(theirs)
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_call_and_an_identity_follow_what_needs_them(room: Any) -> None:
    recording = await room.recording()
    request = await room.request(room.customer)
    await asks(room, request, room.customer, "identity")
    await asks(room, request, recording.call, "call")
    assert await grounds(room) == ["still_needed", "still_needed"]
    await asks(room, request, recording.recording, "recording")
    assert await room.state(recording.call) == "erased"
    await room.close(request)
    await room.settle()
    assert await room.state(room.customer) == "erased"


async def test_a_recording_of_an_earlier_call_that_comes_late_falls_under_the_erasure(room: Any) -> None:
    early = room.stored(await room.call())
    one = await room.recording()
    request = await room.request(room.customer)
    await room.later("1 minute")
    await asks(room, request, one.recording, "recording")
    await room.hear(early)
    await room.settle()
    assert await room.state(early.recording) == "erased"
    await room.later("1 minute")
    later = await room.recording()
    await room.settle()
    assert await room.state(later.recording) == "retained"


async def test_an_erasure_of_what_is_not_known_waits_for_it(room: Any) -> None:
    unknown = room.made(told.ErasureRequested, holding=room.fresh(), kind="recording", ground="17.1.a")
    assert await room.heard(unknown) is not None


async def test_a_restriction_keeps_and_shows_until_it_is_lifted(room: Any) -> None:
    recording = await room.recording()
    facts = {"restriction": room.fresh(), "holding": recording.recording, "kind": "recording", "ground": "18.1.c"}
    await room.hear(room.made(told.RestrictionSet, **facts))
    async with room.database.transaction(TENANT) as tx:
        assert (await recording_clocks(tx, recording.recording, None)).restricted
    await room.later("7 months")
    await room.settle()
    assert await room.state(recording.recording) == "due"
    del facts["ground"]
    await room.hear(room.made(told.RestrictionLifted, **facts))
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_suspended_permit_restricts_what_is_stored_and_what_comes_and_destroys_nothing(room: Any) -> None:
    recording = await room.recording()
    facts = {"permit": recording.permit, "call": recording.call}
    await room.hear(room.made(told.PermitSuspended, **facts))
    late = room.stored(recording.call, permit=recording.permit)
    await room.hear(late)
    await room.settle()
    async with room.database.transaction(TENANT) as tx:
        assert (await recording_clocks(tx, recording.recording, None)).restricted
        assert (await recording_clocks(tx, late.recording, None)).restricted
    await room.hear(room.made(told.PermitReinstated, **facts))
    async with room.database.transaction(TENANT) as tx:
        assert not (await recording_clocks(tx, recording.recording, None)).restricted
    assert await room.events("erasure.ordered") == []


async def test_two_subjects_that_are_one_person_are_withheld_and_collected_together_until_they_are_split(
    room: Any,
) -> None:
    other = room.fresh()
    recording = await room.recording(parties=(told.PartyLink(party="customer", subject=other, kind="customer"),))
    await room.request(room.customer)
    await room.hear(room.made(told.SubjectMerged, subject=room.customer, merged=other))
    await room.later("7 months")
    await room.settle()
    assert await room.state(recording.recording) == "due"
    await room.hear(room.made(told.SubjectSplit, subject=room.customer, split=other))
    await room.settle()
    assert await room.state(recording.recording) == "erased"


async def test_a_hold_on_a_person_covers_who_turns_out_to_be_the_same(room: Any) -> None:
    other = room.fresh()
    mine = await room.recording()
    theirs = await room.recording(parties=(told.PartyLink(party="customer", subject=other, kind="customer"),))
    wanted = Wanted("claim", "matter 7", date(2030, 1, 1), HoldScope(subjects=(room.customer,)), "counsel")
    hold = await place_hold(room.means, TENANT, wanted, None)
    assert hold.recordings == [mine.recording]
    await room.hear(room.made(told.SubjectMerged, subject=room.customer, merged=other))
    await room.later("7 months")
    await room.settle()
    assert await room.state(theirs.recording) == "due"
    assert str(theirs.recording) in {each["holding"] for each in await room.events("hold.placed")}


async def test_a_withdrawal_and_an_objection_are_kept_in_the_control_ledger(room: Any) -> None:
    await room.hear(
        room.made(told.ConsentWithdrawn, subject=room.customer, purposes=("quality",)),
        room.made(told.ObjectionRaised, subject=room.customer),
        room.made(told.ObjectionUpheld),
        room.made(told.ObjectionRejected),
    )
    await room.settle()
    entries = [entry for _, entry in await room.means.vault.control.read_after(0)]
    assert [each["what"] for each in entries] == ["consent", "objection", "objection_upheld", "objection_rejected"]
    assert entries[0]["purposes"] == ["quality"]
    assert await room.events("erasure.ordered") == []
