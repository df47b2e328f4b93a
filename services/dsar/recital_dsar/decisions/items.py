"""What is given of each item and whose voices are muted: the proposal, and whether an officer's decision can stand.

A copy may not harm others (AVG art. 15(4), R13): by default only the person who asked is heard. An item is never
refused as a whole where a part can be given.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from recital_errors import Reason

from recital_dsar.model import Decision, Item, RequestKind

RECORDING = "recording"
DECISIONS = {RequestKind.ACCESS: frozenset({Decision.GIVE, Decision.MASK, Decision.WITHHOLD})}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the rules propose for an item; `reason` says why voices are muted, if any are."""

    decision: Decision
    mute: tuple[str, ...]
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """An officer's decision on an item, complete."""

    decision: Decision
    mute: tuple[str, ...]


def others(item: Item, subjects: Collection[UUID]) -> tuple[str, ...]:
    """Return the labels of the parties that are not the person who asks, in the item's order; unknown ones too."""
    return tuple(each.party for each in item.parties if each.subject not in subjects)


def propose(item: Item, subjects: Collection[UUID]) -> Proposal:
    """Propose to give every item, and to mute every other voice in a recording."""
    mute = others(item, subjects) if item.kind == RECORDING else ()
    return Proposal(Decision.GIVE, mute, Reason("others_muted", "R13") if mute else None)


def judge(
    item: Item, subjects: Collection[UUID], *, decision: Decision, mute: Iterable[str] | None, ground: str | None
) -> Chosen | Reason:
    """Complete an officer's decision on one item, or say why it cannot stand.

    Without `mute` the proposal's voices are muted. To withhold an item, and to let another person be heard, a ground
    is needed; who asked may be muted as well, never alone.
    """
    if decision not in DECISIONS[RequestKind.ACCESS]:
        return Reason("decision_not_for_kind")
    if decision is Decision.WITHHOLD:
        if ground is None:
            return Reason("ground_missing", "R13")
        return Chosen(decision, ()) if not mute else Reason("mute_without_giving")
    proposed = propose(item, subjects).mute
    chosen = proposed if mute is None else tuple(sorted(set(mute)))
    if not set(chosen) <= {each.party for each in item.parties} or (chosen and item.kind != RECORDING):
        return Reason("party_unknown")
    if decision is Decision.MASK and not chosen:
        return Reason("nothing_to_mute")
    if set(proposed) - set(chosen) and ground is None:
        return Reason("ground_missing", "R13")
    return Chosen(decision, chosen)


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
