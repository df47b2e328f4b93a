"""What holds for a person holds under every subject that turns out to be that person."""

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from recital_consent.actions import merging, people, permits, purposes, stating
from recital_consent.model.calls import CallRecord, EntryKind, PartyKind
from recital_consent.model.drafts import PartyDraft
from recital_consent.model.purposes import Basis, BasisKind
from recital_consent.model.statements import Statement, StatementKind, StatementState
from recital_identity import Role

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

LIA = Basis(kind=BasisKind.LEGITIMATE_INTERESTS, document="lia", outcome="fair", review_on=date(2199, 1, 1))


async def call_of(desk: "Desk", external_id: str, number: str) -> tuple[CallRecord, UUID, str]:
    customer = PartyDraft(label="customer", kind=PartyKind.CUSTOMER, number=number)
    entries = (desk.notice(), desk.entry(EntryKind.ENDED, 60))
    call = await desk.register(external_id, parties=(customer, desk.staff), entries=entries)
    _, token = await desk.permit(call.id)
    return call, min(each for each in call.subjects if each != desk.agent), token


async def test_what_one_objected_to_holds_for_the_calls_of_the_other_once_they_are_merged(desk: "Desk") -> None:
    async with desk.database.transaction(desk.tenant) as tx:
        made = await purposes.publish_purpose(tx, replace(desk.draft_of_purpose, basis=LIA), b"", None)
        told = people.Announcement((), ("1001",), "main", made.version, tx.now - timedelta(days=1), None)
        await people.log_staff_notices(desk.means, tx, told, None)
    _, one, _ = await call_of(desk, "one", "0612345678")
    _, other, token = await call_of(desk, "other", "0687654321")
    pending = StatementState.PENDING
    said = Statement(
        id=one, subject=one, kind=StatementKind.OBJECTION, at=desk.now, received_at=desk.now, state=pending
    )
    first, second = (replace(desk.principal(Role.PRIVACY_OFFICER), subject=each) for each in ("one", "two"))
    async with desk.database.transaction(desk.tenant) as tx:
        await stating.state(tx, first, said, b"", None)
    while await stating.reach_due(desk.means):
        pass
    assert (await permits.verify_permit(desk.means, token))["stands"]
    async with desk.database.transaction(desk.tenant) as tx:
        proposed = await merging.merge_subjects(desk.means, tx, first, one, other)
        await merging.approve_merge(desk.means, tx, second, proposed.id)
    while await stating.reach_due(desk.means):
        pass
    assert (await permits.verify_permit(desk.means, token))["suspended"]
