"""Who asks: an officer checks documents, which are noted and not kept, and gets a one-time code to hand over."""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from recital_database import Transaction
from recital_errors import Conflict

from recital_dsar.actions.collection import order_collection
from recital_dsar.actions.entries import Happening, enter
from recital_dsar.actions.letters import write_letter
from recital_dsar.actions.means import Means
from recital_dsar.actions.moves import move
from recital_dsar.actions.wording import GROUNDS
from recital_dsar.decisions.codes import RANDOM_BYTES, digest, spell
from recital_dsar.decisions.deadlines import deadlines, paused_days
from recital_dsar.decisions.letters import LetterKind
from recital_dsar.decisions.proving import Proof
from recital_dsar.decisions.states import IDENTIFIED
from recital_dsar.decisions.watch import watch
from recital_dsar.model import Move, Request, State, Withholding
from recital_dsar.store.requests import change_deadlines, change_request, last_look, plan_look, request
from recital_dsar.store.tenants import tenant


class IdentityOutcome(StrEnum):
    """What an officer found: the person is asked for proof, is who they say, or is not."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Check:
    """An officer's check of documents; `note` says what was seen, never a copy of it."""

    outcome: IdentityOutcome
    note: str | None
    by: str


async def settle_identity(
    means: Means,
    tx: Transaction,
    request_id: UUID,
    check: Check,
) -> tuple[Request, str | None]:
    """Write what an officer found; confirmed gives the one-time code, which is shown this once.

    Confirming again makes another code and ends the one before. Raises NotFound, Gone, Conflict `request_state`.
    """
    found = await request(tx, request_id, lock=True)
    details = {"method": "documents", "note": check.note} if check.note else {"method": "documents"}
    code = None
    if check.outcome is IdentityOutcome.ASKED:
        await move(tx, found, Move.ASK_IDENTITY)
        await change_request(tx, request_id, identity_asked_at=tx.now)
        await plan_look(tx, request_id, tx.now)
        await enter(tx, means.vault, found, Happening("identity.asked", by=check.by, details=details))
        await write_letter(tx, means, found, LetterKind.IDENTITY)
    elif check.outcome is IdentityOutcome.REFUSED:
        await move(tx, found, Move.REFUSE_IDENTITY)
        await change_request(tx, request_id, identity_settled_at=tx.now)
        await enter(tx, means.vault, found, Happening("identity.refused", by=check.by, details=details))
        facts = {"ground_words": GROUNDS[found.language]["not_identified"], "explanation": None}
        await write_letter(tx, means, found, LetterKind.REFUSAL, facts=facts)
    elif found.state in IDENTIFIED:
        code = await _new_code(means, tx, found, by=check.by)
    else:
        await confirm(means, tx, found, Happening("identity.confirmed", by=check.by, details=details), Proof.DOCUMENTS)
        code = await _new_code(means, tx, await request(tx, request_id), by=check.by)
    return await request(tx, request_id), code


async def confirm(means: Means, tx: Transaction, found: Request, happened: Happening, proof: Proof) -> None:
    """Write that it is proved who asks, and order the collection if what it is about is known and kept."""
    await move(tx, found, Move.CONFIRM_IDENTITY)
    await change_request(tx, found.id, proved_by=proof.value)
    await _settle_dates(means, tx, found)
    await enter(tx, means.vault, found, happened)
    settled = await request(tx, found.id)
    if settled.withholding is Withholding.IN_FORCE:
        await order_collection(tx, means.vault, settled)


async def _settle_dates(means: Means, tx: Transaction, found: Request) -> None:
    """Doubt about identity stops the period by whole days: the dates move, and the next look with them (R16)."""
    await change_request(tx, found.id, identity_settled_at=tx.now)
    if found.identity_asked_at is None:
        return
    facts = await tenant(tx)
    paused = paused_days(found.identity_asked_at, tx.now, facts.time_zone)
    dates = deadlines(
        found.deadlines.received_on,
        country=facts.country,
        region=facts.holiday_region,
        paused=paused,
        internal_target_days=means.limits.internal_target_days,
    )
    await change_deadlines(tx, found.id, dates)
    await change_request(tx, found.id, paused_days=paused)
    looked_at = await last_look(tx, found.id)
    extended = found.extended_at is not None
    seen_until = looked_at or tx.now
    verdict = watch(dates, time_zone=facts.time_zone, seen_until=seen_until, now=tx.now, extended=extended)
    await plan_look(tx, found.id, tx.now if verdict.alarms or verdict.letter_due else verdict.look_again_at)


async def _new_code(means: Means, tx: Transaction, found: Request, *, by: str) -> str:
    if found.state is State.DELIVERED:
        raise Conflict("request_state", "This request has been delivered.")
    code = spell(secrets.token_bytes(RANDOM_BYTES))
    await change_request(tx, found.id, code_digest=digest(found.id, code), code_tries=0)
    await enter(tx, means.vault, found, Happening("code.made", by=by))
    return code
