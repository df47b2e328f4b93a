"""Statements outside calls and private marks that are asked for, on the real database and vault."""

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from recital_consent.actions import asking, completeness, erasing, people, permits, purposes, stating, timeline
from recital_consent.model.asking import AskState, PrivateAsk
from recital_consent.model.calls import CallRecord, EntryKind
from recital_consent.model.completeness import Outcome
from recital_consent.model.purposes import Basis, BasisKind, Monitoring, Sample, StaffSafeguards
from recital_consent.model.statements import Statement, StatementKind, StatementState
from recital_errors import Conflict, Forbidden, Malformed, NotFound
from recital_events import ObjectionRejected, ObjectionUpheld
from recital_identity import Role, TokenKind

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

K = EntryKind
LIA = Basis(kind=BasisKind.LEGITIMATE_INTERESTS, document="lia", outcome="fair", review_on=date(2199, 1, 1))
ASKED = Basis(kind=BasisKind.CONSENT, texts={"nl": "Mag dat?"}, withdrawal="by telephone")


async def with_basis(desk: "Desk", basis: Basis) -> None:
    """Publish `main` again on another ground, and tell the staff."""
    async with desk.database.transaction(desk.tenant) as tx:
        made = await purposes.publish_purpose(tx, replace(desk.draft_of_purpose, basis=basis), b"", None)
        told = people.Announcement((), ("1001",), "main", made.version, tx.now - timedelta(days=1), None)
        await people.log_staff_notices(desk.means, tx, told, None)


async def consented(desk: "Desk", external_id: str = "pbx-1") -> CallRecord:
    given = desk.entry(K.CONSENT_GIVEN, 5, party="customer")
    return await desk.register(external_id, entries=(desk.notice(), given, desk.entry(K.ENDED, 60)))


def who(call: CallRecord, label: str = "customer") -> UUID:
    party = call.facts.party(label)
    assert party is not None
    assert party.subject is not None
    return party.subject


async def say(desk: "Desk", subject: UUID, kind: StatementKind, seconds: float = 100, **facts: Any) -> Statement:
    pending = StatementState.PENDING if kind is StatementKind.OBJECTION else StatementState.STANDING
    made = Statement(
        id=subject, subject=subject, kind=kind, at=desk.at(seconds), received_at=desk.now, state=pending, **facts
    )
    async with desk.database.transaction(desk.tenant) as tx:
        said = await stating.state(tx, desk.principal(Role.PRIVACY_OFFICER), made, repr(made).encode(), None)
    await reach(desk)
    return said


async def reach(desk: "Desk") -> None:
    while await stating.reach_due(desk.means):
        pass


async def decision(desk: "Desk", kind: type[Any], said: Statement, **facts: Any) -> None:
    ids = {"objection": said.id, "request": UUID(int=5), "subjects": [said.subject], **facts}
    async with desk.database.transaction(desk.tenant) as tx:
        event = kind.model_validate({**ids, "decided_at": tx.now})
        await (stating.uphold if kind is ObjectionUpheld else stating.reject)(tx, event)
    await reach(desk)


async def test_a_withdrawal_outside_a_call_revokes_the_permits_of_every_call_and_later_calls_need_consent_anew(
    desk: "Desk", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stating, "AT_ONCE", 2)
    await with_basis(desk, ASKED)
    several = [await consented(desk, f"pbx-{number}") for number in range(5)]
    tokens = [(await desk.permit(call.id, 5.2))[1] for call in several]
    said = await say(desk, who(several[0]), StatementKind.WITHDRAWAL)
    revoked = await desk.events("permit.revoked")
    assert sorted(each["call"] for each in revoked) == sorted(str(call.id) for call in several)
    assert {(each["reason"], len(each["recording_spans"])) for each in revoked} == {("consent_withdrawn", 0)}
    assert [(await permits.verify_permit(desk.means, token))["stands"] for token in tokens] == [False] * 5
    (event,) = await desk.events("consent.withdrawn")
    assert (event["withdrawal"], event["purposes"]) == (str(said.id), None)
    later = await desk.register("later", entries=(desk.notice(), desk.entry(K.ENDED, 60)))
    with pytest.raises(Forbidden):
        await desk.permit(later.id)
    again = desk.entry(K.CONSENT_GIVEN, 110, party="customer")
    anew = await desk.register("anew", entries=(desk.notice(), again))
    assert (await desk.permit(anew.id, 110.2, 115))[0].spans


async def test_consent_from_outside_opens_calls_until_it_is_withdrawn(desk: "Desk") -> None:
    await with_basis(desk, ASKED)
    first = await desk.ended_call("first")
    with pytest.raises(Forbidden):
        await desk.permit(first.id)
    await say(desk, who(first), StatementKind.CONSENT, -900, purposes=frozenset({"main"}), text="Ja", language="nl")
    assert (await desk.permit(first.id))[0].spans == {"main": ((4_200, 60_000),)}


