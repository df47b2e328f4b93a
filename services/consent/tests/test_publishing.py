"""Versions from a past date, with a second person; retention that waits for a reference; purposes that are retired."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from recital_consent.actions import people, purposes
from recital_consent.decisions.publishing import past_problems, publishing_problems, version_in_force
from recital_consent.model.purposes import (
    Basis,
    BasisKind,
    CouncilKind,
    PurposeDraft,
    PurposeVersion,
    RetentionFrom,
    WorksCouncil,
)
from recital_errors import Conflict, Forbidden, Malformed, NotFound
from recital_identity import Principal, Role

if TYPE_CHECKING:
    from services.consent.tests.conftest import Desk

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COUNCIL = WorksCouncil(kind=CouncilKind.NONE_FEWER_THAN_50)
DRAFT = PurposeDraft(
    key="order",
    title="Orders",
    basis=Basis(kind=BasisKind.CONTRACT),
    notices={"nl": "Wij nemen op."},
    retention="P1Y",
    roles=frozenset({"reviewer"}),
)


def version(number: int, days_ago: float) -> PurposeVersion:
    since = NOW - timedelta(days=days_ago)
    return PurposeVersion(
        id=UUID(int=1), version=number, draft=DRAFT, notice_sha256={}, published_at=NOW, in_force_from=since
    )


@pytest.mark.parametrize(("days_ago", "found"), [(0, 2), (5, 1), (20, 3), (40, 2)])
def test_a_call_is_registered_under_the_version_in_force_when_it_began(days_ago: float, found: int) -> None:
    # The third was published last, for the time before the first; older calls come under the one in force now.
    versions = [version(1, 10), version(2, 1), version(3, 30)]
    chosen = version_in_force(versions, NOW - timedelta(days=days_ago), NOW)
    assert chosen is not None
    assert chosen.version == found
    assert version_in_force([version(1, 10), version(2, 10)], NOW, NOW) == version(2, 10)
    assert version_in_force([], NOW, NOW) is None


def test_a_version_comes_with_the_retentions_of_those_published_after_it() -> None:
    drafts = [replace(DRAFT, retention=each) for each in ("P6M", "P1M", "P1Y")]
    versions = [replace(version(number, 10), draft=draft) for number, draft in enumerate(drafts, start=1)]
    versions[1] = replace(versions[1], in_force_from=NOW - timedelta(days=20))
    chosen = version_in_force(versions, NOW - timedelta(days=15), NOW)
    assert chosen is not None
    assert (chosen.version, chosen.later_retentions) == (2, frozenset({"P1Y"}))
    waiting = replace(DRAFT, retention="P1M", retention_from=RetentionFrom.REFERENCE_ENDED, at_most="P7Y")
    first = version_in_force([versions[0], replace(version(2, 1), draft=waiting)], NOW - timedelta(days=5), NOW)
    assert first is not None
    assert first.later_retentions == frozenset({"P7Y"})


def test_a_past_date_needs_a_document_and_must_be_past() -> None:
    assert past_problems(NOW, "minutes-7", NOW) == []
    wrong = past_problems(NOW + timedelta(seconds=1), None, NOW)
    assert [(each.field, each.code) for each in wrong] == [
        ("in_force_from", "in_force_in_future"),
        ("document", "document_missing"),
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"at_most": "P2Y"}, "at_most_unexpected"),
        ({"retention_from": RetentionFrom.REFERENCE_ENDED}, "at_most_missing"),
        ({"retention_from": RetentionFrom.REFERENCE_ENDED, "at_most": "P0D"}, "at_most_missing"),
        ({"retention_from": RetentionFrom.REFERENCE_ENDED, "at_most": "P1M"}, "at_most_too_short"),
        ({"retention_from": RetentionFrom.REFERENCE_ENDED, "at_most": "P7Y"}, None),
    ],
)
def test_retention_that_waits_for_a_reference_has_a_longest_time(change: dict[str, Any], code: str | None) -> None:
    wrong = publishing_problems(replace(DRAFT, **change), COUNCIL, NOW.date())
    assert [each.code for each in wrong] == ([code] if code else [])


def test_the_longest_retention_is_what_a_waiting_purpose_may_reach() -> None:
    waiting = replace(DRAFT, retention_from=RetentionFrom.REFERENCE_ENDED, at_most="P7Y")
    assert (DRAFT.longest_retention, waiting.longest_retention) == ("P1Y", "P7Y")


# With the database.


def admin(desk: "Desk", subject: str) -> Principal:
    return replace(desk.principal(Role.TENANT_ADMIN), subject=subject)


async def propose(desk: "Desk", *, days_ago: int = 400, key: str | None = None, **changes: Any) -> UUID:
    wanted = purposes.Past(desk.draft_of_purpose, desk.now - timedelta(days=days_ago), "minutes-7", b"past")
    async with desk.database.transaction(desk.tenant) as tx:
        return (await purposes.propose_purpose(desk.means, tx, admin(desk, "one"), replace(wanted, **changes), key)).id


async def approve(desk: "Desk", proposal: UUID, by: str = "two") -> PurposeVersion:
    async with desk.database.transaction(desk.tenant) as tx:
        return await purposes.approve_purpose(desk.means, tx, admin(desk, by), proposal)


async def test_a_past_version_needs_a_second_person_and_counts_for_old_calls_only(desk: "Desk") -> None:
    proposal = await propose(desk, key="k")
    assert await propose(desk, key="k") == proposal
    with pytest.raises(Forbidden) as refused:
        await approve(desk, proposal, "one")
    assert refused.value.code == "second_person_needed"
    assert len(await desk.events("purpose.published")) == 1
    old = await approve(desk, proposal)
    assert (old.version, old.document) == (2, "minutes-7")
    assert await approve(desk, proposal, "three") == old
    async with desk.database.transaction(desk.tenant) as tx:
        assert (await purposes.read_purpose(tx, "main", None)).version == 1
        assert [each.version for each in await purposes.list_versions(tx, "main")] == [1, 2]
        assert [each.version for each in await purposes.list_proposals(tx, after=None, most=9)] == [2]
        assert await purposes.list_proposals(tx, after=proposal, most=9) == []
    year_ago = desk.now - timedelta(days=365)
    assert [each.version for each in (await desk.register("old", answered_at=year_ago)).purposes] == [2]
    assert [each.version for each in (await desk.register("new", answered_at=desk.now)).purposes] == [1]
    (first, second) = await desk.events("purpose.published")
    assert (first["version"], second["version"]) == (1, 2)
    assert second["in_force_from"] < first["in_force_from"]


async def test_what_is_wrong_with_a_past_version_is_named_and_nothing_waits(desk: "Desk") -> None:
    for changes in ({"document": None}, {"in_force_from": desk.now + timedelta(hours=1)}):
        with pytest.raises(Malformed):
            await propose(desk, **changes)
    assert await desk.count("purpose_proposals") == 0
    with pytest.raises(NotFound):
        await approve(desk, UUID(int=5))


async def test_a_repeated_key_answers_the_version_it_made(desk: "Desk") -> None:
    async def publish(key: str | None) -> PurposeVersion:
        async with desk.database.transaction(desk.tenant) as tx:
            return await purposes.publish_purpose(tx, desk.draft_of_purpose, b"same", key)

    second = await publish("k")
    assert (await publish(None)).version == 3
    assert await publish("k") == second


async def test_a_retired_purpose_takes_no_call_and_no_version(desk: "Desk") -> None:
    call = await desk.ended_call()
    async with desk.database.transaction(desk.tenant) as tx:
        retired = await purposes.retire_purpose(tx, "main")
        assert await purposes.retire_purpose(tx, "main") == retired
        with pytest.raises(NotFound):
            await purposes.retire_purpose(tx, "nothing")
        with pytest.raises(NotFound):
            await purposes.list_versions(tx, "nothing")
        with pytest.raises(Conflict) as refused:
            await purposes.publish_purpose(tx, desk.draft_of_purpose, b"", None)
        assert refused.value.code == "purpose_retired"
    with pytest.raises(Malformed) as wrong:
        await desk.register("pbx-2")
    assert [(each.field, each.problem) for each in wrong.value.fields] == [
        ("purposes.0", "no call is registered for it now")
    ]
    assert len(await desk.events("purpose.retired")) == 1
    assert (await desk.permit(call.id))[0].call == call.id


async def test_a_past_version_is_announced_to_staff_as_they_were_told_then(desk: "Desk") -> None:
    await approve(desk, await propose(desk))
    told = people.Announcement((), ("1001",), "main", 2, desk.now - timedelta(days=399), None)
    async with desk.database.transaction(desk.tenant) as tx:
        assert len(await people.log_staff_notices(desk.means, tx, told, None)) == 1
