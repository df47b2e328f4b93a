"""What consent does, on the real database and vault: stored, announced, committed to, taken back, destroyed."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
import pytest_asyncio
from recital_consent.actions import (
    collecting,
    erasing,
    identities,
    people,
    permits,
    purposes,
    recordings,
    registering,
    resolving,
    tenants,
    timeline,
)
from recital_consent.actions.means import Means
from recital_consent.decisions.verdict import Verdict
from recital_consent.model.calls import CallRecord, Direction, EntryKind, PartyKind, PartyType
from recital_consent.model.drafts import CallDraft, EntryDraft, PartyDraft
from recital_consent.model.permits import Audio, Channel, Issued
from recital_consent.model.purposes import Basis, BasisKind, CouncilKind, PurposeDraft, StaffSafeguards, WorksCouncil
from recital_consent.model.subjects import IdentifierKind
from recital_consent.model.tenants import SourceKind, TenantDraft
from recital_consent.store import subjects as subject_store
from recital_database import Database, Transaction, new_id
from recital_errors import (
    Conflict,
    Forbidden,
    Gone,
    Malformed,
    NotFound,
    PermanentError,
    PreconditionFailed,
    Unavailable,
)
from recital_events import CollectionOrdered, ErasureOrdered, RecordingStored
from recital_identity import Principal, Role, SigningKey, TokenKind
from recital_vault import Vault

K = EntryKind
NUMBER = "+31612345678"
DRAFT = TenantDraft(
    name="Example", country="NL", time_zone="Europe/Amsterdam", languages=("nl", "en"), number_region="NL"
)
PURPOSE = PurposeDraft(
    key="main",
    title="Evidence",
    basis=Basis(kind=BasisKind.CONTRACT),
    notices={"nl": "Wij nemen op.", "en": "We record."},
    retention="P6M",
    roles=frozenset({"case_handler"}),
    staff_safeguards=StaffSafeguards(works_council=WorksCouncil(kind=CouncilKind.NONE_FEWER_THAN_50)),
)
CUSTOMER = PartyDraft(label="customer", kind=PartyKind.CUSTOMER, number="0612345678", name="Jo")
AGENT = PartyDraft(label="agent", kind=PartyKind.STAFF, staff_id="1001")


@dataclass
class Desk:
    """A tenant with a purpose, a source and a member of staff who was told, and the means to act for it."""

    means: Means
    tenant: UUID
    source: UUID
    agent: UUID
    now: datetime

    @property
    def database(self) -> Database:
        return self.means.database

    async def register(self, external_id: str = "pbx-1", key: str | None = None, **changes: Any) -> CallRecord:
        async with self.database.transaction(self.tenant) as tx:
            return (await registering.register_call(self.means, tx, self.draft(external_id, **changes), key))[0]

    def draft(self, external_id: str = "pbx-1", **changes: Any) -> CallDraft:
        made = CallDraft(
            external_id=external_id,
            source=self.source,
            direction=Direction.INBOUND,
            language="nl",
            purposes=("main",),
            parties=(CUSTOMER, AGENT),
            answered_at=self.at(0),
            references=(),
            entries=(),
            content=b"{}",
        )
        return replace(made, **changes)

    def at(self, seconds: float) -> datetime:
        """Seconds into a call that was answered two minutes ago."""
        return self.now + timedelta(seconds=seconds - 120)

    def entry(self, kind: EntryKind, seconds: float, **facts: Any) -> EntryDraft:
        said = {name: self.at(value) if name in ("started_at", "ended_at") else value for name, value in facts.items()}
        id_ = said.pop("id", f"{kind}-{seconds}")
        content = json.dumps({"id": id_, "kind": kind, "at": seconds, **facts}, default=str).encode()
        return EntryDraft(
            **{"id": id_, "kind": kind, "at": self.at(seconds), "given": frozenset(said), "content": content, **said}
        )

    def notice(self, start: float = 1, end: float = 4, **facts: Any) -> EntryDraft:
        told = {"party": "customer", "purposes": frozenset({"main"}), "completed": True, "started_at": start}
        return self.entry(K.NOTICE_PLAYED, end, **(told | facts))

    async def write(self, call: UUID, *entries: EntryDraft, **how: Any) -> tuple[CallRecord, Verdict]:
        who = how.get("who") or self.principal(Role.INTEGRATOR)
        async with self.database.transaction(how.get("tenant", self.tenant)) as tx:
            return await timeline.write_entries(self.means, tx, who, call, entries, how.get("key"))

    async def ended_call(self, external_id: str = "pbx-1") -> CallRecord:
        """A call that was told and has ended after a minute."""
        return await self.register(external_id, entries=(self.notice(), self.entry(K.ENDED, 60)))

    async def permit(
        self, call: UUID, start: float = 4.2, end: float = 60, key: str | None = None
    ) -> tuple[Issued, str]:
        channels = (Channel(0, "customer"), Channel(1, "agent"))
        audio = Audio(started_at=self.at(start), ended_at=self.at(end), segments=None, channels=channels)
        async with self.database.transaction(self.tenant) as tx:
            return await permits.give_permit(self.means, tx, call, audio, key)

    def principal(self, role: Role, staff_id: str | None = None) -> Principal:
        return Principal(
            kind=TokenKind.ACCESS,
            subject="test",
            expires_at=self.now,
            tenant=self.tenant,
            roles=frozenset({role}),
            staff_id=staff_id,
        )

    async def events(self, name: str) -> list[dict[str, Any]]:
        async with self.database.transaction(self.tenant) as tx:
            rows = await tx.execute("select data from outbox where name = :name order by id", {"name": name})
            return [row.data for row in rows]

    async def ledger(self, kind: str) -> list[dict[str, Any]]:
        async with self.database.transaction(self.tenant) as tx:
            rows = await tx.execute("select facts from ledger_entries where kind = :kind order by id", {"kind": kind})
            return [row.facts for row in rows]

    async def count(self, table: str, condition: str = "true") -> int:
        async with self.database.transaction(self.tenant) as tx:
            rows = await tx.execute(f"select count(*) from {table} where {condition}")
            return int(rows.scalar_one())

    async def take(self, handler: Callable[[Transaction, Any], Awaitable[Any]], event: Any) -> None:
        async with self.database.transaction(self.tenant) as tx:
            await handler(tx, event)

    async def order_erasure(self, holding: UUID, kind: str, **changes: Any) -> ErasureOrdered:
        async with self.database.transaction(self.tenant) as tx:
            said = {"order": await new_id(tx), "holding": holding, "kind": kind, "ground": "retention_over"}
            event = ErasureOrdered.model_validate({**said, "control_sequence": 1, "ordered_at": tx.now, **changes})
            await erasing.take_order(tx, event)
        return event


async def open_desk(means: Means, name: str = "Example") -> Desk:
    tenant = await tenants.open_tenant(means, replace(DRAFT, name=name), None)
    async with means.database.transaction(tenant.id) as tx:
        published = await purposes.publish_purpose(tx, PURPOSE, b"{}", None)
        source = await people.register_source(tx, SourceKind.TRUNK, "Main", ["020 123 45 67"], None)
        agent = await people.register_staff(means, tx, "1001", name="Employee", bot=False)
        told = people.Announcement((), ("1001",), "main", published.version, tx.now - timedelta(days=1), None)
        await people.log_staff_notices(means, tx, told, None)
        return Desk(means, tenant.id, source.id, agent, tx.now)


class Signing:
    """The permit key of a test."""

    def __init__(self) -> None:
        self._key = SigningKey.generate()

    def __getitem__(self, _use: str) -> SigningKey:
        return self._key

    def keys(self, use: str) -> Any:
        from recital_identity import KeySet  # noqa: PLC0415 - only here

        return KeySet.of(self._key, use=use)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(
    database_of: Callable[..., Awaitable[Database]], vault_of: Callable[[str], Awaitable[Vault]]
) -> AsyncIterator[Desk]:
    parts = SimpleNamespace(database=await database_of("consent"), vault=await vault_of("consent"), signing=Signing())
    yield await open_desk(Means(cast("Any", parts)))


# Tenants and settings.


async def test_a_tenant_is_opened_once_per_idempotency_key(desk: Desk) -> None:
    first = await tenants.open_tenant(desk.means, DRAFT, "key-1")
    again = await tenants.open_tenant(desk.means, DRAFT, "key-1")
    assert again == first
    with pytest.raises(Conflict):
        await tenants.open_tenant(desk.means, replace(DRAFT, name="Other"), "key-1")
    async with desk.database.transaction(first.id) as tx:
        rows = await tx.execute("select count(*) from outbox where name = 'tenant.opened'")
        assert rows.scalar_one() == 1


async def test_the_operator_lists_tenants_and_a_wrong_one_is_refused_whole(desk: Desk) -> None:
    other = await tenants.open_tenant(desk.means, replace(DRAFT, name="Second"), None)
    async with desk.database.work() as tx:
        listed = await tenants.list_tenants(tx, after=None, most=9)
        assert [each.id for each in listed] == sorted([desk.tenant, other.id])
        assert await tenants.list_tenants(tx, after=other.id, most=9) == []
        assert (await tenants.read_tenant(tx, other.id)).draft.name == "Second"
        with pytest.raises(NotFound):
            await tenants.read_tenant(tx, UUID(int=9))
    with pytest.raises(Malformed) as refused:
        await tenants.open_tenant(desk.means, replace(DRAFT, time_zone="Mars"), None)
    assert [each.field for each in refused.value.fields] == ["time_zone"]


async def test_settings_change_only_from_the_version_that_was_read(desk: Desk) -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        found = await tenants.read_settings(tx)
        council = WorksCouncil(kind=CouncilKind.REFERENCE, reference="OR-1")
        changed = await tenants.change_settings(
            tx, replace(found, guard_ms=500, works_council=council), expected=found.version
        )
        assert (changed.version, await tenants.read_settings(tx)) == (2, changed)
        with pytest.raises(PreconditionFailed):
            await tenants.change_settings(tx, changed, expected=found.version)


async def test_a_tenant_that_is_not_open_here_is_unavailable(desk: Desk) -> None:
    async with desk.database.transaction(UUID(int=77)) as tx:
        with pytest.raises(Unavailable):
            await tenants.read_settings(tx)


# Purposes, sources, staff.


async def test_publishing_again_makes_the_next_version_and_edits_nothing(desk: Desk) -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        second = await purposes.publish_purpose(tx, replace(PURPOSE, retention="P1M"), b"2", "key")
        assert second.version == 2
        assert (await purposes.publish_purpose(tx, replace(PURPOSE, retention="P1M"), b"2", "key")) == second
        first = await purposes.read_purpose(tx, "main", 1)
        assert (first.id, first.draft.retention, first.draft) == (second.id, "P6M", PURPOSE)
        assert (await purposes.read_purpose(tx, "main", None)) == second
        assert list(await purposes.list_purposes(tx, after=None, most=9)) == [second]
        assert list(await purposes.list_purposes(tx, after=second.id, most=9)) == []
        for key, version in (("main", 3), ("nothing", None)):
            with pytest.raises(NotFound):
                await purposes.read_purpose(tx, key, version)
    published = await desk.events("purpose.published")
    assert [(each["version"], each["retention"]) for each in published] == [(1, "P6M"), (2, "P1M")]


async def test_a_purpose_that_misses_something_is_not_published(desk: Desk) -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        with pytest.raises(Malformed) as refused:
            await purposes.publish_purpose(tx, replace(PURPOSE, key="x", staff_safeguards=StaffSafeguards()), b"", None)
        assert [(each.code, each.rule) for each in refused.value.reasons] == [("works_council_missing", "R20")]
        assert await desk.count("purposes") == 1


async def test_two_who_publish_at_once_get_two_versions(desk: Desk) -> None:
    async def publish() -> int:
        async with desk.database.transaction(desk.tenant) as tx:
            return (await purposes.publish_purpose(tx, PURPOSE, b"", None)).version

    assert sorted(await asyncio.gather(publish(), publish(), publish())) == [2, 3, 4]


async def test_a_source_keeps_its_numbers_in_e164(desk: Desk) -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        made = await people.register_source(tx, SourceKind.NUMBER, "Desk", ["020 765 43 21"], "key")
        assert made.numbers == ("+31207654321",)
        assert await people.register_source(tx, SourceKind.NUMBER, "Desk", ["020 765 43 21"], "key") == made
        assert [each.id for each in await people.list_sources(tx, after=None, most=9)] == [desk.source, made.id]
        assert [each.id for each in await people.list_sources(tx, after=desk.source, most=9)] == [made.id]
        with pytest.raises(Malformed) as refused:
            await people.register_source(tx, SourceKind.NUMBER, "Desk", ["+31201234567", "12"], None)
    assert [each.field for each in refused.value.fields] == ["numbers.1"]


async def test_the_same_staff_id_is_the_same_subject_announced_once(desk: Desk) -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        assert await people.register_staff(desk.means, tx, " 1001 ", name=None, bot=False) == desk.agent
        assert await people.register_staff(desk.means, tx, "1001", name=None, bot=True) == desk.agent
        with pytest.raises(Malformed):
            await people.register_staff(desk.means, tx, "  ", name=None, bot=False)
    copies = await desk.events("copy.registered")
    assert [(each["holding"], each["kind"], [place["kind"] for place in each["places"]]) for each in copies] == [
        (str(desk.agent), "identity", ["key", "rows"])
    ]


async def test_staff_notices_name_who_is_unknown_and_are_logged_in_bulk(desk: Desk) -> None:
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


# Calls.


async def test_a_registered_call_is_announced_and_stands_in_the_ledger_without_personal_data(desk: Desk) -> None:
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


async def test_one_external_id_is_one_call_and_another_body_is_a_conflict(desk: Desk) -> None:
    call = await desk.register()
    assert (await desk.register()).id == call.id
    with pytest.raises(Conflict) as refused:
        await desk.register(content=b'{"other": 1}')
    assert refused.value.code == "external_id_used"
    assert await desk.count("calls") == 1
    assert len(await desk.events("call.registered")) == 1


async def test_one_idempotency_key_is_one_call(desk: Desk) -> None:
    call = await desk.register(key="k")
    assert (await desk.register(key="k")).id == call.id
    with pytest.raises(Conflict) as refused:
        await desk.register("pbx-2", key="k", content=b"2")
    assert refused.value.code == "idempotency_key_reused"


async def test_registering_at_once_makes_one_call_and_one_subject(desk: Desk) -> None:
    made = await asyncio.gather(*(desk.register() for _ in range(4)))
    assert len({each.id for each in made}) == 1
    await asyncio.gather(*(desk.register(f"pbx-{number}") for number in range(5)))
    assert await desk.count("subject_index", "kind = 'number'") == 1


async def test_a_call_with_what_happened_already_is_told_and_ended_at_once(desk: Desk) -> None:
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


async def test_a_call_without_a_source_is_registered_and_denied(desk: Desk) -> None:
    call = await desk.register(source=None)
    async with desk.database.transaction(desk.tenant) as tx:
        _, verdict = await timeline.read_call(tx, call.id)
    assert ("source_not_registered", "R02") in {(each.code, each.rule) for each in verdict.reasons}


async def test_a_foreign_source_is_as_good_as_missing(desk: Desk) -> None:
    other = await open_desk(desk.means, "Second")
    for source in (other.source, UUID(int=3)):
        with pytest.raises(NotFound):
            await desk.register(source=source)
    assert await desk.count("calls") == 0


async def test_everything_wrong_with_a_call_is_named_and_nothing_is_stored(desk: Desk) -> None:
    with pytest.raises(Malformed) as refused:
        await desk.register(
            purposes=("main", "nothing"),
            parties=(replace(CUSTOMER, number="12"), AGENT),
            entries=(desk.notice(5, 4), desk.entry(K.LEFT, 5, party="nobody")),
        )
    assert [each.field for each in refused.value.fields] == [
        "purposes.1",
        "parties.0.number",
        "timeline.0.at",
        "timeline.1.party",
    ]
    for table in ("calls", "call_parties", "call_entries", "external_ids", "subject_index", "outbox"):
        assert await desk.count(table) == await desk.count(table, "false") + {"subject_index": 1, "outbox": 3}.get(
            table, 0
        )


async def test_a_call_is_found_by_its_external_id_and_in_pages(desk: Desk) -> None:
    one, other = await desk.register("pbx-1"), await desk.register("pbx-2")
    async with desk.database.transaction(desk.tenant) as tx:

        async def listed(external_id: str | None = None, after: UUID | None = None) -> list[UUID]:
            found = await timeline.list_calls(desk.means, tx, external_id=external_id, after=after, most=9)
            return [call.id for call, _ in found]

        assert await listed() == [one.id, other.id]
        assert await listed(after=one.id) == [other.id]
        assert await listed("pbx-2") == [other.id]
        assert await listed("pbx-3") == []


async def test_another_tenants_call_is_as_good_as_missing(desk: Desk) -> None:
    call = await desk.register()
    other = await open_desk(desk.means, "Second")
    with pytest.raises(NotFound):
        await other.write(call.id, other.entry(K.HELD, 5))
    with pytest.raises(NotFound):
        await other.permit(call.id)
    async with desk.database.transaction(other.tenant) as tx:
        with pytest.raises(NotFound):
            await timeline.read_call(tx, call.id)
        assert await timeline.list_calls(desk.means, tx, external_id="pbx-1", after=None, most=9) == []


# Who takes part.


async def test_the_same_caller_is_the_same_subject_and_is_known_by_more_later(desk: Desk) -> None:
    first = await desk.register("pbx-1")
    more = replace(CUSTOMER, customer_number="C-1", email="Jo@Example.nl")
    second = await desk.register("pbx-2", parties=(more, AGENT))
    third = await desk.register("pbx-3", parties=(replace(CUSTOMER, number=None, email="jo@example.nl"), AGENT))
    assert first.subjects == second.subjects == third.subjects
    (customer,) = set(first.subjects) - {desk.agent}
    async with desk.database.transaction(desk.tenant) as tx:
        sealed = (await subject_store.sealed_identities(tx, [customer]))[customer]
    opened = await identities.open_identity(desk.means.vault, desk.tenant, sealed)
    assert opened == {
        "identifiers": [
            {"kind": "number", "value": NUMBER},
            {"kind": "customer_number", "value": "C-1"},
            {"kind": "email", "value": "jo@example.nl"},
        ],
        "name": "Jo",
    }


async def test_two_customers_on_one_telephone_are_two_subjects(desk: Desk) -> None:
    one = await desk.register("pbx-1", parties=(replace(CUSTOMER, customer_number="C-1"), AGENT))
    other = await desk.register("pbx-2", parties=(replace(CUSTOMER, customer_number="C-2"), AGENT))
    assert set(one.subjects) & set(other.subjects) == {desk.agent}


async def test_a_withheld_number_makes_no_subject_and_a_bare_name_one_that_nothing_finds(desk: Desk) -> None:
    nobody = replace(CUSTOMER, number=None, name=None)
    call = await desk.register("pbx-1", parties=(nobody, AGENT))
    assert call.subjects == (desk.agent,)
    named = await desk.register("pbx-2", parties=(replace(nobody, name="Jo"), AGENT))
    again = await desk.register("pbx-3", parties=(replace(nobody, name="Jo"), AGENT))
    assert len(set(named.subjects) | set(again.subjects)) == 3


async def test_resolving_finds_everyone_behind_an_identifier_and_nobody_alike(desk: Desk) -> None:
    one = await desk.register("pbx-1", parties=(replace(CUSTOMER, customer_number="C-1"), AGENT))
    other = await desk.register("pbx-2", parties=(replace(CUSTOMER, customer_number="C-2"), AGENT))

    async def resolved(*asked: tuple[IdentifierKind, str]) -> set[UUID]:
        async with desk.database.transaction(desk.tenant) as tx:
            return set(await resolving.resolve_subjects(desk.means, tx, UUID(int=4), asked))

    customers = (set(one.subjects) | set(other.subjects)) - {desk.agent}
    assert await resolved((IdentifierKind.NUMBER, "06-12345678")) == customers
    assert await resolved((IdentifierKind.CUSTOMER_NUMBER, "C-1")) == set(one.subjects) - {desk.agent}
    assert await resolved((IdentifierKind.NUMBER, "no number"), (IdentifierKind.EMAIL, "x")) == set()
    assert [each["found"] for each in await desk.ledger("subjects.resolved")] == [2, 1, 0]


# Timelines.


async def test_entries_are_written_once_and_another_content_is_a_conflict(desk: Desk) -> None:
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


async def test_a_request_with_one_wrong_entry_writes_none(desk: Desk) -> None:
    call = await desk.register()
    with pytest.raises(Malformed) as refused:
        await desk.write(call.id, desk.entry(K.HELD, 10), desk.entry(K.LEFT, 11, party="nobody"))
    assert [(each.code, each.rule) for each in refused.value.reasons] == [("party_unknown", "R01")]
    assert await desk.count("call_entries") == 0


async def test_a_timeline_without_end_is_refused(desk: Desk) -> None:
    call = await desk.register()
    for batch in range(4):
        await desk.write(call.id, *(desk.entry(K.HELD, 10, id=f"{batch}-{number}") for number in range(500)))
    with pytest.raises(Malformed) as refused:
        await desk.write(call.id, desk.entry(K.HELD, 10, id="one-more"))
    assert refused.value.code == "timeline_too_long"


async def test_writing_at_once_loses_nothing(desk: Desk) -> None:
    call = await desk.register()
    await asyncio.gather(*(desk.write(call.id, desk.entry(K.HELD, number, id=str(number))) for number in range(1, 9)))
    async with desk.database.transaction(desk.tenant) as tx:
        read, _ = await timeline.read_call(tx, call.id)
    assert read.timeline_version == len(read.written) == 8


async def test_the_same_idempotency_key_answers_without_writing_again(desk: Desk) -> None:
    call = await desk.register()
    first, _ = await desk.write(call.id, desk.entry(K.HELD, 10), key="k")
    again, _ = await desk.write(call.id, desk.entry(K.HELD, 10), key="k")
    assert again.timeline_version == first.timeline_version == 1


async def test_who_joins_is_named_in_full_and_may_be_named_in_the_same_request(desk: Desk) -> None:
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


async def test_a_call_may_be_registered_with_who_joins_later(desk: Desk) -> None:
    partner = PartyDraft(label="partner", kind=PartyKind.CUSTOMER, email="p@example.nl")
    call = await desk.register(entries=(desk.entry(K.JOINED, 20, party="partner", joining=partner),))
    assert {party.label: party.registered for party in call.facts.parties} == {
        "customer": True,
        "agent": True,
        "partner": False,
    }


async def test_staff_write_in_their_own_calls_only(desk: Desk) -> None:
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


async def test_the_end_is_told_and_told_again_when_a_late_entry_changes_it(desk: Desk) -> None:
    call = await desk.register()
    await desk.write(call.id, desk.entry(K.ENDED, 60))
    await desk.write(call.id, desk.entry(K.HELD, 10))
    await desk.write(call.id, desk.entry(K.ENDED, 50))
    await desk.write(call.id, desk.entry(K.ENDED, 55))
    await desk.write(call.id, desk.entry(K.MARKED_PRIVATE, 61))
    told = [(datetime.fromisoformat(each["ended_at"]), each["private"]) for each in await desk.events("call.ended")]
    assert told == [(desk.at(60), False), (desk.at(50), False), (desk.at(50), True)]


# Permits.


async def test_a_permit_is_signed_kept_and_stands(desk: Desk) -> None:
    call = await desk.ended_call()
    issued, token = await desk.permit(call.id)
    assert issued.final
    assert issued.spans == {"main": ((4_200, 60_000),)}
    assert await permits.verify_permit(desk.means, token) == {
        "stands": True,
        "spans": [{"purposes": ["main"], "spans": [[4_200, 60_000]]}],
        "final": True,
        "reason": None,
    }
    assert issued.claims is not None
    assert {each["party"]: each["channel"] for each in issued.claims["parties"]} == {"customer": 0, "agent": 1}
    assert issued.claims["timeline_version"] == 2
    assert (await desk.ledger("permit.issued"))[0]["permit"] == str(issued.id)


async def test_the_same_idempotency_key_gives_the_same_permit(desk: Desk) -> None:
    call = await desk.ended_call()
    assert await desk.permit(call.id, key="k") == await desk.permit(call.id, key="k")
    with pytest.raises(Conflict):
        await desk.permit(call.id, start=5, key="k")


async def test_there_is_no_permit_where_nothing_may_be_kept_and_every_reason_is_named(desk: Desk) -> None:
    call = await desk.register(entries=(desk.entry(K.ENDED, 60),))
    with pytest.raises(Forbidden) as refused:
        await desk.permit(call.id)
    assert [(each.code, each.rule, each.party) for each in refused.value.reasons] == [
        ("notice_missing", "R03", "customer")
    ]
    assert await desk.count("permits") == 0


async def test_a_call_that_goes_on_gets_a_permit_that_is_not_final(desk: Desk) -> None:
    call = await desk.register(entries=(desk.notice(),))
    issued, _ = await desk.permit(call.id, 5, 20)
    assert not issued.final


@pytest.mark.parametrize(
    ("kind", "facts", "left"),
    [
        (K.HELD, {}, [[4_200, 29_800]]),
        (K.MARKED_PRIVATE, {"started_at": 30, "ended_at": 40}, [[4_200, 29_800], [40_200, 60_000]]),
        (K.ENDED, {}, [[4_200, 30_000]]),
        (K.LEFT, {"party": "agent"}, [[4_200, 29_800]]),
    ],
)
async def test_a_late_entry_that_takes_something_away_revokes_the_permit_with_what_remains(
    desk: Desk, kind: EntryKind, facts: dict[str, Any], left: list[list[int]]
) -> None:
    call = await desk.ended_call()
    issued, token = await desk.permit(call.id)
    await desk.write(call.id, desk.entry(kind, 30, **facts))
    (event,) = await desk.events("permit.revoked")
    assert event["permit"] == str(issued.id)
    assert event["reason"] == kind.value
    assert event["recording_spans"] == [{"purposes": ["main"], "spans": left}]
    standing = await permits.verify_permit(desk.means, token)
    assert (standing["stands"], standing["spans"]) == (False, event["recording_spans"])
    assert (await desk.ledger("permit.revoked"))[0]["reason"] == kind.value


async def test_a_private_call_leaves_nothing_of_its_permits(desk: Desk) -> None:
    call = await desk.ended_call()
    await desk.permit(call.id)
    await desk.permit(call.id, 5)
    await desk.write(call.id, desk.entry(K.MARKED_PRIVATE, 61))
    events = await desk.events("permit.revoked")
    assert [each["recording_spans"] for each in events] == [[], []]


async def test_a_late_entry_that_gives_something_back_changes_nothing(desk: Desk) -> None:
    call = await desk.register(entries=(desk.notice(), desk.entry(K.HELD, 20), desk.entry(K.ENDED, 60)))
    _, token = await desk.permit(call.id)
    await desk.write(call.id, desk.entry(K.RESUMED, 30))
    assert await desk.events("permit.revoked") == []
    standing = await permits.verify_permit(desk.means, token)
    assert (standing["stands"], standing["spans"]) == (True, [{"purposes": ["main"], "spans": [[4_200, 19_800]]}])


async def test_a_permit_of_a_call_that_goes_on_waits_a_hold_out(desk: Desk) -> None:
    call = await desk.register(entries=(desk.notice(),))
    _, token = await desk.permit(call.id, 5, 20)
    await desk.write(call.id, desk.entry(K.HELD, 30))
    standing = await permits.verify_permit(desk.means, token)
    assert (standing["stands"], standing["spans"][0]["spans"]) == (True, [[4_200, 29_800]])
    await desk.write(call.id, desk.entry(K.LEFT, 25, party="agent"))
    assert not (await permits.verify_permit(desk.means, token))["stands"]


async def test_a_permit_signed_by_another_is_refused_and_one_nobody_knows_does_not_stand(desk: Desk) -> None:
    call = await desk.ended_call()
    _, token = await desk.permit(call.id)
    with pytest.raises(Forbidden):
        await permits.verify_permit(desk.means, token[:-8] + "AAAAAAAA")
    async with desk.database.transaction(desk.tenant) as tx:
        await tx.execute("delete from permits")
    assert (await permits.verify_permit(desk.means, token))["reason"] == "permit_unknown"


async def test_a_call_with_more_than_a_permit_holds_gets_a_clear_problem(desk: Desk) -> None:
    pauses = [
        desk.entry(kind, 5 + number * 0.1 + shift, id=f"{kind}{number}")
        for number in range(480)
        for kind, shift in ((K.PAUSED, 0), (K.UNPAUSED, 0.01))
    ]
    async with desk.database.transaction(desk.tenant) as tx:
        settings = await tenants.read_settings(tx)
        await tenants.change_settings(tx, replace(settings, guard_ms=0), expected=settings.version)
    call = await desk.register(entries=(desk.notice(), desk.entry(K.ENDED, 60)))
    await desk.write(call.id, *pauses[:480])
    await desk.write(call.id, *pauses[480:])
    with pytest.raises(Malformed) as refused:
        await desk.permit(call.id)
    assert refused.value.code == "permit_too_large"


# What others tell.


def stored(call: CallRecord, permit: Issued, now: datetime, recording: int = 70) -> RecordingStored:
    return RecordingStored.model_validate(
        {
            "recording": UUID(int=recording),
            "permit": permit.id,
            "call": call.id,
            "parties": [{"party": label, "kind": "customer"} for label in ("customer", "agent")],
            "spans": [],
            "purposes": [],
            "answered_at": now,
            "call_ended_at": now,
            "received_sha256": "0" * 64,
            "places": [],
            "stored_at": now,
        }
    )


async def test_a_stored_recording_completes_its_call_and_an_erased_one_gets_no_permit_again(desk: Desk) -> None:
    call = await desk.ended_call()
    issued, _ = await desk.permit(call.id)
    event = stored(call, issued, desk.now)
    await desk.take(recordings.note_stored, event)
    await desk.take(recordings.note_stored, event)
    async with desk.database.transaction(desk.tenant) as tx:
        assert (await timeline.read_call(tx, call.id))[0].recorded_at == desk.now
    await desk.order_erasure(
        event.recording, "recording", spans_kept=[{"purposes": ["main"], "spans": [[4_200, 9_000]]}]
    )
    await desk.permit(call.id)
    await desk.order_erasure(event.recording, "recording")
    with pytest.raises(Forbidden) as refused:
        await desk.permit(call.id)
    assert [each.code for each in refused.value.reasons] == ["recording_erased"]
    assert await desk.count("erasures") == 0


async def test_an_erased_call_leaves_a_skeleton_and_its_external_id_is_not_used_again(desk: Desk) -> None:
    call = await desk.ended_call()
    issued, token = await desk.permit(call.id)
    await desk.take(recordings.note_stored, stored(call, issued, desk.now))
    order = await desk.order_erasure(call.id, "call")
    assert not (await permits.verify_permit(desk.means, token))["stands"]
    await erasing.erase_due(desk.means)
    await erasing.erase_due(desk.means)
    (event,) = await desk.events("holding.erased")
    assert (event["order"], event["kind"]) == (str(order.order), "call")
    assert [each["place"] for each in event["proofs"]] == [{"kind": "rows", "id": str(call.id)}]
    for table in ("call_parties", "call_entries", "call_purposes"):
        assert await desk.count(table) == 0
    assert await desk.count("calls", "external_id is null and salt is null and erased_at is not null") == 1
    assert await desk.count("permits", "claims is null and salt is null") == 1
    with pytest.raises(Gone):
        await desk.register()
    with pytest.raises(Gone):
        await desk.write(call.id, desk.entry(K.HELD, 5))
    with pytest.raises(Gone):
        await desk.permit(call.id)
    async with desk.database.transaction(desk.tenant) as tx:
        with pytest.raises(Gone):
            await timeline.read_call(tx, call.id)
        assert await timeline.list_calls(desk.means, tx, external_id="pbx-1", after=None, most=9) == []
        assert await timeline.list_calls(desk.means, tx, external_id=None, after=None, most=9) == []


async def test_an_order_for_a_call_that_is_not_known_is_a_dead_letter(desk: Desk) -> None:
    with pytest.raises(PermanentError):
        await desk.order_erasure(UUID(int=6), "call")


@pytest.mark.parametrize("kind", ["request", "package", "bundle", "collection"])
async def test_an_order_for_another_services_holding_is_passed_over(desk: Desk, kind: str) -> None:
    await desk.order_erasure(UUID(int=6), kind)
    assert await desk.count("erasures") == 0


async def test_an_erased_identity_is_unreadable_and_found_by_nobody(desk: Desk) -> None:
    call = await desk.register()
    (customer,) = set(call.subjects) - {desk.agent}
    async with desk.database.transaction(desk.tenant) as tx:
        sealed = (await subject_store.sealed_identities(tx, [customer]))[customer]
    await desk.order_erasure(customer, "identity")
    stranger = await desk.register("pbx-2")
    assert customer not in stranger.subjects
    await erasing.erase_due(desk.means)
    (event,) = await desk.events("holding.erased")
    assert [(each["place"]["kind"], each["method"]) for each in event["proofs"]] == [
        ("key", "key_row_absent"),
        ("rows", "rows_deleted"),
    ]
    assert await desk.means.vault.keys.absent(desk.tenant, [sealed.key])
    with pytest.raises(NotFound):
        await identities.open_identity(desk.means.vault, desk.tenant, sealed)
    assert await desk.count("subjects", "erased_at is not null and sealed is null") == 1


async def test_an_erased_member_of_staff_leaves_no_notices(desk: Desk) -> None:
    await desk.order_erasure(desk.agent, "identity")
    await erasing.erase_due(desk.means)
    assert await desk.count("staff_notices") == 0


async def test_what_cannot_be_destroyed_is_told_once_alarmed_and_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.order_erasure(desk.agent, "identity")

    async def fails(*_arguments: object) -> None:
        raise Unavailable("keys_unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(desk.means.vault.keys, "destroy", fails)
        for _ in range(2):
            await erasing.erase_due(desk.means)
            async with desk.database.transaction(desk.tenant) as tx:
                await tx.execute("update erasures set due_at = recital_now()")
    (event,) = await desk.events("holding.stuck")
    assert (event["cause"], event["place"]["kind"]) == ("keys_unavailable", "key")
    assert await desk.count("alarms", "kind = 'erasure_stuck'") == 1
    await erasing.erase_due(desk.means)
    assert len(await desk.events("holding.erased")) == 1


async def test_a_key_that_is_still_there_is_no_proof(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.order_erasure(desk.agent, "identity")

    async def nothing(*_arguments: object) -> bool:
        return False

    with monkeypatch.context() as patched:
        patched.setattr(desk.means.vault.keys, "absent", nothing)
        await erasing.erase_due(desk.means)
    assert [each["cause"] for each in await desk.events("holding.stuck")] == ["key_still_there"]


async def test_while_time_is_doubtful_nothing_is_destroyed(desk: Desk) -> None:
    await desk.order_erasure(desk.agent, "identity")
    desk.database.clock.frozen = "time stepped back"
    await erasing.erase_due(desk.means)
    assert await desk.events("holding.erased") == []


# Collected parts.


async def ordered(desk: Desk, *subjects: UUID) -> CollectionOrdered:
    async with desk.database.transaction(desk.tenant) as tx:
        ids = {"order": await new_id(tx), "request": await new_id(tx)}
        event = CollectionOrdered.model_validate({**ids, "subjects": subjects, "ordered_at": tx.now})
        await collecting.take_order(tx, event)
        await collecting.take_order(tx, event)
    await collecting.collect_due(desk.means)
    return event


def under(desk: Desk, event: CollectionOrdered) -> Principal:
    return Principal(
        kind=TokenKind.ORDER, subject="dsar", expires_at=desk.now, tenant=desk.tenant, request=event.request
    )


async def test_a_part_says_who_what_and_when_and_is_given_as_it_was_announced(desk: Desk) -> None:
    call = await desk.ended_call()
    (customer,) = set(call.subjects) - {desk.agent}
    event = await ordered(desk, customer)
    size, pieces = await collecting.read_part(desk.means, under(desk, event), event.order)
    body = b"".join([piece async for piece in pieces])
    (told,) = await desk.events("part.collected")
    assert (told["size"], told["items"]) == (size, 2)
    assert size == len(body)
    document = json.loads(body)
    identity, spoken = document["items"]
    assert identity["identifiers"] == [{"kind": "number", "value": NUMBER}]
    assert (spoken["kind"], spoken["id"]) == ("call", str(call.id))
    assert [each["kind"] for each in spoken["timeline"]] == ["notice_played", "ended"]
    assert spoken["purposes"][0]["notice"] == "Wij nemen op."
    copy = (await desk.events("copy.registered"))[-1]
    assert copy["holding"] == told["part"]
    assert set(copy["contains"]) == {str(customer), str(call.id)}
    assert copy["ends_with"] == str(event.request)
    await collecting.collect_due(desk.means)
    assert len(await desk.events("part.collected")) == 1


async def test_a_member_of_staff_gets_what_was_announced_to_them(desk: Desk) -> None:
    event = await ordered(desk, desk.agent)
    _, pieces = await collecting.read_part(desk.means, under(desk, event), event.order)
    document = json.loads(b"".join([piece async for piece in pieces]))
    assert [each["kind"] for each in document["items"]] == ["identity", "staff_notice"]


async def test_a_part_for_nobody_is_empty_and_complete(desk: Desk) -> None:
    event = await ordered(desk)
    _, pieces = await collecting.read_part(desk.means, under(desk, event), event.order)
    assert json.loads(b"".join([piece async for piece in pieces]))["items"] == []


async def test_a_part_is_given_for_its_own_request_only(desk: Desk) -> None:
    event = await ordered(desk, desk.agent)
    with pytest.raises(NotFound):
        await collecting.read_part(desk.means, replace(under(desk, event), request=UUID(int=8)), event.order)
    with pytest.raises(Forbidden):
        await collecting.read_part(desk.means, replace(under(desk, event), tenant=None), event.order)


async def test_a_part_that_was_begun_and_not_finished_is_cleared_and_rendered_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object) -> None:
        raise Unavailable("object_store_unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(desk.means.vault, "writer", fails)
        with pytest.raises(Unavailable):
            await ordered(desk, desk.agent)
    async with desk.database.transaction(desk.tenant) as tx:
        row = (await tx.execute("update parts set due_at = recital_now() returning key_id, object_id")).one()
    await collecting.collect_due(desk.means)
    assert len(await desk.events("part.collected")) == 1
    assert await desk.means.vault.keys.absent(desk.tenant, [row.key_id])


async def test_a_person_whose_key_is_being_destroyed_is_left_out(desk: Desk) -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        sealed = (await subject_store.sealed_identities(tx, [desk.agent]))[desk.agent]
    await desk.means.vault.keys.destroy(desk.tenant, [sealed.key])
    event = await ordered(desk, desk.agent)
    _, pieces = await collecting.read_part(desk.means, under(desk, event), event.order)
    document = json.loads(b"".join([piece async for piece in pieces]))
    assert [each["kind"] for each in document["items"]] == ["staff_notice"]


async def test_an_erased_part_is_gone_with_every_version_and_given_to_nobody(desk: Desk) -> None:
    event = await ordered(desk, desk.agent)
    part = UUID((await desk.events("part.collected"))[0]["part"])
    places = (await desk.events("copy.registered"))[-1]["places"]
    await desk.order_erasure(part, "collection")
    with pytest.raises(NotFound):
        await collecting.read_part(desk.means, under(desk, event), event.order)
    await erasing.erase_due(desk.means)
    (erased,) = await desk.events("holding.erased")
    assert sorted(each["place"]["kind"] for each in erased["proofs"]) == sorted(each["kind"] for each in places)
    (key,) = [each["id"] for each in places if each["kind"] == "object"]
    assert await desk.means.vault.objects.absent(key)
    assert await desk.count("parts") == 0
