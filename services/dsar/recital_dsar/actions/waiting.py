"""What requests wait for beside collection and review: letters, proofs, owners, recipients, an earlier request."""

from collections.abc import Sequence
from uuid import UUID

from recital_database import Transaction

from recital_dsar.decisions.letters import LetterState, is_waiting_for_hands
from recital_dsar.decisions.progress import Block
from recital_dsar.decisions.states import AWAITS_PROOF
from recital_dsar.decisions.watch import is_silent
from recital_dsar.model import Request, State
from recital_dsar.store.challenges import unsent
from recital_dsar.store.letters import letters_of
from recital_dsar.store.measures import waiting
from recital_dsar.store.recipients import untold

_LETTERS = {
    LetterState.WAITING: "letter_to_send",
    LetterState.BOUNCED: "letter_bounced",
    LetterState.RETURNED: "letter_returned",
}


async def blocks_beside(tx: Transaction, found: Sequence[Request]) -> dict[UUID, list[Block]]:
    """Return what each request waits for: one question per table, however many requests."""
    ids = [each.id for each in found]
    letters, codes = await letters_of(tx, ids), await unsent(tx, ids)
    measures, recipients = await waiting(tx, ids), await untold(tx, ids)
    blocks: dict[UUID, list[Block]] = {each.id: [] for each in found}
    for each in found:
        theirs = blocks[each.id]
        for state, code in _LETTERS.items():
            number = sum(is_waiting_for_hands(one) and one.state is state for one in letters.get(each.id, ()))
            if number:
                theirs.append(Block(code, count=number))
        if each.state is State.IDENTITY_ASKED and is_silent(each.identity_asked_at, tx.now):
            theirs.append(Block("identity_unanswered"))
        if each.id in codes and each.state in AWAITS_PROOF:
            theirs.append(Block("code_not_sent"))
        if each.id in measures:
            theirs.append(Block("measures_pending", "retention", measures[each.id]))
        if each.id in recipients:
            theirs.append(Block("recipients_untold", count=recipients[each.id]))
        if each.repeats is not None and each.state is not State.CLOSED:
            theirs.append(Block("repeats_open_request"))
    return blocks
