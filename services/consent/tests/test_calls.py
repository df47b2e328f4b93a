"""Calls and who takes part in them, on the real database and vault."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from recital_consent.actions import (
    identities,
    resolving,
    timeline,
)
from recital_consent.model.calls import EntryKind
from recital_consent.model.subjects import IdentifierKind
from recital_consent.store import subjects as subject_store
from recital_errors import (
    Conflict,
    Malformed,
    NotFound,
)

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

K = EntryKind


# Calls.


async def test_r07_a_registered_call_is_announced_and_stands_in_the_ledger_without_personal_data(desk: "Desk") -> None:
    call = await desk.register()
    (event,) = await desk.events("call.registered")
    assert event["call"] == str(call.id)
    assert set(event["subjects"]) == {str(each) for each in call.subjects}
    (entry,) = await desk.ledger("call.registered")
    assert entry["may_record"] is False
    assert entry["reasons"] == ["notice_missing"]
    async with desk.database.transaction(desk.tenant) as tx:
        everything = await tx.execute(
            "select string_agg(t, ' ') from (select facts::text as t from ledger_entries"
            " union all select data::text from outbox union all select calls::text from calls"
            " union all select call_parties::text from call_parties union all select subjects::text from subjects) x"
        )
        text = str(everything.scalar_one())
    for secret in ("612345678", "Jo", "Employee"):
        assert secret not in text


async def test_one_external_id_is_one_call_and_another_body_is_a_conflict(desk: "Desk") -> None:
    call = await desk.register()
    assert (await desk.register()).id == call.id
    with pytest.raises(Conflict) as refused:
        await desk.register(content=b'{"other": 1}')
    assert refused.value.code == "external_id_used"
    assert await desk.count("calls") == 1
    assert len(await desk.events("call.registered")) == 1


async def test_one_idempotency_key_is_one_call(desk: "Desk") -> None:
    call = await desk.register(key="k")
    assert (await desk.register(key="k")).id == call.id
    with pytest.raises(Conflict) as refused:
        await desk.register("pbx-2", key="k", content=b"2")
    assert refused.value.code == "idempotency_key_reused"


async def test_registering_one_call_at_once_makes_one_call(desk: "Desk") -> None:
    made = await asyncio.gather(*(desk.register() for _ in range(4)))
    assert len({each.id for each in made}) == 1


async def test_several_first_calls_of_one_caller_at_once_make_one_subject(desk: "Desk") -> None:
    made = await asyncio.gather(*(desk.register(f"pbx-{number}") for number in range(6)))
    assert len({each.subjects for each in made}) == 1
    assert await desk.count("subject_index", "kind = 'number'") == 1


async def test_a_call_with_what_happened_already_is_told_and_ended_at_once(desk: "Desk") -> None:
    call = await desk.ended_call()
    assert call.ended_at == desk.at(60)
    (event,) = await desk.events("call.ended")
    assert event["private"] is False
    assert len(await desk.ledger("timeline.notice_played")) == 1
    async with desk.database.transaction(desk.tenant) as tx:
        read, _ = await timeline.read_call(tx, call.id)
    assert read == replace(call, facts=read.facts)
    assert set(read.facts.entries) == set(call.facts.entries)
    assert {each.label: each for each in read.facts.parties} == {each.label: each for each in call.facts.parties}


async def test_a_call_without_a_source_is_registered_and_denied(desk: "Desk") -> None:
    call = await desk.register(source=None)
    async with desk.database.transaction(desk.tenant) as tx:
        _, verdict = await timeline.read_call(tx, call.id)
    assert ("source_not_registered", "R02") in {(each.code, each.rule) for each in verdict.reasons}


async def test_a_foreign_source_is_as_good_as_missing(desk: "Desk") -> None:
    other = await desk.another()
    for source in (other.source, UUID(int=3)):
        with pytest.raises(NotFound):
            await desk.register(source=source)
    assert await desk.count("calls") == 0


TABLES = ("calls", "call_parties", "call_entries", "external_ids", "subjects", "subject_index", "outbox")


async def test_everything_wrong_with_a_call_is_named_and_nothing_is_stored(desk: "Desk") -> None:
    before = [await desk.count(table) for table in TABLES]
    with pytest.raises(Malformed) as refused:
        await desk.register(
            purposes=("main", "nothing"),
            parties=(replace(desk.customer, number="12"), desk.staff),
            entries=(desk.notice(5, 4), desk.entry(K.LEFT, 5, party="nobody")),
        )
    assert [each.field for each in refused.value.fields] == [
        "purposes.1",
        "parties.0.number",
        "timeline.0.at",
        "timeline.1.party",
    ]
    assert [await desk.count(table) for table in TABLES] == before


async def test_a_call_is_found_by_its_external_id_and_in_pages(desk: "Desk") -> None:
    one, other = await desk.register("pbx-1"), await desk.register("pbx-2")
    async with desk.database.transaction(desk.tenant) as tx:

        async def listed(external_id: str | None = None, after: UUID | None = None) -> list[UUID]:
            found = await timeline.list_calls(desk.means, tx, external_id=external_id, after=after, most=9)
            return [call.id for call, _ in found]

        assert await listed() == [one.id, other.id]
        assert await listed(after=one.id) == [other.id]
        assert await listed("pbx-2") == [other.id]
        assert await listed("pbx-3") == []


async def test_another_tenants_call_is_as_good_as_missing(desk: "Desk") -> None:
    call = await desk.register()
    other = await desk.another()
    with pytest.raises(NotFound):
        await other.write(call.id, other.entry(K.HELD, 5))
    with pytest.raises(NotFound):
        await other.permit(call.id)
    async with desk.database.transaction(other.tenant) as tx:
        with pytest.raises(NotFound):
            await timeline.read_call(tx, call.id)
        assert await timeline.list_calls(desk.means, tx, external_id="pbx-1", after=None, most=9) == []


# Who takes part.


async def test_the_same_caller_is_the_same_subject_and_is_known_by_more_later(desk: "Desk") -> None:
    first = await desk.register("pbx-1")
    more = replace(desk.customer, customer_number="C-1", email="Jo@Example.nl")
    second = await desk.register("pbx-2", parties=(more, desk.staff))
    third = await desk.register(
        "pbx-3", parties=(replace(desk.customer, number=None, email="jo@example.nl"), desk.staff)
    )
    assert first.subjects == second.subjects == third.subjects
    (customer,) = set(first.subjects) - {desk.agent}
    async with desk.database.transaction(desk.tenant) as tx:
        sealed = (await subject_store.sealed_identities(tx, [customer]))[customer]
    opened = await identities.open_identity(desk.means.vault, desk.tenant, sealed)
    assert opened == {
        "identifiers": [
            {"kind": "number", "value": "+31612345678"},
            {"kind": "customer_number", "value": "C-1"},
            {"kind": "email", "value": "jo@example.nl"},
        ],
        "name": "Jo",
    }


async def test_two_customers_on_one_telephone_are_two_subjects(desk: "Desk") -> None:
    one = await desk.register("pbx-1", parties=(replace(desk.customer, customer_number="C-1"), desk.staff))
    other = await desk.register("pbx-2", parties=(replace(desk.customer, customer_number="C-2"), desk.staff))
    assert set(one.subjects) & set(other.subjects) == {desk.agent}


async def test_a_withheld_number_makes_no_subject_and_a_bare_name_one_that_nothing_finds(desk: "Desk") -> None:
    nobody = replace(desk.customer, number=None, name=None)
    call = await desk.register("pbx-1", parties=(nobody, desk.staff))
    assert call.subjects == (desk.agent,)
    named = await desk.register("pbx-2", parties=(replace(nobody, name="Jo"), desk.staff))
    again = await desk.register("pbx-3", parties=(replace(nobody, name="Jo"), desk.staff))
    assert len(set(named.subjects) | set(again.subjects)) == 3


async def test_resolving_finds_everyone_behind_an_identifier_and_nobody_alike(desk: "Desk") -> None:
    one = await desk.register("pbx-1", parties=(replace(desk.customer, customer_number="C-1"), desk.staff))
    other = await desk.register("pbx-2", parties=(replace(desk.customer, customer_number="C-2"), desk.staff))

    async def resolved(*asked: tuple[IdentifierKind, str]) -> set[UUID]:
        async with desk.database.transaction(desk.tenant) as tx:
            return set(await resolving.resolve_subjects(desk.means, tx, UUID(int=4), asked))

    customers = (set(one.subjects) | set(other.subjects)) - {desk.agent}
    assert await resolved((IdentifierKind.NUMBER, "06-12345678")) == customers
    assert await resolved((IdentifierKind.CUSTOMER_NUMBER, "C-1")) == set(one.subjects) - {desk.agent}
    assert await resolved((IdentifierKind.NUMBER, "no number"), (IdentifierKind.EMAIL, "x")) == set()
    assert [each["found"] for each in await desk.ledger("subjects.resolved")] == [2, 1, 0]


async def test_the_reference_a_caller_was_told_leads_to_the_caller_and_not_to_staff(desk: "Desk") -> None:
    call = await desk.register("pbx-1", parties=(replace(desk.customer, customer_number="C-1"), desk.staff))
    async with desk.database.transaction(desk.tenant) as tx:
        told = call.reference.lower().replace("-", " ")
        found = await resolving.resolve_subjects(desk.means, tx, UUID(int=4), (), (told,))
        assert found == [each for each in call.subjects if each != desk.agent]
        assert await resolving.resolve_subjects(desk.means, tx, UUID(int=4), (), ("0000-0000",)) == []
