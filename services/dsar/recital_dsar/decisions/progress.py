"""What a request needs next and what stands in its way, as shown in the work list; nothing waits in silence."""

from collections.abc import Sequence
from dataclasses import dataclass

from recital_errors import Reason

from recital_dsar.decisions.measures import MEASURED
from recital_dsar.model import SERVICES, ItemCounts, Part, PartState, Request, RequestKind, State, Withholding

NEXT_STEPS = {
    State.RECEIVED: "check_identity",
    State.IDENTITY_ASKED: "await_identity",
    State.IDENTIFIED: "order_collection",
    State.COLLECTING: "await_parts",
    State.REVIEW: "decide_items",
    State.CARRYING_OUT: "await_owners",
    State.BUILDING: "await_package",
    State.READY: "await_pickup",
    State.DELIVERED: "close",
    State.REFUSED: "close",
    State.CLOSED: "nothing",
}


@dataclass(frozen=True, slots=True)
class Block:
    """One thing that stands in the way: a stable code, the service meant, and how many."""

    code: str
    service: str | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The next step of a request, and what blocks it."""

    next_step: str
    blocked_by: tuple[Block, ...]


def progress(
    request: Request,
    parts: Sequence[Part],
    items: ItemCounts,
    troubles: Sequence[str],
    beside: Sequence[Block] = (),
) -> Progress:
    """Say what a request needs next; `parts` and `items` are of its collection.

    `troubles` are the causes for which work in the background failed last and is tried again; `beside` is what letters,
    proofs, measures and recipients wait for.
    """
    blocks: list[Block] = list(beside)
    if request.state in (State.RECEIVED, State.IDENTITY_ASKED, State.IDENTIFIED):
        if request.subjects is None:
            blocks.append(Block("resolving_pending", "consent"))
        elif request.withholding is Withholding.PENDING:
            blocks.append(Block("withholding_pending", "retention"))
    if request.state is State.COLLECTING:
        blocks += _missing_parts(parts)
    if request.state is State.REVIEW and items.decided < items.total and _decides_all(request.kind):
        blocks.append(Block("items_undecided", count=items.total - items.decided))
    blocks += [Block(cause) for cause in sorted(set(troubles))]
    return Progress(_next_step(request, items), tuple(blocks))


def may_build(items: ItemCounts) -> Reason | None:
    """Return why the package cannot be made yet: every item needs a decision of its own."""
    return Reason("items_undecided") if items.decided < items.total else None


def is_complete(parts: Sequence[Part]) -> bool:
    """Whether every service has handed in its part and each holds exactly what its owner stated (R15)."""
    return {part.service for part in parts if part.state is PartState.CHECKED} >= set(SERVICES)


def part_is_whole(part: Part, *, sha256: str, size: int, items: int) -> bool:
    """Whether the bytes that came are those the owner announced, and hold as many items as it counted."""
    return (part.sha256, part.size, part.items) == (sha256, size, items)


def _missing_parts(parts: Sequence[Part]) -> list[Block]:
    states = {part.service: part.state for part in parts}
    codes = {None: "part_missing", PartState.ANNOUNCED: "part_not_fetched", PartState.MISMATCH: "part_mismatch"}
    return [
        Block(codes[state], service) for service in SERVICES if (state := states.get(service)) is not PartState.CHECKED
    ]


def _decides_all(kind: RequestKind) -> bool:
    """Whether every item needs a decision: for a copy and for an erasure."""
    return kind not in MEASURED or kind is RequestKind.ERASURE


def _next_step(request: Request, items: ItemCounts) -> str:
    measured = request.kind in MEASURED
    if request.state is State.REFUSED or (measured and request.state is State.READY):
        return "send_letter"
    if request.state is not State.REVIEW:
        return NEXT_STEPS[request.state]
    if request.kind is RequestKind.OBJECTION:
        return "decide_objection"
    if measured and items.decided and (items.decided == items.total or not _decides_all(request.kind)):
        return "carry_out"
    if not measured and items.decided == items.total:
        return "build_package"
    return "carry_out" if items.total == 0 and measured else NEXT_STEPS[request.state]
