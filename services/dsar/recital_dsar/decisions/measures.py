"""What is done to holdings at a person's request: erased, kept, restricted, corrected; and what an objection does.

An exception of AVG art. 17(3) keeps a thing, never a person (R14); what is kept is restricted, and looked at again when
the hold that kept it ends. Every decision states its ground.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from recital_errors import Reason

from recital_dsar.model import Decision, Item, ItemCounts, RequestKind

HOLDINGS = frozenset({"recording", "call", "identity", "package", "collection", "bundle"})
"""The kinds of item that are holdings of their own; what else there is goes with the one it belongs to."""
MEASURED: Mapping[RequestKind, frozenset[Decision]] = {
    RequestKind.ERASURE: frozenset({Decision.ERASE, Decision.KEEP}),
    RequestKind.RESTRICTION: frozenset({Decision.RESTRICT, Decision.WITHHOLD}),
    RequestKind.RECTIFICATION: frozenset({Decision.RECTIFY, Decision.WITHHOLD}),
    RequestKind.OBJECTION: frozenset(),
}
"""What may be decided of an item in a request that is no request for a copy."""
ARTICLES: Mapping[Decision, tuple[str, ...]] = {
    Decision.ERASE: tuple(f"17(1)({letter})" for letter in "abcdef"),
    Decision.KEEP: tuple(f"17(3)({letter})" for letter in "abcde"),
    Decision.RESTRICT: tuple(f"18(1)({letter})" for letter in "abcd"),
    Decision.RECTIFY: ("16",),
}
LEGAL_CLAIMS = "17(3)(e)"
STILL_NEEDED = "still_needed"
"""Retention's ground for what goes with something else."""


class Measure(StrEnum):
    """What is done."""

    ERASE = "erase"
    KEEP = "keep"
    RESTRICT = "restrict"
    RECTIFY = "rectify"
    OBJECTION = "objection"


class MeasureState(StrEnum):
    """How far it is: asked of its owner, past the point of no return, done; held back, not done, or over."""

    ASKED = "asked"
    ORDERED = "ordered"
    DONE = "done"
    HELD_BACK = "held_back"
    REJECTED = "rejected"
    OVER = "over"


SETTLED = frozenset(MeasureState) - {MeasureState.ASKED, MeasureState.ORDERED}
"""A measure that no more is waited for: a certificate, or a ground why it must wait."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A measure as stored. `ground` is the article; `restricted` whether a restriction of ours stands on it."""

    id: UUID
    request: UUID
    measure: Measure
    holding: UUID | None
    kind: str | None
    ground: str
    state: MeasureState
    restricted: bool
    certificate: UUID | None
    held_back_by: str | None
    look_again: bool
    decided_at: datetime
    settled_at: datetime | None
    purposes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What an officer states with a decision: article, reason in words, and the wording of a correction."""

    article: str | None
    ground: str | None
    wording: str | None = None


def proposed(kind: RequestKind) -> Decision | None:
    """Return what the rules propose for every item of a request: only an erasure is decided for all of them."""
    return Decision.ERASE if kind is RequestKind.ERASURE else None


def judge(kind: RequestKind, item: Item, decision: Decision, terms: Terms) -> Reason | None:
    """Return why a decision cannot stand for an item, or None."""
    if decision not in MEASURED[kind]:
        return Reason("decision_not_for_kind")
    if decision is Decision.WITHHOLD:
        return Reason("ground_missing", "R17") if terms.ground is None else None
    if terms.article not in ARTICLES[decision]:
        return Reason("article_missing", "R14" if kind is RequestKind.ERASURE else "R17")
    if decision is Decision.KEEP:
        if terms.ground is None:
            return Reason("ground_missing", "R14")
        if item.kind == "identity":
            return Reason("person_not_kept", "R14")
    if decision is Decision.RECTIFY:
        if terms.wording is None:
            return Reason("wording_missing", "R17")
        if item.kind not in ("recording", "call", "identity") or item.thing is None:
            return Reason("nothing_to_correct", "R17")
    return None


def may_carry_out(kind: RequestKind, items: ItemCounts) -> Reason | None:
    """Return why decisions cannot be carried out yet: an erasure needs one for each item, the others at least one."""
    if kind not in MEASURED or kind is RequestKind.OBJECTION:
        return Reason("nothing_to_carry_out")
    if kind is RequestKind.ERASURE and items.decided < items.total:
        return Reason("items_undecided")
    if kind is not RequestKind.ERASURE and items.decided == 0 and items.total > 0:
        return Reason("items_undecided")
    return None


def holdings_of(items: Sequence[Item], decision: Decision) -> dict[UUID, Item]:
    """Return the holdings that a decision reaches, each once, although several services may speak of it."""
    return {
        item.thing: item
        for item in items
        if item.decision is decision and item.thing is not None and item.kind in HOLDINGS
    }


def waits_for(taken: Sequence[Taken]) -> int:
    """Return how many measures have neither a certificate nor a ground why they must wait.

    A call's record goes with its last recording, so it is waited for unless a recording stays. A person's identity goes
    when nothing needs it any more, this open request among it, so it is told of and not waited for.
    """
    stays = any(each.measure is Measure.KEEP or each.state is MeasureState.HELD_BACK for each in taken)
    return sum(
        each.state not in SETTLED and not (is_needed(each) and (stays or each.kind == "identity")) for each in taken
    )


def is_needed(taken: Taken) -> bool:
    """Whether retention says that something else, not yet erased, still needs a holding."""
    return taken.state is MeasureState.ASKED and taken.held_back_by == STILL_NEEDED


def looks_again(taken: Taken) -> bool:
    """Whether an officer decides again when a hold on the holding is released: what was kept for legal claims."""
    return taken.measure is Measure.KEEP and taken.ground == LEGAL_CLAIMS and taken.state is MeasureState.DONE
