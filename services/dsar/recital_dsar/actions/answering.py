"""What a letter does once it is out: an extension counts, a request is answered, one that is decided ends (R16)."""

from recital_database import Transaction, alarm

from recital_dsar.actions.entries import Happening, enter
from recital_dsar.actions.means import Means
from recital_dsar.actions.moves import close, move, note_end
from recital_dsar.decisions.extending import takes_effect
from recital_dsar.decisions.letters import ANSWERS, LetterKind
from recital_dsar.decisions.watch import watch
from recital_dsar.model import Move, Outcome, Request, State
from recital_dsar.store.requests import change_request, plan_look, request
from recital_dsar.store.tenants import tenant


async def take_effect(tx: Transaction, means: Means, found: Request, kind: LetterKind) -> None:
    """Let a letter that was just sent take its effect; one that changes nothing passes."""
    if found.state is State.CLOSED:
        return
    if kind is LetterKind.EXTENSION:
        await _extend(tx, means, found)
    if kind in ANSWERS:
        await note_end(tx, found)
        await plan_look(tx, found.id, None)
    found = await request(tx, found.id)
    if kind is LetterKind.REFUSAL and found.state is State.REFUSED:
        await close(tx, means.vault, found, Outcome.REFUSED)
    if kind is LetterKind.DECISION and found.state is State.READY:
        await move(tx, found, Move.DELIVER)
        await close(tx, means.vault, await request(tx, found.id), Outcome.DELIVERED)


async def _extend(tx: Transaction, means: Means, found: Request) -> None:
    """Put an extension in force, if the letter went out in time; else it changes nothing and is alarmed."""
    facts = await tenant(tx)
    if not takes_effect(found, sent_at=tx.now, time_zone=facts.time_zone):
        await alarm(tx, "extension_late", about=found.id, detail="The letter went out after the first date.")
        return
    await change_request(tx, found.id, extended_at=tx.now)
    happened = Happening("request.extended", facts={"until": found.deadlines.extended_due_on.isoformat()})
    await enter(tx, means.vault, found, happened)
    again = watch(found.deadlines, time_zone=facts.time_zone, seen_until=tx.now, now=tx.now, extended=True)
    await plan_look(tx, found.id, again.look_again_at)
