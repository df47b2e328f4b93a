"""A call told in seconds for tests of the rulebook, and a tenant's desk for tests of actions."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, ClassVar, cast
from uuid import UUID

import pytest
import pytest_asyncio
from recital_consent.actions import (
    erasing,
    people,
    permits,
    purposes,
    registering,
    tenants,
    timeline,
)
from recital_consent.actions.means import Means
from recital_consent.decisions.keepable import Reading, keepable
from recital_consent.decisions.verdict import Verdict, decide
from recital_consent.model.calls import (
    Call,
    CallRecord,
    Direction,
    Entry,
    EntryKind,
    Party,
    PartyKind,
    PartyType,
    PurposeTerms,
)
from recital_consent.model.drafts import CallDraft, EntryDraft, PartyDraft
from recital_consent.model.permits import Audio, Channel, Issued, Segment
from recital_consent.model.purposes import Basis, BasisKind, CouncilKind, PurposeDraft, StaffSafeguards, WorksCouncil
from recital_consent.model.spans import FOREVER, moment_of
from recital_consent.model.tenants import SourceKind, TenantDraft
from recital_database import Database, Transaction, new_id
from recital_events import ErasureOrdered
from recital_identity import KeySet, Principal, Role, SigningKey, TokenKind
from recital_vault import Vault

ANSWER = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LONG_BEFORE = ANSWER - timedelta(days=30)


def at(seconds: float) -> datetime:
    return ANSWER + timedelta(seconds=seconds)


@dataclass
class Scene:
    """A call with one member of staff and one customer, recorded for one purpose on a contract, guard zero."""

    call: Call = field(
        default_factory=lambda: Call(
            id=UUID(int=1),
            country="NL",
            guard_ms=0,
            has_source=True,
            purposes=(),
            parties=(),
            answered_at=ANSWER,
        )
    )

    def purpose(self, key: str, basis: BasisKind = BasisKind.CONTRACT, **terms: Any) -> "Scene":
        made = {"id": UUID(int=len(self.call.purposes) + 100), "version": 1, "retention": "P6M", **terms}
        self.call = replace(self.call, purposes=(*self.call.purposes, PurposeTerms(key=key, basis=basis, **made)))
        return self

    def staff(self, label: str, **facts: Any) -> "Scene":
        every = {(key, version): LONG_BEFORE for key in ("main", "other") for version in (1, 2)}
        return self._party(Party(label=label, kind=PartyKind.STAFF, **{"announced": every, **facts}))

    def bot(self, label: str) -> "Scene":
        return self._party(Party(label=label, kind=PartyKind.STAFF, type=PartyType.BOT))

    def other(self, label: str, kind: PartyKind = PartyKind.CUSTOMER, **facts: Any) -> "Scene":
        return self._party(Party(label=label, kind=kind, **facts))

    def but(self, **facts: Any) -> "Scene":
        self.call = replace(self.call, **facts)
        return self

    def then(self, kind: EntryKind | str, seconds: float, party: str | None = None, **facts: Any) -> "Scene":
        said: dict[str, Any] = {
            name: at(value) if name in ("started_at", "ended_at") else value for name, value in facts.items()
        }
        entry = Entry(
            **{
                "id": f"e{len(self.call.entries)}",
                "kind": EntryKind(kind),
                "at": at(seconds),
                "received_at": at(seconds),
                "party": party,
                **said,
                "purposes": frozenset(said.get("purposes", ())),
            }
        )
        self.call = replace(self.call, entries=(*self.call.entries, entry))
        return self

    def notice(self, start: float, end: float, party: str | None = None, **facts: Any) -> "Scene":
        told: Mapping[str, Any] = {"purposes": ("main",), "completed": True, "started_at": start, **facts}
        return self.then("notice_played", end, party, **told)

    def kept(self, key: str = "main") -> list[tuple[float, float | None]]:
        """The spans kept, in seconds since the answer; None where open."""
        origin = moment_of(ANSWER)
        return [
            ((start - origin) / 1e6, None if end == FOREVER else (end - origin) / 1e6)
            for start, end in keepable(Reading(self.call))[key].pieces
        ]

    def verdict(self, seconds: float) -> Verdict:
        return decide(self.call, at(seconds))

    def reasons(self, seconds: float) -> list[tuple[str, str | None, str | None]]:
        return [(reason.code, reason.rule, reason.party) for reason in self.verdict(seconds).reasons]

    def _party(self, party: Party) -> "Scene":
        self.call = replace(self.call, parties=(*self.call.parties, party))
        return self


@pytest.fixture
def bare() -> Scene:
    return Scene()


@pytest.fixture
def scene() -> Scene:
    """One of the staff, one customer, the purpose `main` on a contract; nobody told yet."""
    return Scene().purpose("main").staff("agent").other("customer")


@pytest.fixture
def told() -> Scene:
    """The same, with the notice to the customer ended before the answer (a queue announcement)."""
    return Scene().purpose("main").staff("agent").other("customer").notice(-5, -1, "customer")


TENANT = TenantDraft(
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

    draft_of_tenant: ClassVar[TenantDraft] = TENANT
    draft_of_purpose: ClassVar[PurposeDraft] = PURPOSE
    customer: ClassVar[PartyDraft] = CUSTOMER
    staff: ClassVar[PartyDraft] = AGENT

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

    async def another(self) -> "Desk":
        """The desk of another tenant of the same house."""
        return await open_desk(self.means, "Second")

    def at(self, seconds: float) -> datetime:
        """Seconds into a call that was answered two minutes ago."""
        return self.now + timedelta(seconds=seconds - 120)

    def entry(self, kind: EntryKind, seconds: float, **facts: Any) -> EntryDraft:
        said: dict[str, Any] = {
            name: self.at(value) if name in ("started_at", "ended_at") else value for name, value in facts.items()
        }
        id_ = said.pop("id", f"{kind}-{seconds}")
        content = json.dumps({"id": id_, "kind": kind, "at": seconds, **facts}, default=str).encode()
        made = EntryDraft(id=id_, kind=kind, at=self.at(seconds), given=frozenset(said), content=content)
        return replace(made, **said)

    def notice(self, start: float = 1, end: float = 4, **facts: Any) -> EntryDraft:
        told = {"party": "customer", "purposes": frozenset({"main"}), "completed": True, "started_at": start}
        return self.entry(EntryKind.NOTICE_PLAYED, end, **(told | facts))

    async def write(self, call: UUID, *entries: EntryDraft, **how: Any) -> tuple[CallRecord, Verdict]:
        who = how.get("who") or self.principal(Role.INTEGRATOR)
        async with self.database.transaction(how.get("tenant", self.tenant)) as tx:
            return await timeline.write_entries(self.means, tx, who, call, entries, how.get("key"))

    async def ended_call(self, external_id: str = "pbx-1") -> CallRecord:
        """A call that was told and has ended after a minute."""
        return await self.register(external_id, entries=(self.notice(), self.entry(EntryKind.ENDED, 60)))

    async def permit(
        self,
        call: UUID,
        start: float = 4.2,
        end: float = 60,
        key: str | None = None,
        segments: tuple[Segment, ...] | None = None,
    ) -> tuple[Issued, str]:
        channels = (Channel(0, "customer"), Channel(1, "agent"))
        times = (None, None) if segments else (self.at(start), self.at(end))
        audio = Audio(started_at=times[0], ended_at=times[1], segments=segments, channels=channels)
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
    tenant = await tenants.open_tenant(means, replace(TENANT, name=name), None)
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
        return KeySet.of(self._key, use=use)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(
    database_of: Callable[..., Awaitable[Database]], vault_of: Callable[[str], Awaitable[Vault]]
) -> AsyncIterator[Desk]:
    parts = SimpleNamespace(database=await database_of("consent"), vault=await vault_of("consent"), signing=Signing())
    yield await open_desk(Means(cast("Any", parts)))
