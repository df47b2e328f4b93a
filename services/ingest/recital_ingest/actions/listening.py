"""Leave to listen: judged, written into the access ledger and only then given; a refusal is written as well."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from recital_database import Json, Transaction, alarm, new_id, record
from recital_errors import Forbidden, Gone, NotFound, RecitalError, Unavailable
from recital_identity import Principal

from recital_ingest.actions.means import LOG, Means
from recital_ingest.actions.texts import Sealed, seal_text
from recital_ingest.actions.together import together
from recital_ingest.decisions.access import Allowed, Wish, asks_clocks, may_listen
from recital_ingest.decisions.admission import BURIED
from recital_ingest.model.listening import BREAK_GLASS, Clock, Clocks, Grant, Listener, OpenRequest
from recital_ingest.model.recording import Recording
from recital_ingest.model.refusal import Refusal
from recital_ingest.store import glass, grants, recordings, reference, standings

GONE = 410
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class GrantWish:
    """What somebody wants to hear, for what and why; `request` is the request a privacy officer works on."""

    recording: UUID
    purpose: str
    reason: str
    ticket: str | None
    request: UUID | None


def listener_of(principal: Principal) -> Listener:
    """Return who asks, as decisions know them."""
    return Listener(
        subject=principal.subject,
        roles=frozenset(role.value for role in principal.roles),
        request=principal.request,
        subjects=principal.subjects,
    )


async def give_grant(means: Means, principal: Principal, token: str, wished: GrantWish) -> Grant:
    """Give leave to listen for at most 15 minutes; committed with its ledger entry before this returns.

    Raises NotFound, Gone, Forbidden with every rule that forbids (then the refusal is in the ledger), Unavailable
    where retention does not tell the clocks within 2 seconds.
    """
    tenant, listener = tenant_of(principal), listener_of(principal)
    async with means.database.transaction(tenant) as tx:
        await kept(tx, wished.recording)
    clocks = None
    if asks_clocks(Wish(listener, wished.purpose)):
        clocks = await _clocks(means, wished.recording, token)
    texts = await seal_text(means, tenant, {"reason": wished.reason, "ticket": wished.ticket})
    async with means.database.transaction(tenant) as tx:
        recording = await kept(tx, wished.recording)
        wish = await _wish(tx, wished, listener)
        verdict = may_listen(wish, recording, await standings.standing_of(tx, recording), clocks, now=tx.now)
        entered = await _enter(tx, wished, listener, verdict, texts)
    if isinstance(verdict, Refusal):
        raise verdict.error()
    return Grant(entered, recording.id, wished.purpose, listener.subject, wished.request, verdict.expires_at)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one wish of a list."""

    recording: UUID
    given: Grant | RecitalError


async def give_grants(means: Means, principal: Principal, token: str, wishes: Sequence[GrantWish]) -> list[Answer]:
    """Judge wishes one by one, a few at a time; what forbids one says nothing of the others.

    Raises Unavailable where one could not be judged at all.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(wished: GrantWish) -> Answer:
        async with turns:
            try:
                return Answer(wished.recording, await give_grant(means, principal, token, wished))
            except (Forbidden, Gone, NotFound) as refused:
                return Answer(wished.recording, refused)

    return await together(one(each) for each in wishes)


async def kept(tx: Transaction, recording_id: UUID) -> Recording:
    """Return a recording that is not erased. Raises NotFound, Gone."""
    found = await recordings.recording(tx, recording_id)
    if not isinstance(found, Recording):
        raise BURIED.error()
    return found


def tenant_of(principal: Principal) -> UUID:
    """Return the tenant of who asks. Raises Forbidden for a token of none."""
    if principal.tenant is None:
        raise Forbidden("tenant_missing", "This token is of no tenant.")
    return principal.tenant


async def enter_refusal(tx: Transaction, grant: Grant, refusal: Refusal) -> None:
    """Write that a grant was of no use any more when it was to be played."""
    facts: Mapping[str, Json] = {
        "grant": str(grant.id),
        "recording": str(grant.recording),
        "purpose": grant.purpose,
        "refused": [refusal.code],
    }
    await record(tx, LOG, "listening.refused", facts=facts)


async def _wish(tx: Transaction, wished: GrantWish, listener: Listener) -> Wish:
    """Return a wish as decisions judge it: a subject is everybody who turned out to be the same person."""
    request = await reference.open_request(tx, wished.request) if wished.request else None
    if request is not None:
        request = OpenRequest(request.id, await standings.all_of(tx, request.subjects))
    if listener.subjects:
        listener = replace(listener, subjects=await standings.all_of(tx, listener.subjects))
    return Wish(listener, wished.purpose, request, wished.ticket)


async def _enter(
    tx: Transaction, wished: GrantWish, listener: Listener, verdict: Allowed | Refusal, texts: Sealed
) -> UUID:
    """Write a wish and what came of it, beside its ledger entry; return its id."""
    grant_id = await new_id(tx)
    refused: list[str] = []
    if isinstance(verdict, Refusal):
        refused = [reason.code for reason in verdict.reasons] or [verdict.code]
    facts: Mapping[str, Json] = {
        "grant": str(grant_id),
        "recording": str(wished.recording),
        "purpose": wished.purpose,
        **({"refused": refused} if refused else {}),
    }
    details: Mapping[str, Json] = {
        "listener": listener.subject,
        "roles": sorted(listener.roles),
        "reason": wished.reason,
        "ticket": wished.ticket,
        "request": str(listener.request or wished.request or "") or None,
    }
    kind = "listening.refused" if refused else "listening.granted"
    recorded = await record(tx, LOG, kind, facts=facts, details=details)
    made = grants.Wished(
        id=grant_id,
        recording=wished.recording,
        purpose=wished.purpose,
        listener=listener.subject,
        roles=sorted(listener.roles),
        texts=texts.sealed,
        texts_key=texts.key,
        request=listener.request or wished.request,
        expires_at=None if isinstance(verdict, Refusal) else verdict.expires_at,
        refused=refused,
    )
    await grants.add_grant(tx, made, recorded)
    if wished.purpose == BREAK_GLASS and not refused:
        await glass.break_glass(tx, grant_id, wished.recording, listener.subject)
        detail = "A privacy officer listens without a purpose of the recording's own; review it."
        await alarm(tx, "break_glass", about=grant_id, detail=detail)
    return grant_id


async def _clocks(means: Means, recording: UUID, token: str) -> Clocks:
    """Ask retention, with the caller's own token, how long each purpose may still be heard."""
    answer = await means.neighbours["retention"].get(f"/v1/recordings/{recording}/clocks", token=token)
    if answer.status_code == GONE:
        raise BURIED.error()
    if not answer.is_success:
        # It may not know the recording yet; that is no leave to listen.
        raise Unavailable(
            "retention_unavailable", "Retention does not tell the clocks of this recording.", retry_after=1
        )
    told = answer.json()
    clocks = tuple(
        Clock(
            key=each["key"],
            due_at=datetime.fromisoformat(each["due_at"]) if each.get("due_at") else None,
            expired=bool(each["expired"]),
        )
        for each in told["clocks"]
    )
    return Clocks(clocks, restricted=bool(told["restricted"]))
