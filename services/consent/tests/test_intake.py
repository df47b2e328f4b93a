"""Calls coming in: many at once, from lines that are never recorded, and what is said of their recordings."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from recital_consent.actions import bulk, completeness, lines, recordings, registering, timeline
from recital_consent.actions.lines import LineNeverRecorded, NewLine
from recital_consent.actions.registering import Registered
from recital_consent.model.calls import CallRecord, EntryKind, PartyKind
from recital_consent.model.completeness import Outcome
from recital_consent.model.drafts import PartyDraft
from recital_consent.store import watching
from recital_errors import Conflict, Malformed, NotFound, RecitalError
from recital_events import RecordingConfirmed, RecordingRefused, RecordingStored, RecordingTrimmed

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

K = EntryKind


# Many at once.


async def test_many_calls_are_registered_each_with_its_own_result(desk: "Desk") -> None:
    first = desk.draft("pbx-1")
    told = desk.draft("pbx-2", entries=(desk.notice(), desk.entry(K.ENDED, 60)))
    drafts = [
        first,
        replace(first, external_id="pbx-3", purposes=("nothing",)),
        told,
        first,
        replace(first, content=b"other"),
        replace(first, external_id="pbx-4", source=UUID(int=3)),
    ]
    made = await bulk.register_in_batches(desk.means, desk.tenant, dict(enumerate(drafts)))
    assert [type(each) for each in made.values()] == [Registered, Malformed, Registered, Registered, Conflict, NotFound]
    one, again, whole = registered(made[0]), registered(made[3]), registered(made[2])
    assert (one.is_new, again.is_new, one.call) == (True, False, again.call)
    assert whole.call.ended_at == desk.at(60)
    assert await desk.count("calls") == 2
    assert [each["call"] for each in await desk.events("call.registered")] == [str(one.call.id), str(whole.call.id)]
    assert len(await desk.events("call.ended")) == 1
    later = await bulk.register_in_batches(desk.means, desk.tenant, {0: first, 2: told})
    assert [registered(each).is_new for each in later.values()] == [False, False]
    assert registered(later[2]).call.id == whole.call.id


def registered(made: Registered | RecitalError) -> Registered:
    assert isinstance(made, Registered)
    return made


async def test_many_calls_know_their_callers_as_one_by_one(desk: "Desk") -> None:
    more = replace(desk.customer, customer_number="C-1")
    others = [replace(desk.customer, number=f"061234568{number}") for number in range(4)]
    parties = [desk.customer, more, replace(more, number=None, name=None), *others, *others]
    drafts = {number: desk.draft(f"pbx-{number}", parties=(each, desk.staff)) for number, each in enumerate(parties)}
    made = await bulk.register_in_batches(desk.means, desk.tenant, drafts)
    customers = [(set(registered(each).call.subjects) - {desk.agent}).pop() for each in made.values()]
    assert len(set(customers[:3])) == 1
    assert customers[3:7] == customers[7:]
    assert len(set(customers)) == 5
    assert await desk.count("subject_index", "kind = 'customer_number'") == 1
    (known,) = (await desk.register("pbx-9", parties=(more, desk.staff))).subjects[:1] or ()
    assert known in {customers[0], desk.agent}


async def test_the_number_of_statements_does_not_grow_with_the_calls(desk: "Desk", monkeypatch: Any) -> None:
    async def statements(number: int, first: int) -> int:
        asked = 0
        async with desk.database.transaction(desk.tenant) as tx:
            execute = type(tx).execute

            async def counted(self: Any, *given: Any) -> Any:
                nonlocal asked
                asked += 1
                return await execute(self, *given)

            monkeypatch.setattr(type(tx), "execute", counted)
            drafts = [
                desk.draft(
                    f"pbx-{each}",
                    parties=(replace(desk.customer, number=f"+3161234{each:04}"), desk.staff),
                    entries=(desk.notice(), desk.entry(K.ENDED, 60)),
                )
                for each in range(first, first + number)
            ]
            made = await registering.register_calls(desk.means, tx, drafts)
            monkeypatch.undo()
        assert all(isinstance(each, Registered) for each in made)
        return asked

    # The first looks the tenant up, which the process then knows.
    assert await statements(1, 0) > await statements(1, 10) == await statements(40, 1000)


# Lines that are never recorded (R18).


async def left_alone(desk: "Desk", *wanted: NewLine) -> list[UUID]:
    async with desk.database.transaction(desk.tenant) as tx:
        return [each.id for each in await lines.leave_alone(desk.means, tx, desk.source, wanted)]


async def denied(desk: "Desk") -> int:
    async with desk.database.transaction(desk.tenant) as tx:
        day = tx.now.date()
        found = await lines.denied_days(tx, desk.source, since=day - timedelta(days=1), until=day + timedelta(days=1))
    return sum(calls for _, calls in found)


LEFT_BY_A_CALL = ("calls", "call_parties", "call_watch", "external_ids", "subjects", "idempotency", "outbox")


async def test_a_call_with_a_private_line_leaves_only_a_count(desk: "Desk") -> None:
    await left_alone(desk, NewLine("020 765 43 21", None, "adviser"), NewLine(None, "77", None))
    before = [await desk.count(table) for table in LEFT_BY_A_CALL] + [await desk.count("ledger_entries")]
    private = [
        replace(desk.customer, number="+31207654321"),
        replace(desk.customer, number=None, extension="7 7"),
        replace(desk.customer, number="77"),
    ]
    for number, each in enumerate(private):
        async with desk.database.transaction(desk.tenant) as tx:
            draft = desk.draft(f"pbx-{number}", parties=(each, desk.staff))
            with pytest.raises(LineNeverRecorded) as refused:
                await registering.register_call(desk.means, tx, draft, f"key-{number}")
        assert [(each.code, each.rule) for each in refused.value.reasons] == [("line_never_recorded", "R18")]
    joins = desk.entry(K.JOINED, 5, party="adviser", joining=replace(private[0], label="adviser"))
    several = [desk.draft("pbx-8", entries=(joins,)), desk.draft("pbx-9", parties=(private[0], desk.staff))]
    made = await bulk.register_in_batches(desk.means, desk.tenant, dict(enumerate(several)))
    assert [type(each) for each in made.values()] == [LineNeverRecorded, LineNeverRecorded]
    assert [await desk.count(table) for table in LEFT_BY_A_CALL] + [await desk.count("ledger_entries")] == before
    assert await denied(desk) == 5


async def test_whoever_joins_on_a_private_line_makes_the_call_private_and_is_not_kept(desk: "Desk") -> None:
    await left_alone(desk, NewLine(None, "77", "confidential adviser"))
    call = await desk.register(entries=(desk.notice(),))
    who = PartyDraft(label="adviser", kind=PartyKind.STAFF, staff_id="9", name="Adviser", extension="77")
    joins = desk.entry(K.JOINED, 10, party="adviser", joining=who)
    after, verdict = await desk.write(call.id, joins, desk.entry(K.LEFT, 12, party="adviser"))
    assert (after.private, verdict.may_record, after.subjects) == (True, False, call.subjects)
    again, _ = await desk.write(call.id, joins)
    assert again.timeline_version == after.timeline_version == 4
    assert await denied(desk) == 1


async def test_a_line_is_set_once_listed_and_recorded_again(desk: "Desk") -> None:
    (one,) = await left_alone(desk, NewLine(None, "77", "adviser"))
    assert await left_alone(desk, NewLine(None, "7-7", None)) == [one]
    async with desk.database.transaction(desk.tenant) as tx:
        found = await lines.list_lines(tx, desk.source, after=None, most=9)
        assert [(each.id, each.label) for each in found] == [(one, "adviser")]
        assert await lines.list_lines(tx, desk.source, after=one, most=9) == []
        await lines.record_again(tx, desk.source, one)
        with pytest.raises(NotFound):
            await lines.record_again(tx, desk.source, one)
        with pytest.raises(NotFound):
            await lines.list_lines(tx, UUID(int=3), after=None, most=9)
        with pytest.raises(Malformed) as refused:
            await lines.leave_alone(
                desk.means, tx, desk.source, [NewLine("12", None, None), NewLine(None, "desk", None)]
            )
        assert [each.field for each in refused.value.fields] == ["lines.0.number", "lines.1.extension"]
    await desk.register(parties=(replace(desk.customer, extension="77"), desk.staff))


# Whether the recording is whole.


async def stored(desk: "Desk", call: CallRecord, *spans: tuple[int, int], number: int = 1) -> RecordingStored:
    purpose = call.purposes[0]
    event = RecordingStored.model_validate(
        {
            "recording": UUID(int=number),
            "permit": UUID(int=9),
            "call": call.id,
            "parties": [],
            "spans": [{"purposes": ["main"], "spans": spans}],
            "purposes": [{"purpose": purpose.id, "key": purpose.key, "version": purpose.version}],
            "answered_at": desk.at(0),
            "call_ended_at": call.ended_at,
            "received_sha256": "0" * 64,
            "places": [],
            "stored_at": desk.now,
        }
    )
    await desk.take(recordings.note_stored, event)
    return event


async def said(desk: "Desk", call: CallRecord) -> CallRecord:
    async with desk.database.transaction(desk.tenant) as tx:
        return (await timeline.read_call(tx, call.id))[0]


async def time_is_over(desk: "Desk") -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        await tx.execute("update settings set missing_after_minutes = 0, unended_after_minutes = 1")
        await tx.execute("update call_watch set due_at = recital_now()")
    assert not await completeness.look_at_due(desk.means)


async def test_a_recording_that_does_not_come_is_alarmed_and_told_once_with_its_gaps(desk: "Desk") -> None:
    call = await desk.ended_call()
    assert (call.completeness.outcome, call.completeness.gaps) == (Outcome.WAITING, ((4_200, 60_000),))
    await time_is_over(desk)
    missing = await said(desk, call)
    assert (missing.completeness.outcome, missing.completeness.gaps) == (Outcome.MISSING, ((4_200, 60_000),))
    await stored(desk, call, (4_200, 40_000))
    part = await said(desk, call)
    assert (part.completeness.outcome, part.completeness.gaps) == (Outcome.MISSING, ((40_000, 60_000),))
    (event,) = await desk.events("recording.missing")
    assert event["gaps"] == [[4_200, 60_000]]
    assert await desk.count("alarms", "kind = 'recording_missing'") == 1
    await stored(desk, call, (40_000, 60_000), number=2)
    whole = await said(desk, call)
    assert (whole.completeness.outcome, whole.missing_at) == (Outcome.RECORDED, None)
    assert await desk.count("call_watch") == 0


async def test_a_whole_recording_in_time_is_no_alarm(desk: "Desk") -> None:
    call = await desk.ended_call()
    event = await stored(desk, call, (4_200, 59_000))
    assert (await said(desk, call)).completeness.outcome is Outcome.RECORDED
    await time_is_over(desk)
    assert await desk.events("recording.missing") == []
    await desk.take(
        recordings.note_confirmed,
        RecordingConfirmed(recording=event.recording, call=call.id, confirmed_at=desk.now),
    )
    assert await desk.count("recordings", "confirmed_at is not null") == 1


async def test_what_a_late_entry_takes_is_not_missing_when_it_was_trimmed(desk: "Desk") -> None:
    call = await desk.ended_call()
    event = await stored(desk, call, (4_200, 60_000))
    await desk.write(call.id, desk.entry(K.HELD, 30), desk.entry(K.RESUMED, 40))
    left = [{"purposes": ["main"], "spans": [[4_200, 29_800], [40_200, 60_000]]}]
    facts = event.model_dump(mode="json", exclude={"stored_at"})
    trimmed = RecordingTrimmed.model_validate(
        {**facts, "spans": left, "order": UUID(int=4), "proofs": [], "trimmed_at": desk.now}
    )
    await desk.take(recordings.note_trimmed, trimmed)
    assert (await said(desk, call)).completeness.outcome is Outcome.RECORDED


async def test_a_call_without_an_end_is_alarmed_and_counts_as_missing_until_it_ends(desk: "Desk") -> None:
    call = await desk.register(entries=(desk.notice(),))
    assert call.completeness.outcome is Outcome.GOING_ON
    await time_is_over(desk)
    unended = await said(desk, call)
    assert unended.completeness.outcome is Outcome.UNENDED
    (event,) = await desk.events("call.unended")
    assert event["call"] == str(call.id)
    assert await desk.count("alarms", "kind = 'call_unended'") == 1
    ended, _ = await desk.write(call.id, desk.entry(K.ENDED, 60))
    assert ended.completeness.outcome is Outcome.WAITING
    await time_is_over(desk)
    assert (await said(desk, call)).completeness.outcome is Outcome.MISSING
    assert len(await desk.events("call.unended")) == 1


async def test_why_audio_was_refused_is_kept_with_the_call(desk: "Desk") -> None:
    call = await desk.ended_call()
    refused = RecordingRefused(
        upload=UUID(int=3), permit=UUID(int=9), call=call.id, code="audio_not_aligned", refused_at=desk.now
    )
    await desk.take(recordings.note_refused, refused)
    assert (await said(desk, call)).refused_code == "audio_not_aligned"


async def test_a_call_that_is_erased_is_looked_at_no_more(desk: "Desk") -> None:
    call = await desk.ended_call()
    await desk.order_erasure(call.id, "call")
    await time_is_over(desk)
    assert await desk.events("recording.missing") == []
    assert await desk.count("call_watch") == 0


async def test_a_call_that_is_being_looked_at_is_taken_by_nobody_else_and_is_due_again_later(desk: "Desk") -> None:
    call = await desk.ended_call()
    async with desk.database.transaction(desk.tenant) as tx:
        await tx.execute("update call_watch set due_at = recital_now()")
    taken = []
    for _ in range(2):
        async with desk.database.work() as tx:
            taken.append([each.id for each in await watching.take_due(tx, 9)])
    assert taken == [[call.id], []]
    assert await desk.count("call_watch", "due_at > recital_now()") == 1
