"""Moving a request from one state to the next, and closing it: nothing else writes a state."""

from recital_database import Transaction, announce
from recital_errors import Conflict
from recital_events import RequestClosed, RequestReceived
from recital_vault import Vault

from recital_dsar.actions.entries import SELF, Happening, enter
from recital_dsar.decisions.deadlines import in_time
from recital_dsar.decisions.states import after
from recital_dsar.model import Move, Outcome, Request, State
from recital_dsar.store.parts import empty_own_parts
from recital_dsar.store.requests import change_request, shut
from recital_dsar.store.steps import add_step, drop_steps
from recital_dsar.store.tenants import tenant


def next_state(request: Request, move: Move) -> State:
    """Return the state a move leads to; raises Conflict `request_state` where it may not happen."""
    state = after(request.state, move)
    if state is None:
        words = move.value.replace("_", " ")
        raise Conflict("request_state", f"A request that is {request.state.value} cannot {words}.")
    return state


async def move(tx: Transaction, request: Request, made: Move) -> State:
    """Write the state a move leads to and return it; raises Conflict `request_state`."""
    state = next_state(request, made)
    await change_request(tx, request.id, state=state.value)
    return state


async def close(tx: Transaction, vault: Vault, request: Request, outcome: Outcome, *, by: str = SELF) -> None:
    """End a request that was just delivered or refused: what identifies the person goes, all services are told."""
    state = after(State(outcome.value), Move.CLOSE)
    if state is None:
        raise Conflict("request_state", "This outcome does not end a request.")
    if request.subjects is None:
        # Never told yet, since nobody was found in time: its file must be known before it can end.
        received = {"request": request.id, "kind": request.kind.value, "received_at": request.received_at}
        await announce(tx, RequestReceived(subjects=(), **received))
    await note_end(tx, request)
    await change_request(
        tx,
        request.id,
        state=state.value,
        outcome=outcome.value,
        closed_at=tx.now,
        identifiers=None,
        code_digest=None,
    )
    await shut(tx, request.id)
    await empty_own_parts(tx, request.id)
    await drop_steps(tx, request.id, ["secure"])
    # The key itself lies in another database: it is destroyed by a step, after this has been committed.
    await add_step(tx, "forget", about=request.id, request=request.id)
    await enter(tx, vault, request, Happening("request.closed", by=by, facts={"outcome": outcome.value}))
    await announce(tx, RequestClosed(request=request.id, outcome=outcome.value, closed_at=tx.now))


async def note_end(tx: Transaction, request: Request) -> None:
    """Write when a request was answered and whether in time, unless an earlier answer has."""
    if request.answered_at is None:
        facts = await tenant(tx)
        kept = in_time(tx.now, request.answer_by, facts.time_zone)
        await change_request(tx, request.id, answered_at=tx.now, answered_in_time=kept)
