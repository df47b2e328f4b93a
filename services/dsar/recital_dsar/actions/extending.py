"""Extending a request: the letter with the reason is written at once, and the second date counts when it is out."""

from dataclasses import dataclass
from uuid import UUID

from recital_database import Transaction, alarm
from recital_errors import Conflict

from recital_dsar.actions.entries import SELF, Happening, enter
from recital_dsar.actions.letters import write_letter
from recital_dsar.actions.means import Means
from recital_dsar.actions.wording import GROUNDS
from recital_dsar.decisions.extending import may_extend
from recital_dsar.decisions.letters import LetterKind
from recital_dsar.decisions.states import AWAITS_PROOF
from recital_dsar.model import Request
from recital_dsar.store.requests import change_request, request
from recital_dsar.store.tenants import tenant


@dataclass(frozen=True, slots=True)
class Extension:
    """Why more time is needed: the law's ground, and what the person is told."""

    ground: str
    reason: str
    by: str


async def extend(tx: Transaction, means: Means, request_id: UUID, asked: Extension) -> Request:
    """Write the letter that extends a request. Raises NotFound, Gone, Conflict with why it cannot be extended."""
    found = await request(tx, request_id, lock=True)
    facts = await tenant(tx)
    refusal = may_extend(found, now=tx.now, time_zone=facts.time_zone)
    if refusal is not None:
        raise Conflict(refusal.code, "This request cannot be extended now.", reasons=[refusal])
    await change_request(tx, request_id, extension_asked_at=tx.now)
    happened = Happening(
        "request.extending", by=asked.by, facts={"ground": asked.ground}, details={"reason": asked.reason}
    )
    await enter(tx, means.vault, found, happened)
    await write_letter(tx, means, found, LetterKind.EXTENSION, facts={"reason": asked.reason})
    return await request(tx, request_id)


async def write_in_time(tx: Transaction, means: Means, found: Request) -> None:
    """Write to a person who has no answer while a limit comes near, whatever stands in the way of it.

    Before the first date that is an extension, since the search is not complete, or it is not proved who asks; before
    the second, or where an extension cannot be, it is the word that the answer is late, with the complaint route.
    Either is alarmed.
    """
    facts = await tenant(tx)
    reason = GROUNDS[found.language]["not_identified" if found.state in AWAITS_PROOF else "not_collected"]
    if may_extend(found, now=tx.now, time_zone=facts.time_zone) is None:
        await extend(tx, means, found.id, Extension("complex", _sentence(reason), SELF))
        await alarm(tx, "request_extended_by_itself", about=found.id, detail="No answer was in sight before its date.")
    else:
        await write_letter(tx, means, found, LetterKind.DELAY, facts={"reason": _sentence(reason)})
        await alarm(tx, "request_delayed", about=found.id, detail="The person was told that the answer is late.")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
