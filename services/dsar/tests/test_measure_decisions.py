"""What is done to holdings: each measure with its article and ground, and what is waited for (R14, R17)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from recital_dsar.decisions import measures
from recital_dsar.decisions.measures import Measure, MeasureState, Taken, Terms
from recital_dsar.model import Decision, Item, ItemCounts, RequestKind
from recital_errors import Reason

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
THING = UUID(int=6)


def item(kind: str = "recording", decision: Decision | None = None, thing: UUID | None = THING) -> Item:
    return Item(UUID(int=5), UUID(int=3), "ingest", 0, kind, thing, NOW, (), decision=decision)


def taken(state: MeasureState = MeasureState.ASKED, **changed: Any) -> Taken:
    facts: dict[str, Any] = {
        "id": UUID(int=4),
        "request": UUID(int=9),
        "measure": Measure.ERASE,
        "holding": UUID(int=6),
        "kind": "recording",
        "ground": "17(1)(b)",
        "state": state,
        "restricted": False,
        "certificate": None,
        "held_back_by": None,
        "look_again": False,
        "decided_at": NOW,
        "settled_at": None,
    }
    return Taken(**{**facts, **changed})


@pytest.mark.parametrize(
    ("kind", "thing", "decision", "terms", "code"),
    [
        (RequestKind.ERASURE, "recording", Decision.ERASE, Terms("17(1)(b)", None), None),
        (RequestKind.ERASURE, "recording", Decision.ERASE, Terms(None, None), "article_missing"),
        (RequestKind.ERASURE, "recording", Decision.KEEP, Terms("17(3)(e)", "A claim."), None),
        (RequestKind.ERASURE, "recording", Decision.KEEP, Terms("17(3)(e)", None), "ground_missing"),
        (RequestKind.ERASURE, "recording", Decision.KEEP, Terms("17(1)(a)", "A claim."), "article_missing"),
        (RequestKind.ERASURE, "identity", Decision.KEEP, Terms("17(3)(e)", "A claim."), "person_not_kept"),
        (RequestKind.ERASURE, "recording", Decision.GIVE, Terms(None, None), "decision_not_for_kind"),
        (RequestKind.RESTRICTION, "recording", Decision.RESTRICT, Terms("18(1)(a)", None), None),
        (RequestKind.RESTRICTION, "recording", Decision.WITHHOLD, Terms(None, None), "ground_missing"),
        (RequestKind.RESTRICTION, "recording", Decision.WITHHOLD, Terms(None, "Not needed."), None),
        (RequestKind.RECTIFICATION, "identity", Decision.RECTIFY, Terms("16", None, "Jansen"), None),
        (RequestKind.RECTIFICATION, "identity", Decision.RECTIFY, Terms("16", None), "wording_missing"),
        (RequestKind.RECTIFICATION, "clock", Decision.RECTIFY, Terms("16", None, "x"), "nothing_to_correct"),
        (RequestKind.OBJECTION, "recording", Decision.ERASE, Terms("17(1)(b)", None), "decision_not_for_kind"),
    ],
)
def test_a_measure_stands_with_its_article_and_ground_or_not_at_all(
    kind: RequestKind, thing: str, decision: Decision, terms: Terms, code: str | None
) -> None:
    verdict = measures.judge(kind, item(thing), decision, terms)
    assert (verdict.code if verdict else None) == code


def test_what_has_no_id_is_not_corrected() -> None:
    terms = Terms("16", None, "x")
    verdict = measures.judge(RequestKind.RECTIFICATION, item(thing=None), Decision.RECTIFY, terms)
    assert verdict == Reason("nothing_to_correct", "R17")


def test_only_an_erasure_is_proposed_for_every_item() -> None:
    assert measures.proposed(RequestKind.ERASURE) is Decision.ERASE
    assert measures.proposed(RequestKind.RESTRICTION) is None


@pytest.mark.parametrize(
    ("kind", "counts", "code"),
    [
        (RequestKind.ACCESS, (1, 1), "nothing_to_carry_out"),
        (RequestKind.OBJECTION, (1, 1), "nothing_to_carry_out"),
        (RequestKind.ERASURE, (2, 1), "items_undecided"),
        (RequestKind.ERASURE, (2, 2), None),
        (RequestKind.RESTRICTION, (2, 0), "items_undecided"),
        (RequestKind.RESTRICTION, (2, 1), None),
        (RequestKind.RECTIFICATION, (0, 0), None),
    ],
)
def test_an_erasure_is_carried_out_when_all_is_decided_and_the_others_when_something_is(
    kind: RequestKind, counts: tuple[int, int], code: str | None
) -> None:
    verdict = measures.may_carry_out(kind, ItemCounts(counts[0], counts[1], 0))
    assert (verdict.code if verdict else None) == code


def test_a_holding_is_reached_once_and_what_is_none_goes_with_its_own() -> None:
    items = [item(decision=Decision.ERASE), item(decision=Decision.ERASE), item("clock", Decision.ERASE), item()]
    assert list(measures.holdings_of(items, Decision.ERASE)) == [UUID(int=6)]
    assert measures.holdings_of([item(decision=Decision.ERASE, thing=None)], Decision.ERASE) == {}


def test_only_what_has_no_certificate_and_no_ground_is_waited_for() -> None:
    states = [MeasureState.ASKED, MeasureState.ORDERED, MeasureState.DONE, MeasureState.HELD_BACK]
    assert measures.waits_for([taken(each) for each in states]) == 2


def test_what_goes_with_something_else_is_waited_for_unless_that_stays() -> None:
    call = taken(kind="call", held_back_by="still_needed")
    identity = taken(kind="identity", held_back_by="still_needed")
    done, held = taken(MeasureState.DONE), taken(MeasureState.HELD_BACK)
    kept = taken(MeasureState.DONE, measure=Measure.KEEP)
    assert measures.waits_for([done, call, identity]) == 1
    assert measures.waits_for([held, call, identity]) == 0
    assert measures.waits_for([kept, call, identity]) == 0


def test_what_was_kept_for_a_claim_is_looked_at_again_when_its_hold_ends() -> None:
    kept = taken(MeasureState.DONE, measure=Measure.KEEP, ground="17(3)(e)")
    assert measures.looks_again(kept)
    assert not measures.looks_again(taken(MeasureState.DONE, measure=Measure.KEEP, ground="17(3)(b)"))
    assert not measures.looks_again(taken(MeasureState.OVER, measure=Measure.KEEP, ground="17(3)(e)"))
    assert not measures.looks_again(taken(MeasureState.DONE))
