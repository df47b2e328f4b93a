"""Reviewing: an officer decides what is given of each item, one by one or by filter; each bears reason and decider."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from recital_database import Transaction
from recital_errors import Conflict, FieldError, Malformed, NotFound, Reason
from recital_vault import Vault

from recital_dsar.actions.entries import Happening, enter
from recital_dsar.decisions.items import Chosen, judge
from recital_dsar.model import Decision, Item, ItemCounts, Request, State
from recital_dsar.store.items import Decided, Selection, count_items, decide, items_of
from recital_dsar.store.requests import request

MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an officer decides about the chosen items; without `mute` every other person's voice is muted."""

    chosen: Selection
    decision: Decision
    mute: tuple[str, ...] | None
    ground: str | None
    by: str


async def rule_on(
    tx: Transaction,
    vault: Vault,
    request_id: UUID,
    ruling: Ruling,
) -> tuple[int, ItemCounts]:
    """Write an officer's decision beside each chosen item, all or none, and return how many and the new counts.

    Raises NotFound (also for an item that is not this request's), Gone, Conflict `request_state`, and Malformed
    `decision_refused` with the reason per item that it cannot stand for.
    """
    found = await request(tx, request_id, lock=True)
    if found.state is not State.REVIEW:
        raise Conflict("request_state", f"A request that is {found.state.value} is not under review.")
    items = await items_of(tx, request_id, ruling.chosen)
    if ruling.chosen.items is not None and len(items) != len(set(ruling.chosen.items)):
        raise NotFound
    by_choice = _judged(items, found, ruling)
    for chosen, ids in by_choice.items():
        entry = await enter(
            tx,
            vault,
            found,
            Happening(
                "items.decided",
                by=ruling.by,
                facts={"decision": chosen.decision.value, "items": len(ids)},
                details={"items": [str(each) for each in ids], "mute": list(chosen.mute), "ground": ruling.ground},
            ),
        )
        await decide(tx, request_id, ids, Decided(chosen.decision, chosen.mute, ruling.by, entry))
    return len(items), await count_items(tx, request_id)


def _judged(items: Sequence[Item], found: Request, ruling: Ruling) -> dict[Chosen, list[UUID]]:
    by_choice: defaultdict[Chosen, list[UUID]] = defaultdict(list)
    refused: list[tuple[UUID, Reason]] = []
    for item in items:
        verdict = judge(item, found.subjects or (), decision=ruling.decision, mute=ruling.mute, ground=ruling.ground)
        if isinstance(verdict, Reason):
            refused.append((item.id, verdict))
        else:
            by_choice[verdict].append(item.id)
    if refused:
        raise Malformed(
            "decision_refused",
            f"This decision cannot stand for {len(refused)} of {len(items)} items; nothing was decided.",
            reasons=sorted({reason for _, reason in refused}, key=lambda reason: reason.code),
            fields=[FieldError(f"items.{item}", reason.code) for item, reason in refused[:MOST_NAMED]],
        )
    return by_choice
