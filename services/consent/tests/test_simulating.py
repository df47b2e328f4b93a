"""What would be said of a call that nobody has made, and the permit that comes with the registration."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from recital_consent.actions import permits, registering
from recital_consent.actions.consequences import state_of
from recital_consent.actions.simulating import Simulator, Thought
from recital_consent.decisions.verdict import Verdict
from recital_consent.model.calls import EntryKind, Party, PartyKind
from recital_consent.model.permits import Audio, Channel
from recital_errors import Malformed, Reason

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

K = EntryKind


def thought(desk: "Desk", **changes: Any) -> Thought:
    made = Thought(
        has_source=True,
        language="nl",
        purposes=("main",),
        parties=(
            Party(label="customer", kind=PartyKind.CUSTOMER, region="NL"),
            Party(label="agent", kind=PartyKind.STAFF),
        ),
        unannounced=frozenset(),
        left_out=frozenset(),
        answered_at=desk.at(0),
        entries=(desk.notice(), desk.entry(K.ENDED, 60)),
        at=desk.at(30),
    )
    return replace(made, **changes)


async def says(desk: "Desk", **changes: Any) -> Verdict:
    desk.means.database.clock.set(now=desk.now, ahead=timedelta(0), high_water=desk.now)
    return (await Simulator(desk.means).simulate(desk.tenant, thought(desk, **changes)))[1]


async def test_a_hypothetical_call_gets_the_verdict_a_real_one_would_and_nothing_is_stored(desk: "Desk") -> None:
    verdict = await says(desk)
    assert verdict.may_record
    call = await desk.ended_call()
    assert verdict.keepable == state_of(call, desk.now)[1].keepable
    assert await desk.count("calls") == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"has_source": False}, "source_not_registered"),
        ({"entries": ()}, "notice_missing"),
        ({"unannounced": frozenset({"agent"})}, "staff_not_announced"),
        ({"left_out": frozenset({"main"})}, "not_sampled"),
        ({"parties": (Party(label="agent", kind=PartyKind.STAFF),), "entries": ()}, "staff_only"),
    ],
)
async def test_it_says_why_not(desk: "Desk", changes: dict[str, Any], code: str) -> None:
    verdict = await says(desk, **changes)
    assert code in {each.code for each in verdict.reasons}


async def test_it_refuses_what_a_registration_would_refuse(desk: "Desk") -> None:
    for changes in ({"purposes": ("main", "nothing")}, {"entries": (desk.entry(K.LEFT, 5, party="nobody"),)}):
        with pytest.raises(Malformed):
            await says(desk, **changes)


async def test_a_call_may_be_registered_and_permitted_in_one_transaction_and_again_gives_the_same(
    desk: "Desk",
) -> None:
    channels = (Channel(0, "customer"), Channel(1, "agent"))
    audio = Audio(started_at=desk.at(4.2), ended_at=desk.at(60), segments=None, channels=channels)
    draft = desk.draft(entries=(desk.notice(), desk.entry(K.ENDED, 60)))
    tokens = []
    for _ in range(2):
        async with desk.database.transaction(desk.tenant) as tx:
            made = await registering.register_with_permit(desk.means, tx, draft, None, audio)
            assert isinstance(made.given, tuple)
            tokens.append(made.given[1])
    assert tokens[0] == tokens[1]
    assert (await permits.verify_permit(desk.means, tokens[0]))["stands"]
    assert await desk.count("permits") == 1


async def test_where_no_permit_can_be_given_the_call_is_registered_all_the_same(desk: "Desk") -> None:
    audio = Audio(started_at=desk.at(4.2), ended_at=desk.at(60), segments=None, channels=(Channel(0, "customer"),))
    for external_id in ("one", "one"):
        async with desk.database.transaction(desk.tenant) as tx:
            made = await registering.register_with_permit(desk.means, tx, desk.draft(external_id), None, audio)
        assert [each.code for each in made.given or () if isinstance(each, Reason)] == ["notice_missing"]
    assert await desk.count("calls") == 1
