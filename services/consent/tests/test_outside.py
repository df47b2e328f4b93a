"""What parties said outside the call: consent brought along, withdrawals, objections, and what is not decided yet."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from recital_consent.decisions.outside import is_settled, settled
from recital_consent.decisions.permitting import Standing, standing_of
from recital_consent.decisions.stating import decided, statement_problems
from recital_consent.model.calls import Entry, EntryKind
from recital_consent.model.permits import Issued
from recital_consent.model.purposes import BasisKind
from recital_consent.model.spans import Spans, moment_of
from recital_consent.model.statements import Statement, StatementKind, StatementState

if TYPE_CHECKING:
    from services.consent.tests.conftest import Scene

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
JO, AL = UUID(int=7), UUID(int=8)
CONSENT, WITHDRAWAL, OBJECTION = StatementKind
PENDING, UPHELD, REJECTED = StatementState.PENDING, StatementState.UPHELD, StatementState.REJECTED


def calling(scene: "Scene", basis: BasisKind = BasisKind.CONSENT) -> "Scene":
    scene.purpose("main", basis).staff("agent").other("customer", subject=JO)
    return scene.notice(-5, -1, "customer")


def said(scene: "Scene", kind: StatementKind, seconds: float, subject: UUID = JO, **facts: Any) -> "Scene":
    moment = scene.then("resumed", seconds).call.entries[-1].at
    scene.but(entries=scene.call.entries[:-1])
    state = facts.pop("state", PENDING if kind is OBJECTION else StatementState.STANDING)
    made = Statement(
        id=UUID(int=900 + len(scene.call.statements)),
        subject=subject,
        kind=kind,
        at=moment,
        received_at=moment,
        state=state,
        **facts,
    )
    return scene.but(statements=(*scene.call.statements, made))


def test_consent_from_outside_the_call_counts_without_having_been_told_first_but_the_notice_is_still_needed(
    bare: "Scene",
) -> None:
    assert said(calling(bare), CONSENT, -1000).kept() == [(0, None)]
    assert bare.but(entries=()).kept() == []


def test_consent_from_outside_that_lists_another_purpose_does_not_count(bare: "Scene") -> None:
    assert said(calling(bare), CONSENT, -1000, purposes=frozenset({"other"})).kept() == []


def test_the_consent_of_another_person_does_not_count(bare: "Scene") -> None:
    assert said(calling(bare), CONSENT, -1000, AL).kept() == []


def test_a_withdrawal_before_the_call_ends_the_consents_until_then_and_a_new_one_opens(bare: "Scene") -> None:
    said(said(calling(bare), CONSENT, -1000), WITHDRAWAL, -500)
    assert bare.kept() == []
    assert [each.code for each in bare.verdict(5).reasons] == ["consent_missing"]
    assert said(bare, CONSENT, -400).kept() == [(0, None)]


def test_a_withdrawal_before_the_call_takes_nothing_that_was_recorded_before_that_person_joined(bare: "Scene") -> None:
    calling(bare).other("partner", registered=False, subject=AL).notice(-5, -1, "partner")
    bare.then("consent_given", 0, "customer").then("joined", 20, "partner").then("consent_given", 25, "partner")
    assert said(bare, WITHDRAWAL, -500, AL).kept() == [(0, 20), (25, None)]


@pytest.mark.parametrize("seconds", [30, 5_000])
def test_a_withdrawal_during_or_after_the_call_takes_all_of_it(bare: "Scene", seconds: float) -> None:
    said(calling(bare).then("consent_given", 2, "customer").then("ended", 60), WITHDRAWAL, seconds)
    assert bare.kept() == []
    assert ("consent_withdrawn", "R08", "customer") in bare.reasons(6_000)


def test_a_withdrawal_does_not_touch_what_needs_no_consent(bare: "Scene") -> None:
    assert said(calling(bare, BasisKind.CONTRACT), WITHDRAWAL, 30).kept() == [(0, None)]


@pytest.mark.parametrize("seconds", [-500, 30, 5_000])
@pytest.mark.parametrize("state", [PENDING, UPHELD])
@pytest.mark.parametrize("basis", [BasisKind.LEGITIMATE_INTERESTS, BasisKind.PUBLIC_TASK])
def test_an_objection_stops_the_purpose_at_once_and_for_good_once_it_is_upheld(
    bare: "Scene", basis: BasisKind, state: StatementState, seconds: float
) -> None:
    said(calling(bare, basis), OBJECTION, seconds, state=state)
    assert bare.kept() == []
    assert ("objected", "R17", "customer") in bare.reasons(30)


def test_an_objection_that_was_rejected_changes_nothing(bare: "Scene") -> None:
    assert said(calling(bare, BasisKind.LEGITIMATE_INTERESTS), OBJECTION, -500, state=REJECTED).kept() == [(0, None)]


def test_an_objection_that_names_no_purpose_is_to_those_that_may_be_objected_to(bare: "Scene") -> None:
    bare.purpose("other")
    said(calling(bare, BasisKind.LEGITIMATE_INTERESTS), OBJECTION, -500)
    assert bare.notice(-4, -1, "customer", purposes=("other",)).kept("other") == [(0, None)]
    assert bare.kept() == []


def test_an_objection_that_names_a_purpose_on_consent_closes_it(bare: "Scene") -> None:
    calling(bare).then("consent_given", 2, "customer")
    assert said(bare, OBJECTION, 30).kept() == [(2, None)]
    assert said(bare, OBJECTION, 30, purposes=frozenset({"main"})).kept() == []


def test_what_is_undecided_has_its_effect_but_is_not_settled(bare: "Scene") -> None:
    said(calling(bare, BasisKind.LEGITIMATE_INTERESTS), OBJECTION, 30)
    assert not is_settled(bare.call)
    assert settled(bare.call).statements == ()


def test_a_private_mark_that_was_asked_for_silences_but_the_call_is_not_private_yet(told: "Scene") -> None:
    mark = told.then("marked_private", 30).call.entries[-1]
    told.but(entries=told.call.entries[:-1], asked=(mark,))
    assert told.kept() == []
    assert not told.verdict(40).private
    assert not is_settled(told.call)
    part: Entry = replace(mark, started_at=mark.at, kind=EntryKind.MARKED_PRIVATE)
    assert told.but(asked=(part,)).kept() == [(0, 30)]
    assert is_settled(settled(told.call))


# May it be said, and what a decision makes of it.


def objection(**facts: Any) -> Statement:
    return Statement(id=JO, subject=JO, kind=OBJECTION, at=NOW, received_at=NOW, **{"state": PENDING, **facts})


@pytest.mark.parametrize(
    ("kind", "facts", "wrong"),
    [
        (OBJECTION, {}, []),
        (OBJECTION, {"purposes": frozenset({"main"})}, []),
        (OBJECTION, {"purposes": frozenset()}, [("purposes", "purpose_missing", "R17")]),
        (WITHDRAWAL, {"purposes": frozenset({"other"})}, [("purposes", "purpose_unknown", "R08")]),
        (WITHDRAWAL, {"at": NOW + timedelta(seconds=6)}, [("at", "entry_in_future", "R08")]),
        (CONSENT, {}, [("purposes", "purpose_missing", "R08")]),
    ],
)
def test_a_statement_names_what_is_wrong_with_it(
    kind: StatementKind, facts: dict[str, Any], wrong: list[tuple[str, str, str]]
) -> None:
    found = statement_problems(replace(objection(), kind=kind, **facts), known={"main"}, now=NOW)
    assert [(each.field, each.code, each.rule) for each in found] == wrong


def test_an_objection_is_decided_once_for_all_or_for_some_of_its_purposes() -> None:
    both, main = frozenset({"main", "other"}), frozenset({"main"})
    assert decided(objection(), None, upheld=True, at=NOW).state is UPHELD
    some = decided(objection(purposes=both), main, upheld=True, at=NOW)
    assert (some.state, some.purposes, some.decided_at) == (UPHELD, main, NOW)
    assert decided(some, None, upheld=False, at=NOW) == some
    waits = decided(objection(purposes=both), main, upheld=False, at=NOW)
    assert (waits.state, waits.purposes) == (PENDING, frozenset({"other"}))
    for purposes, of in ((None, main), (both, None), (main, both)):
        assert decided(objection(purposes=purposes), of, upheld=False, at=NOW).state is REJECTED


def test_a_permit_loses_what_is_settled_and_is_suspended_by_what_is_not() -> None:
    call_began = moment_of(NOW)
    all_of_it = {"main": Spans.of([(call_began, call_began + 60_000_000)])}
    permit = Issued(
        id=JO,
        call=JO,
        issued_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        final=True,
        answered_at=NOW,
        spans={"main": ((0, 60_000),)},
        claims={},
    )
    assert standing_of(permit, all_of_it, all_of_it) == Standing({"main": ((0, 60_000),)}, taken=False, suspended=False)
    assert standing_of(permit, all_of_it, {}) == Standing({"main": ((0, 60_000),)}, taken=False, suspended=True)
    assert standing_of(permit, {}, {}) == Standing({}, taken=True, suspended=False)