async def test_an_objection_suspends_at_once_and_what_is_upheld_is_revoked(desk: "Desk") -> None:
    await with_basis(desk, LIA)
    call = await desk.ended_call()
    _, token = await desk.permit(call.id)
    said = await say(desk, who(call), StatementKind.OBJECTION)
    (suspended,) = await desk.events("permit.suspended")
    assert suspended["reason"] == "objected"
    standing = await permits.verify_permit(desk.means, token)
    assert (standing["stands"], standing["suspended"], standing["reason"]) == (False, True, "suspended")
    assert standing["spans"]
    with pytest.raises(Forbidden):
        await desk.permit(call.id)
    assert (await desk.events("objection.raised"))[0]["objection"] == str(said.id)
    await decision(desk, ObjectionUpheld, said)
    (revoked,) = await desk.events("permit.revoked")
    assert (revoked["reason"], revoked["recording_spans"]) == ("objection_upheld", [])
    standing = await permits.verify_permit(desk.means, token)
    assert (standing["stands"], standing["suspended"]) == (False, False)
    assert await desk.events("permit.reinstated") == []


async def test_an_objection_that_is_rejected_reinstates_and_nothing_was_lost(desk: "Desk") -> None:
    await with_basis(desk, LIA)
    call = await desk.ended_call()
    _, token = await desk.permit(call.id)
    said = await say(desk, who(call), StatementKind.OBJECTION)
    await desk.write(call.id, desk.entry(K.HELD, 50))
    assert len(await desk.events("permit.revoked")) == 1
    assert len(await desk.events("permit.suspended")) == 2
    await decision(desk, ObjectionRejected, said)
    assert len(await desk.events("permit.reinstated")) == 1
    standing = await permits.verify_permit(desk.means, token)
    assert (standing["suspended"], standing["spans"]) == (False, [{"purposes": ["main"], "spans": [[4_200, 49_800]]}])
    await decision(desk, ObjectionUpheld, said)
    assert len(await desk.events("permit.revoked")) == 1


async def test_an_objection_that_was_upheld_and_never_told_here_counts_too(desk: "Desk") -> None:
    await with_basis(desk, LIA)
    call = await desk.ended_call()
    await desk.permit(call.id)
    unknown = Statement(
        id=UUID(int=6), subject=who(call), kind=StatementKind.OBJECTION, at=desk.now, received_at=desk.now
    )
    await decision(desk, ObjectionRejected, unknown)
    await decision(desk, ObjectionUpheld, unknown, subjects=[who(call), UUID(int=7)])
    assert [each["reason"] for each in await desk.events("permit.revoked")] == ["objection_upheld"]


async def test_a_statement_names_its_purposes_and_a_known_person(desk: "Desk") -> None:
    call = await desk.ended_call()
    with pytest.raises(NotFound):
        await say(desk, UUID(int=9), StatementKind.WITHDRAWAL)
    for kind, facts in (
        (StatementKind.WITHDRAWAL, {"purposes": frozenset({"nothing"})}),
        (StatementKind.OBJECTION, {"purposes": frozenset()}),
        (StatementKind.CONSENT, {"text": "Ja"}),
        (StatementKind.OBJECTION, {"seconds": 900}),
    ):
        with pytest.raises(Malformed):
            await say(desk, who(call), kind, **facts)
    assert await desk.count("statements") == 0


async def test_an_order_writes_statements_of_its_own_subjects_only(desk: "Desk") -> None:
    call = await desk.ended_call()
    made = Statement(id=who(call), subject=who(call), kind=StatementKind.WITHDRAWAL, at=desk.now, received_at=desk.now)
    order = replace(desk.principal(Role.INTEGRATOR), kind=TokenKind.ORDER, roles=frozenset())
    async with desk.database.transaction(desk.tenant) as tx:
        with pytest.raises(Forbidden) as refused:
            await stating.state(tx, replace(order, subjects=frozenset({desk.agent})), made, b"", None)
        assert refused.value.code == "subject_not_ordered"
        said = await stating.state(tx, replace(order, subjects=frozenset({who(call)})), made, b"", None)
    assert said.subject == who(call)


async def test_what_an_erased_person_said_is_gone(desk: "Desk") -> None:
    call = await desk.ended_call()
    await say(desk, who(call), StatementKind.WITHDRAWAL)
    await desk.order_erasure(who(call), "identity")
    await erasing.erase_due(desk.means)
    assert await desk.count("statements") == 0
    assert await desk.count("reaches") == 0


# Private marks that are asked for.


async def asked(desk: "Desk", call: UUID, key: str | None = None, **part: Any) -> PrivateAsk:
    wanted = asking.Wanted(part.get("started_at"), part.get("ended_at"), repr(part).encode())
    async with desk.database.transaction(desk.tenant) as tx:
        return await asking.ask_private(desk.means, tx, desk.principal(Role.STAFF, "1001"), call, wanted, key)


