"""What is counted of each member of staff in a month: private marks (R18), and calls drawn for a sample (R19)."""

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from recital_consent.actions import asking, erasing, marking, people, purposes
from recital_consent.decisions.marking import marker
from recital_consent.decisions.sampling import month_of, newly_heard
from recital_consent.model.calls import EntryKind, Party, PartyKind
from recital_consent.model.drafts import PartyDraft
from recital_consent.model.purposes import Monitoring, Sample
from recital_identity import Role

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk, Scene

K = EntryKind
ANN, BEN = UUID(int=11), UUID(int=12)
EXCHANGE, OFFICER = {Role.INTEGRATOR}, {Role.PRIVACY_OFFICER}


def test_a_mark_is_of_the_member_of_staff_who_made_it(bare: "Scene") -> None:
    bare.staff("ann", subject=ANN).staff("ben", subject=BEN)
    assert marker(bare.call, own=BEN, roles={Role.STAFF}) == BEN


def test_what_the_exchange_marks_is_of_the_only_person_of_the_staff(bare: "Scene") -> None:
    bare.staff("ann", subject=ANN).bot("menu").other("customer", subject=UUID(int=3))
    assert marker(bare.call, own=None, roles=EXCHANGE) == ANN
    assert marker(bare.staff("ben", subject=BEN).call, own=None, roles=EXCHANGE) is None


def test_what_the_exchange_marks_in_a_call_without_known_staff_is_of_nobody(bare: "Scene") -> None:
    assert marker(bare.other("customer").call, own=None, roles=EXCHANGE) is None
    assert marker(bare.staff("somebody").call, own=None, roles=EXCHANGE) is None


def test_an_officers_own_mark_is_of_nobody(bare: "Scene") -> None:
    assert marker(bare.staff("ann", subject=ANN).call, own=None, roles=OFFICER) is None


def test_whoever_joins_under_a_second_label_is_not_heard_anew(bare: "Scene") -> None:
    bare.staff("ann", subject=ANN)
    joined = [
        Party(label="again", kind=PartyKind.STAFF, subject=ANN),
        Party(label="ben", kind=PartyKind.STAFF, subject=BEN),
        Party(label="unknown", kind=PartyKind.STAFF),
        Party(label="guest", kind=PartyKind.THIRD_PARTY, subject=UUID(int=4)),
    ]
    assert newly_heard(bare.call, joined) == {BEN}


async def counted(desk: "Desk") -> dict[UUID, int]:
    async with desk.database.transaction(desk.tenant) as tx:
        month = month_of(tx.now, desk.draft_of_tenant.time_zone)
        return dict(await marking.list_marks(tx, month, after=None, most=9))


async def test_r18_marks_are_counted_per_member_of_staff_whoever_wrote_them_down(desk: "Desk") -> None:
    registered = await desk.register(entries=(desk.entry(K.MARKED_PRIVATE, 5),))
    assert await counted(desk) == {desk.agent: 1}
    again = await desk.register(entries=(desk.entry(K.MARKED_PRIVATE, 5),))
    assert (again.id, await counted(desk)) == (registered.id, {desk.agent: 1})
    call = await desk.register("pbx-2")
    mine = desk.principal(Role.STAFF, "1001")
    await desk.write(call.id, desk.entry(K.MARKED_PRIVATE, 5), who=mine)
    await desk.write(call.id, desk.entry(K.MARKED_PRIVATE, 5), who=mine)
    await desk.write(call.id, desk.entry(K.MARKED_PRIVATE, 6))
    assert await counted(desk) == {desk.agent: 3}
    await desk.write(call.id, desk.entry(K.MARKED_PRIVATE, 7), who=desk.principal(Role.PRIVACY_OFFICER))
    await desk.write(call.id, desk.entry(K.PAUSED, 8), who=mine)
    assert await counted(desk) == {desk.agent: 3}


async def test_a_mark_that_was_asked_for_counts_once_it_is_granted(desk: "Desk") -> None:
    call = await desk.ended_call()
    async with desk.database.transaction(desk.tenant) as tx:
        await tx.execute("update settings set private_mark_minutes = 0")
    for number, grant in enumerate((False, True, True)):
        async with desk.database.transaction(desk.tenant) as tx:
            wanted = asking.Wanted(desk.at(number + 5), desk.at(number + 6), b"")
            asked = await asking.ask_private(
                desk.means, tx, desk.principal(Role.STAFF, "1001"), call.id, wanted, f"key-{number}"
            )
            officer = desk.principal(Role.PRIVACY_OFFICER)
            await asking.decide_ask(desk.means, tx, officer, asked.id, grant=grant, reason="Right")
    assert await counted(desk) == {desk.agent: 2}


async def test_what_was_counted_of_a_member_of_staff_goes_with_the_identity(desk: "Desk") -> None:
    await desk.register(entries=(desk.entry(K.MARKED_PRIVATE, 5),))
    await desk.order_erasure(desk.agent, "identity")
    await erasing.erase_due(desk.means)
    assert await counted(desk) == {}


async def test_r19_staff_who_join_a_drawn_call_later_have_used_their_share_too(desk: "Desk") -> None:
    guards = replace(
        desk.draft_of_purpose.staff_safeguards,
        monitoring=Monitoring.SAMPLED,
        sample=Sample(share_percent=100, cap_per_month=1),
    )
    async with desk.database.transaction(desk.tenant) as tx:
        made = await purposes.publish_purpose(tx, replace(desk.draft_of_purpose, staff_safeguards=guards), b"", None)
        for staff_id in ("1002", "1003"):
            await people.register_staff(desk.means, tx, staff_id, name=None, bot=False)
        told = people.Announcement((), ("1001", "1002", "1003"), "main", made.version, tx.now, None)
        await people.log_staff_notices(desk.means, tx, told, None)
    second = PartyDraft(label="second", kind=PartyKind.STAFF, staff_id="1002")
    call = await desk.register("pbx-1")
    assert call.facts.purposes[0].drawn
    for number in range(2):
        again = replace(second, label=f"second-{number}")
        await desk.write(call.id, desk.entry(K.JOINED, 10 + number, party=again.label, joining=again))
    theirs = await desk.register("pbx-2", parties=(desk.customer, second))
    others = await desk.register("pbx-3", parties=(desk.customer, replace(second, staff_id="1003")))
    assert [each.facts.purposes[0].drawn for each in (theirs, others)] == [False, True]
    await desk.write(
        theirs.id, desk.entry(K.JOINED, 10, party="third", joining=replace(second, label="third", staff_id="1003"))
    )
    assert await desk.count("samples", "drawn = 1") == 3
