"""What persons said outside calls comes back from the control ledger into a database that forgot it (R08, R17)."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from recital_consent.actions import stating
from recital_consent.actions.remembering import take_withdrawal
from recital_consent.model.calls import CallRecord, EntryKind
from recital_consent.model.statements import Statement, StatementKind, StatementState

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

ABOUT, REQUEST = UUID(int=0x71), UUID(int=0x72)


async def known(desk: "Desk") -> tuple[CallRecord, UUID]:
    """A person who took part in a call."""
    call = await desk.register("pbx-1", entries=(desk.notice(), desk.entry(EntryKind.ENDED, 60)))
    party = call.facts.party("customer")
    assert party is not None
    assert party.subject is not None
    return call, party.subject


async def remember(desk: "Desk", what: str, *subjects: UUID, **more: Any) -> None:
    entry = {
        "kind": "withdrawal",
        "tenant": str(desk.tenant),
        "what": what,
        "about": str(ABOUT),
        "subjects": [str(each) for each in subjects],
        "purposes": ["main"],
        "at": desk.at(100).isoformat(),
        **more,
    }
    async with desk.database.transaction(desk.tenant) as tx:
        await take_withdrawal(tx, entry)


async def said(desk: "Desk", subject: UUID) -> list[Statement]:
    async with desk.database.transaction(desk.tenant) as tx:
        return list(await stating.list_statements(tx, subject, after=None, most=10))


async def told(desk: "Desk") -> int:
    async with desk.database.transaction(desk.tenant) as tx:
        names = "('consent.withdrawn', 'objection.raised')"
        return int((await tx.execute(f"select count(*) from outbox where name in {names}")).scalar_one())


async def test_a_withdrawal_stands_again_under_its_own_id_and_nobody_is_told_twice(desk: "Desk") -> None:
    _, person = await known(desk)
    for _ in range(2):
        await remember(desk, "consent", person, UUID(int=9))
    [again] = await said(desk, person)
    assert (again.id, again.kind, again.purposes) == (ABOUT, StatementKind.WITHDRAWAL, frozenset({"main"}))
    assert await told(desk) == 0


async def test_an_objection_and_the_decision_on_it_come_back_once(desk: "Desk") -> None:
    _, person = await known(desk)
    for _ in range(2):
        await remember(desk, "objection", person, purposes=None)
        await remember(desk, "objection_upheld", person, purposes=None, request=str(REQUEST))
    [again] = await said(desk, person)
    assert (again.kind, again.state) == (StatementKind.OBJECTION, StatementState.UPHELD)


async def test_a_rejected_objection_is_rejected_again(desk: "Desk") -> None:
    _, person = await known(desk)
    await remember(desk, "objection", person)
    await remember(desk, "objection_rejected", person, request=str(REQUEST))
    [again] = await said(desk, person)
    assert again.state is StatementState.REJECTED
