"""Reviewing: an officer decides what is done with each item, one by one or by filter; each bears reason and decider."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from recital_database import Transaction
from recital_errors import Conflict, FieldError, Malformed, NotFound, Reason
from recital_vault import Vault

from recital_dsar.actions.entries import Happening, enter
from recital_dsar.decisions.items import Chosen, Said, judge
from recital_dsar.decisions.proposing import Asking
from recital_dsar.model import Item, ItemCounts, Request, State, TenantFacts
from recital_dsar.store.items import Decided, Selection, count_items, decide, items_of
from recital_dsar.store.requests import request
from recital_dsar.store.tenants import tenant

MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an officer decides about the chosen items; without a decision each gets what is proposed for it."""

    chosen: Selection
    said: Said
    by: str


def asking_of(found: Request, facts: TenantFacts) -> Asking:
    """Return what of a request and its tenant decides on its items."""
    return Asking(found.kind, frozenset(found.subjects or ()), found.language, facts.staff_voices_muted)


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
    by_choice = _judged(items, asking_of(found, await tenant(tx)), ruling.said)
    for chosen, ids in by_choice.items():
        entry = await enter(
            tx,
            vault,
            found,
            Happening(
                "items.decided",
                by=ruling.by,
                facts={"decision": chosen.decision.value, "items": len(ids), "reason": chosen.reason},
                details={
                    "items": [str(each) for each in ids],
                    "mute": list(chosen.mute),
                    "ground": chosen.ground,
                    "article": chosen.article,
                    "wording": ruling.said.wording,
                },
            ),
        )
        decided = Decided(chosen.decision, chosen.mute, ruling.by, entry, chosen.reason)
        await decide(tx, request_id, ids, decided)
    return len(items), await count_items(tx, request_id)


def _judged(items: Sequence[Item], asking: Asking, said: Said) -> dict[Chosen, list[UUID]]:
    by_choice: defaultdict[Chosen, list[UUID]] = defaultdict(list)
    refused: list[tuple[UUID, Reason]] = []
    for item in items:
        verdict = judge(asking, item, said)
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
