"""Whether an officer's decision on an item can stand, and what of an item its person may have.

An item is never refused as a whole where a part can be given (R13); what deviates from the proposal bears a ground.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from recital_errors import Reason

from recital_dsar.decisions import measures
from recital_dsar.decisions.measures import MEASURED
from recital_dsar.decisions.proposing import RECORDING, Asking, is_separable, muted, propose, words
from recital_dsar.model import Decision, Item

COPIES = frozenset({Decision.GIVE, Decision.MASK, Decision.WITHHOLD})
"""What may be decided of an item in a request for a copy, of whatever kind."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an officer says of an item: nothing as `decision` is the proposal, nothing as `mute` the proposed voices."""

    decision: Decision | None = None
    mute: tuple[str, ...] | None = None
    ground: str | None = None
    article: str | None = None
    wording: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A decision on an item, complete; `reason` is the code of the proposal that was taken over."""

    decision: Decision
    mute: tuple[str, ...] = ()
    ground: str | None = None
    reason: str | None = None
    article: str | None = None


def judge(asking: Asking, item: Item, said: Said) -> Chosen | Reason:
    """Complete an officer's decision on one item, or say why it cannot stand.

    To withhold an item, and to let another person be heard, a ground is needed; who asked may be muted as well, never
    alone. The grounds of erasures and the other rights are articles: see `measures`.
    """
    reason = None
    if said.decision is None:
        proposal = propose(asking, item)
        if proposal is None:
            return Reason("nothing_proposed")
        reason = proposal.reason.code if proposal.reason is not None else None
        said = replace(
            said,
            decision=proposal.decision,
            mute=None,
            ground=said.ground or words(reason, asking.language),
            article=proposal.article or said.article,
        )
    decision = said.decision
    assert decision is not None  # noqa: S101 - for the type checker: set just above where it was not stated
    if asking.kind in MEASURED:
        terms = measures.Terms(said.article, said.ground, said.wording)
        refusal = measures.judge(asking.kind, item, decision, terms)
        return refusal or Chosen(decision, (), said.ground, reason, said.article)
    if decision not in COPIES:
        return Reason("decision_not_for_kind")
    if decision is Decision.WITHHOLD:
        return _withheld(said, reason)
    return _given(asking, item, replace(said, decision=decision), reason)


def _withheld(said: Said, reason: str | None) -> Chosen | Reason:
    if said.ground is None:
        return Reason("ground_missing", "R13")
    if said.mute:
        return Reason("mute_without_giving")
    return Chosen(Decision.WITHHOLD, (), said.ground, reason)


def _given(asking: Asking, item: Item, said: Said, reason: str | None) -> Chosen | Reason:
    usual = muted(asking, item)
    mute = usual if said.mute is None else _in_order(item, said.mute)
    if (said.mute is not None and set(mute) != set(said.mute)) or (mute and item.kind != RECORDING):
        return Reason("party_unknown")
    if said.decision is Decision.MASK and not mute:
        return Reason("nothing_to_mute")
    if set(usual) - set(mute) and said.ground is None:
        return Reason("ground_missing", "R13")
    if not is_separable(item, mute):
        return Reason("not_separable", "R13")
    return Chosen(said.decision or Decision.GIVE, mute, said.ground, reason)


def _in_order(item: Item, labels: Iterable[str]) -> tuple[str, ...]:
    wanted = set(labels)
    return tuple(each.party for each in item.parties if each.party in wanted)


def for_person(content: Mapping[str, Any], subjects: Collection[UUID]) -> dict[str, Any]:
    """Return what an item says as the person who asks may have it: of each party, whether it is them, and no ids.

    The id of another person is that person's data, and of no use to the one who asks.
    """
    known = {str(each) for each in subjects}
    parties = [
        {**{name: value for name, value in party.items() if name != "subject"}, "you": party.get("subject") in known}
        for party in content.get("parties", ())
    ]
    return {**content, **({"parties": parties} if "parties" in content else {})}
