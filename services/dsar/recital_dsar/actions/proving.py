"""Proving who asks without papers: a code to a channel that is known already, or the reference of a call.

Whether anything is sent, and whether a proof could ever be right, does not show in any answer. Wrong answers are
counted over both ways; five end them, and then papers are asked for.
"""

import json
import secrets
from uuid import UUID

from recital_database import Transaction, alarm
from recital_errors import Conflict, Forbidden, TooMany, Unavailable

from recital_dsar.actions.entries import SELF, Happening, enter
from recital_dsar.actions.identity import confirm
from recital_dsar.actions.letters import IDENTIFIERS, Address, write_letter
from recital_dsar.actions.means import Means
from recital_dsar.actions.securing import resolved
from recital_dsar.decisions.letters import Channel, LetterKind
from recital_dsar.decisions.proving import (
    LIFETIME,
    MOST_TRIES,
    Proof,
    Way,
    answers,
    digest,
    may_ask,
    proves,
    spell,
)
from recital_dsar.decisions.states import AWAITS_PROOF
from recital_dsar.model import Request
from recital_dsar.store.challenges import ask, challenge, change_challenge, count_try
from recital_dsar.store.requests import request, sealed_identifiers
from recital_dsar.store.steps import add_step

CHALLENGE = "challenge"
CHANNELS = {Way.EMAIL: Channel.EMAIL, Way.NUMBER: Channel.TEXT}
CALL_REFERENCE = "call_reference"


async def ask_for_code(tx: Transaction, means: Means, request_id: UUID, way: Way, *, by: str) -> None:
    """Let a code be sent to the first identifier of a kind; the answer is the same whether it can be.

    Raises NotFound, Gone, Conflict `request_state` or `proof_locked`, TooMany after five codes.
    """
    found = await request(tx, request_id, lock=True)
    refusal = may_ask(found.state, await challenge(tx, request_id))
    if refusal is not None and refusal.code == "codes_sent":
        raise TooMany("codes_sent", "No more codes are sent for this request.", retry_after=3600)
    if refusal is not None:
        raise Conflict(refusal.code, "No code is sent for this request.", reasons=[refusal])
    await ask(tx, request_id, way)
    await enter(tx, means.vault, found, Happening("proof.asked", by=by, facts={"way": way.value}))
    await add_step(tx, CHALLENGE, about=request_id, request=request_id)


async def send_challenge(means: Means, tenant_id: UUID, request_id: UUID) -> None:
    """Send the code that was asked for, if the channel is known and stands for everyone the request is about.

    Raises Unavailable where consent does not answer, or what the request is about is not known yet.
    """
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, request_id)
        held = await challenge(tx, request_id)
        given = await _identifiers(means, tx, found)
    if held is None or found.state not in AWAITS_PROOF:
        return
    if found.subjects is None:
        raise Unavailable("resolving_pending", "Who is meant is not known yet.")
    to = next((value for kind, value in given if kind == held.way.value), None)
    known = [] if to is None else await resolved(means, tenant_id, request_id, [(held.way.value, to)])
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, request_id, lock=True)
        if found.state not in AWAITS_PROOF:
            return
        if not proves(known, found.subjects):
            await change_challenge(tx, request_id, state="unknown")
            return
        code = spell(secrets.token_bytes(16))
        await change_challenge(
            tx, request_id, state="sent", digest=digest(request_id, code), expires_at=tx.now + LIFETIME
        )
        facts = {"code": code, "minutes": int(LIFETIME.total_seconds()) // 60}
        address = Address(CHANNELS[held.way], to)
        await write_letter(tx, means, found, LetterKind.CODE, facts=facts, address=address)


async def prove_by_code(means: Means, tenant_id: UUID, request_id: UUID, code: str) -> None:
    """Settle who asks by the code that was sent. Raises Forbidden `proof_refused`, whatever was wrong."""
    shown = digest(request_id, code)
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, request_id, lock=True)
        held = await challenge(tx, request_id)
        right = found.state in AWAITS_PROOF and answers(held, shown, tx.now)
        await _settle(means, tx, found, Proof.CODE, right=right)
    if not right:
        raise _refused()


async def prove_by_call(means: Means, tenant_id: UUID, request_id: UUID, reference: str) -> None:
    """Settle who asks by a call's reference, which only those who took part were told. Raises as `prove_by_code`."""
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, request_id)
        held = await challenge(tx, request_id)
    may_try = found.state in AWAITS_PROOF and (held is None or held.tries < MOST_TRIES)
    known = await resolved(means, tenant_id, request_id, [(CALL_REFERENCE, reference)]) if may_try else []
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, request_id, lock=True)
        held = await challenge(tx, request_id)
        tries_left = held is None or held.tries < MOST_TRIES
        right = found.state in AWAITS_PROOF and tries_left and proves(known, found.subjects)
        await _settle(means, tx, found, Proof.CALL, right=right)
    if not right:
        raise _refused()


async def _settle(means: Means, tx: Transaction, found: Request, proof: Proof, *, right: bool) -> None:
    """Write a right proof, or count a wrong one: it is committed before it is refused."""
    if right:
        await change_challenge(tx, found.id, digest=None)
        happened = Happening("identity.confirmed", by=SELF, details={"method": proof.value})
        await confirm(means, tx, found, happened, proof)
    elif found.state in AWAITS_PROOF:
        tries = await count_try(tx, found.id)
        if tries == MOST_TRIES:
            await enter(tx, means.vault, found, Happening("proof.locked"))
            await alarm(tx, "proof_locked", about=found.id, detail="Five wrong proofs of identity were tried.")


async def _identifiers(means: Means, tx: Transaction, found: Request) -> list[tuple[str, str]]:
    sealed = await sealed_identifiers(tx, found.id)
    if sealed is None or found.identifiers_key is None:
        return []
    plain = json.loads(await means.vault.open_small(tx.tenant, found.identifiers_key, sealed, IDENTIFIERS))
    return [(kind, value) for kind, value in plain["identifiers"]]


def _refused() -> Forbidden:
    return Forbidden("proof_refused", "This does not prove who asks.")
