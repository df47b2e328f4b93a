"""Refusing a request as a whole: the letter with ground and complaint route is written, and ends it when it is out."""

from dataclasses import dataclass
from uuid import UUID

from recital_database import Transaction
from recital_errors import Malformed

from recital_dsar.actions.entries import Happening, enter
from recital_dsar.actions.letters import write_letter
from recital_dsar.actions.means import Means
from recital_dsar.actions.moves import move
from recital_dsar.actions.objecting import give_up_objection
from recital_dsar.actions.wording import GROUNDS
from recital_dsar.decisions.letters import LetterKind
from recital_dsar.decisions.refusing import may_refuse
from recital_dsar.model import Move, Request
from recital_dsar.store.requests import request


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused: a ground of the law, and what the person is told beside it."""

    ground: str
    explanation: str | None
    by: str


async def refuse(tx: Transaction, means: Means, request_id: UUID, refusal: Refusal) -> Request:
    """Refuse. Raises NotFound, Gone, Conflict `request_state`, Malformed where the ground does not fit."""
    found = await request(tx, request_id, lock=True)
    reason = may_refuse(found, refusal.ground)
    if reason is not None:
        raise Malformed(reason.code, "This request cannot be refused on this ground.", reasons=[reason])
    await move(tx, found, Move.REFUSE)
    await give_up_objection(tx, found)
    details = {"explanation": refusal.explanation} if refusal.explanation else None
    happened = Happening("request.refused", by=refusal.by, facts={"ground": refusal.ground}, details=details)
    await enter(tx, means.vault, found, happened)
    facts = {"ground_words": GROUNDS[found.language][refusal.ground], "explanation": refusal.explanation}
    await write_letter(tx, means, found, LetterKind.REFUSAL, facts=facts)
    return await request(tx, request_id)
