"""What is written to timelines, and what follows from it, on the real database and vault."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from recital_consent.actions import (
    timeline,
)
from recital_consent.model.calls import EntryKind, PartyKind, PartyType
from recital_consent.model.drafts import PartyDraft
from recital_errors import (
    Conflict,
    Forbidden,
    Malformed,
)
from recital_identity import Role

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

K = EntryKind


async def test_entries_are_written_once_and_another_content_is_a_conflict(desk: "Desk") -> None:
    call = await desk.register()
    held = desk.entry(K.HELD, 10, id="h")
    await desk.write(call.id, held, held)
    again, _ = await desk.write(call.id, held)
    assert again.timeline_version == 1
    with pytest.raises(Conflict) as refused:
        await desk.write(call.id, desk.entry(K.RESUMED, 11, id="r"), desk.entry(K.HELD, 12, id="h"))
    assert refused.value.code == "entry_differs"
    assert await desk.count("call_entries") == 1
    assert len(await desk.ledger("timeline.held")) == 1


async def test_a_request_with_one_wrong_entry_writes_none(desk: "Desk") -> None:
    call = await desk.register()
    with pytest.raises(Malformed) as refused:
        await desk.write(call.id, desk.entry(K.HELD, 10), desk.entry(K.LEFT, 11, party="nobody"))
    assert [(each.code, each.rule) for each in refused.value.reasons] == [("party_unknown", "R01")]
    assert await desk.count("call_entries") == 0


async def test_a_timeline_without_end_is_refused(desk: "Desk") -> None:
    call = await desk.register()
    for batch in range(4):
        await desk.write(call.id, *(desk.entry(K.HELD, 10, id=f"{batch}-{number}") for number in range(500)))
    with pytest.raises(Malformed) as refused:
        await desk.write(call.id, desk.entry(K.HELD, 10, id="one-more"))
    assert refused.value.code == "timeline_too_long"


async def test_writing_at_once_loses_nothing(desk: "Desk") -> None:
    call = await desk.register()
    await asyncio.gather(*(desk.write(call.id, desk.entry(K.HELD, number, id=str(number))) for number in range(1, 9)))
    async with desk.database.transaction(desk.tenant) as tx:
        read, _ = await timeline.read_call(tx, call.id)
    assert read.timeline_version == len(read.written) == 8


async def test_the_same_idempotency_key_answers_without_writing_again(desk: "Desk") -> None:
    call = await desk.register()
    first, _ = await desk.write(call.id, desk.entry(K.HELD, 10), key="k")
    again, _ = await desk.write(call.id, desk.entry(K.HELD, 10), key="k")
    assert again.timeline_version == first.timeline_version == 1


async def test_who_joins_is_named_in_full_and_may_be_named_in_the_same_request(desk: "Desk") -> None:
    call = await desk.register()
    partner = PartyDraft(label="partner", kind=PartyKind.THIRD_PARTY, number="+31201234567")
    joined = desk.entry(K.JOINED, 20, party="partner", joining=partner)
    after, _ = await desk.write(call.id, desk.notice(6, 8, party="partner"), joined)
    party = after.facts.party("partner")
    assert party is not None
    assert (party.registered, party.kind, party.region) == (False, PartyKind.THIRD_PARTY, "NL")
    assert party.subject in after.subjects
    with pytest.raises(Malformed) as refused:
        await desk.write(call.id, desk.entry(K.JOINED, 30, party="stranger"))
    assert [each.field for each in refused.value.fields] == ["entries.0.joining"]
    other = replace(partner, type=PartyType.BOT)
    with pytest.raises(Malformed) as refused:
        await desk.write(call.id, desk.entry(K.JOINED, 31, party="partner", joining=other))
    assert refused.value.code == "party_differs"
    third = replace(partner, label="third", number="12")
    with pytest.raises(Malformed) as refused:
        await desk.write(call.id, desk.entry(K.JOINED, 32, party="third", joining=third))
    assert [each.field for each in refused.value.fields] == ["entries.0.joining.number"]
    twice = [desk.entry(K.JOINED, when, party="fourth", joining=replace(partner, label="fourth")) for when in (1, 2)]
    with pytest.raises(Malformed) as refused:
        await desk.write(call.id, *twice)
    assert refused.value.code == "party_twice"


async def test_a_call_may_be_registered_with_who_joins_later(desk: "Desk") -> None:
    partner = PartyDraft(label="partner", kind=PartyKind.CUSTOMER, email="p@example.nl")
    call = await desk.register(entries=(desk.entry(K.JOINED, 20, party="partner", joining=partner),))
    assert {party.label: party.registered for party in call.facts.parties} == {
        "customer": True,
        "agent": True,
        "partner": False,
    }


async def test_staff_write_in_their_own_calls_only(desk: "Desk") -> None:
    call = await desk.register()
    mine, theirs = desk.principal(Role.STAFF, "1001"), desk.principal(Role.STAFF, "2002")
    await desk.write(call.id, desk.entry(K.PAUSED, 10), who=mine)
    for who, code in ((theirs, "not_your_call"), (desk.principal(Role.STAFF), "not_your_call")):
        with pytest.raises(Forbidden) as refused:
            await desk.write(call.id, desk.entry(K.PAUSED, 11), who=who)
        assert refused.value.code == code
    with pytest.raises(Forbidden) as refused:
        await desk.write(call.id, desk.entry(K.CONSENT_GIVEN, 11, party="customer"), who=mine)
    assert refused.value.code == "not_for_staff"


async def test_the_end_is_told_and_told_again_when_a_late_entry_changes_it(desk: "Desk") -> None:
    call = await desk.register()
    await desk.write(call.id, desk.entry(K.ENDED, 60))
    await desk.write(call.id, desk.entry(K.HELD, 10))
    await desk.write(call.id, desk.entry(K.ENDED, 50))
    await desk.write(call.id, desk.entry(K.ENDED, 55))
    await desk.write(call.id, desk.entry(K.MARKED_PRIVATE, 61))
    told = [(datetime.fromisoformat(each["ended_at"]), each["private"]) for each in await desk.events("call.ended")]
    assert told == [(desk.at(60), False), (desk.at(50), False), (desk.at(50), True)]