async def decide(desk: "Desk", ask: PrivateAsk, *, grant: bool) -> PrivateAsk:
    async with desk.database.transaction(desk.tenant) as tx:
        officer = desk.principal(Role.PRIVACY_OFFICER)
        return await asking.decide_ask(desk.means, tx, officer, ask.id, grant=grant, reason="Heard both")


async def long_ago(desk: "Desk") -> CallRecord:
    """A call that ended longer ago than staff may still mark it."""
    start = -3_600
    told = desk.notice(start + 1, start + 4)
    return await desk.register("old", answered_at=desk.at(start), entries=(told, desk.entry(K.ENDED, start + 60)))


async def test_an_ask_suspends_at_once_and_granted_it_leaves_nothing_of_the_call(desk: "Desk") -> None:
    call = await long_ago(desk)
    _, token = await desk.permit(call.id, -3_590, -3_540)
    ask = await asked(desk, call.id, key="k")
    assert await asked(desk, call.id, key="k") == ask
    assert [each["reason"] for each in await desk.events("permit.suspended")] == ["private_asked"]
    assert await desk.count("alarms", "kind = 'private_mark_asked'") == 1
    with pytest.raises(Forbidden):
        await desk.permit(call.id, -3_590, -3_540)
    assert (await decide(desk, ask, grant=True)).state is AskState.GRANTED
    assert (await decide(desk, ask, grant=True)).state is AskState.GRANTED
    (revoked,) = await desk.events("permit.revoked")
    assert (revoked["reason"], revoked["recording_spans"]) == ("marked_private", [])
    assert (await desk.events("call.ended"))[-1]["private"] is True
    assert not (await permits.verify_permit(desk.means, token))["suspended"]


async def test_an_ask_that_is_refused_reinstates(desk: "Desk") -> None:
    call = await long_ago(desk)
    _, token = await desk.permit(call.id, -3_590, -3_540)
    ask = await asked(desk, call.id, started_at=desk.at(-3_580), ended_at=desk.at(-3_570))
    assert not (await permits.verify_permit(desk.means, token))["stands"]
    await decide(desk, ask, grant=False)
    assert len(await desk.events("permit.reinstated")) == 1
    assert (await permits.verify_permit(desk.means, token))["stands"]
    assert await desk.events("permit.revoked") == []
    with pytest.raises(Conflict):
        await decide(desk, ask, grant=True)
    async with desk.database.transaction(desk.tenant) as tx:
        assert [each.state for each in await asking.list_asks(tx, state=None, after=None, most=9)] == [AskState.REFUSED]
        assert await asking.list_asks(tx, state=AskState.PENDING, after=None, most=9) == []


async def test_who_may_still_mark_need_not_ask_and_nobody_asks_in_calls_of_others(desk: "Desk") -> None:
    recent = await desk.ended_call()
    with pytest.raises(Conflict):
        await asked(desk, recent.id)
    old = await long_ago(desk)
    with pytest.raises(Malformed):
        await asked(desk, old.id, ended_at=desk.now)
    wanted = asking.Wanted(None, None, b"")
    async with desk.database.transaction(desk.tenant) as tx:
        with pytest.raises(Forbidden):
            await asking.ask_private(desk.means, tx, desk.principal(Role.STAFF, "77"), old.id, wanted, None)
    assert await desk.count("private_asks") == 0


# Samples (R19).


async def test_r19_a_sampled_purpose_is_drawn_at_registration_up_to_the_months_cap(desk: "Desk") -> None:
    guards = replace(
        desk.draft_of_purpose.staff_safeguards,
        monitoring=Monitoring.SAMPLED,
        sample=Sample(share_percent=100, cap_per_month=2),
    )
    async with desk.database.transaction(desk.tenant) as tx:
        made = await purposes.publish_purpose(tx, replace(desk.draft_of_purpose, staff_safeguards=guards), b"", None)
        told = people.Announcement((), ("1001",), "main", made.version, tx.now - timedelta(days=1), None)
        await people.log_staff_notices(desk.means, tx, told, None)
    several = [await desk.ended_call(f"pbx-{number}") for number in range(3)]
    assert [call.facts.purposes[0].drawn for call in several] == [True, True, False]
    assert isinstance(guards, StaffSafeguards)
    for call in several[:2]:
        await desk.permit(call.id)
    with pytest.raises(Forbidden) as refused:
        await desk.permit(several[2].id)
    assert [(each.code, each.rule) for each in refused.value.reasons] == [("not_sampled", "R19")]
    assert await desk.count("samples", "drawn = 2") == 1


async def test_a_withdrawal_explains_a_recording_that_will_not_come(desk: "Desk") -> None:
    await with_basis(desk, ASKED)
    call = await consented(desk)
    assert call.completeness.outcome is Outcome.WAITING
    await say(desk, who(call), StatementKind.WITHDRAWAL)
    await completeness.look_at_due(desk.means)
    async with desk.database.transaction(desk.tenant) as tx:
        said, _ = await timeline.read_call(tx, call.id)
    assert (said.completeness.outcome, said.completeness.reasons) == (Outcome.NOT_RECORDED, ("consent_withdrawn",))
