"""What is read: calls found and explained, consents in force, endings of what references name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from recital_consent.actions import endings, listing, purposes, timeline
from recital_consent.decisions.consents import consents_in_call, consents_outside
from recital_consent.model.calls import CallRecord, Written
from recital_consent.model.calls import EntryKind as K
from recital_consent.model.completeness import Outcome
from recital_consent.model.listing import Narrowed
from recital_consent.model.purposes import Basis, BasisKind
from recital_consent.model.statements import Statement, StatementKind
from recital_errors import Malformed, NotFound

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk, Scene

S = StatementKind
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WHO, LEDGER = UUID(int=7), UUID(int=70)


# Consents outside calls.


def said(kind: StatementKind, hour: int, *keys: str) -> Statement:
    at = NOW + timedelta(hours=hour)
    touched = frozenset(keys) or None
    return Statement(id=UUID(int=hour), subject=WHO, kind=kind, at=at, received_at=at, purposes=touched)


def test_a_consent_outside_calls_is_in_force_until_it_is_taken_back() -> None:
    def left(*statements: Statement) -> list[tuple[str, ...] | None]:
        return [each.purposes for each in consents_outside(statements)]

    given = said(S.CONSENT, 1, "a", "b")
    assert left(given) == [("a", "b")]
    assert left(given, said(S.WITHDRAWAL, 2, "a")) == [("b",)]
    assert left(given, said(S.WITHDRAWAL, 2, "a"), said(S.OBJECTION, 3, "b")) == []
    assert left(given, said(S.WITHDRAWAL, 2)) == []
    assert left(said(S.WITHDRAWAL, 0), given) == [("a", "b")]
    assert left(said(S.CONSENT, 1)) == [None]
    assert left(said(S.CONSENT, 1), said(S.WITHDRAWAL, 2, "a")) == [None]


def test_a_consent_in_a_call_is_in_force_from_where_the_rulebook_counts_it(bare: "Scene") -> None:
    scene = bare.purpose("main", BasisKind.CONSENT).purpose("other").staff("agent").other("customer", subject=WHO)
    scene.other("second", subject=UUID(int=8)).notice(0, 5).then("consent_given", 9, "customer")

    def in_force() -> list[tuple[tuple[str, ...] | None, UUID | None]]:
        written = {
            each.id: Written(entry=each, digest=b"", ledger_entry=LEDGER, salt=b"") for each in scene.call.entries
        }
        call = CallRecord(
            facts=scene.call,
            registered_at=NOW,
            reference="",
            external_id=None,
            source=None,
            direction=None,
            language=None,
            references=(),
            purposes=(),
            written=written,
        )
        return [(each.purposes, each.entry) for each in consents_in_call(call, [WHO])]

    assert in_force() == [(("main",), LEDGER)]
    scene.then("consent_withdrawn", 20, "customer")
    assert in_force() == []


# With the database.


async def listed(desk: "Desk", **wanted: Any) -> list[UUID]:
    async with desk.database.transaction(desk.tenant) as tx:
        narrowed = Narrowed(**wanted)
        found = await timeline.list_calls(desk.means, tx, external_id=None, after=None, most=99, wanted=narrowed)
        explained = await listing.explain_calls(tx, narrowed, after=None, most=99)
        counts = await listing.count_calls(tx, narrowed)
    ids = [call.id for call, _ in found]
    assert [each.call for each in explained] == ids
    assert sum(counts.values()) == len(ids)
    return ids


async def test_calls_are_found_by_everything_that_is_said_of_them(desk: "Desk") -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        await purposes.publish_purpose(tx, replace(desk.draft_of_purpose, key="other"), b"", None)
    ended = await desk.ended_call("pbx-1")
    going_on = await desk.register("pbx-2", purposes=("other",), parties=(desk.staff,))
    old = await desk.register("pbx-3", answered_at=desk.now - timedelta(days=9))
    (customer,) = set(ended.subjects) - {desk.agent}
    assert await listed(desk) == [ended.id, going_on.id, old.id]
    assert await listed(desk, reference=ended.reference) == [ended.id]
    assert await listed(desk, outcomes=[Outcome.WAITING]) == [ended.id]
    assert await listed(desk, subjects=[customer]) == [ended.id, old.id]
    assert await listed(desk, purpose="other") == [going_on.id]
    assert await listed(desk, purpose="nothing") == []
    yesterday = desk.now - timedelta(days=1)
    assert await listed(desk, since=yesterday) == [ended.id, going_on.id]
    assert await listed(desk, until=yesterday, subjects=[customer]) == [old.id]
    async with desk.database.transaction(desk.tenant) as tx:
        (second,) = await listing.explain_calls(tx, Narrowed(), after=going_on.id, most=9)
        assert (second.call, second.external_id, second.recordings) == (old.id, "pbx-3", ())
    other = await desk.another()
    assert await listed(other) == []


async def test_consents_in_force_are_those_the_rulebook_counts(desk: "Desk") -> None:
    asks = Basis(kind=BasisKind.CONSENT, texts={"nl": "Mag het?"}, withdrawal="Bel ons.")
    async with desk.database.transaction(desk.tenant) as tx:
        await purposes.publish_purpose(tx, replace(desk.draft_of_purpose, key="ask", basis=asks), b"", None)
    told = desk.notice(purposes=frozenset({"ask", "main"}))
    given = desk.entry(K.CONSENT_GIVEN, 10, party="customer")
    call = await desk.register("pbx-1", purposes=("main", "ask"), entries=(told, given))
    (customer,) = set(call.subjects) - {desk.agent}

    async def in_force() -> list[tuple[UUID | None, tuple[str, ...] | None, bool]]:
        async with desk.database.transaction(desk.tenant) as tx:
            found = await listing.consents_in_force(tx, customer)
        return [(each.call, each.purposes, each.entry == call.written[given.id].ledger_entry) for each in found]

    assert await in_force() == [(call.id, ("ask",), True)]
    await desk.write(call.id, desk.entry(K.CONSENT_WITHDRAWN, 20, party="customer"))
    assert await in_force() == []
    customer = UUID(int=4)
    with pytest.raises(NotFound):
        await in_force()


async def test_an_ending_is_told_once_and_its_reference_is_not_kept(desk: "Desk") -> None:
    async def report(reference: str, hours_ago: int = 1, key: str | None = None) -> UUID:
        async with desk.database.transaction(desk.tenant) as tx:
            at = desk.now - timedelta(hours=hours_ago)
            return (await endings.report_ending(desk.means, tx, reference, at, key)).id

    first = await report("contract-7", key="k")
    assert await report("contract-7", key="k") == await report("contract-7") == first
    assert await report("contract-7", 2) != first
    (one, two) = await desk.events("ending.reported")
    assert (one["reference"], one["ending"], two["reference"]) == ("contract-7", str(first), "contract-7")
    assert await desk.count("endings", "digest::text like '%contract%'") == 0
    with pytest.raises(Malformed) as refused:
        await report("contract-8", -1)
    assert [each.field for each in refused.value.fields] == ["at"]
