"""Staff ask for a private mark when they may no longer mark (R18): suspended at once, decided by a privacy officer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from recital_database import Json, Transaction, Writing, alarm, claim, new_id, record_all, remember
from recital_errors import Conflict, Gone
from recital_identity import Principal

from recital_consent.actions.marking import count_granted
from recital_consent.actions.means import LOG, Means, refuse
from recital_consent.actions.settling import settle_permits
from recital_consent.actions.timeline import own_part, write_entries
from recital_consent.decisions.entering import part_problems
from recital_consent.model.asking import AskState, PrivateAsk
from recital_consent.model.calls import EntryKind
from recital_consent.model.drafts import EntryDraft
from recital_consent.store import asking, calls, tenants


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be private: the whole call, or a part of it. content: the request as it came."""

    started_at: datetime | None
    ended_at: datetime | None
    content: bytes


async def ask_private(
    means: Means, tx: Transaction, principal: Principal, call_id: UUID, wanted: Wanted, key: str | None
) -> PrivateAsk:
    """Ask for a call, or a part of it, to be private; its permits are suspended at once.

    Raises NotFound, Gone, Forbidden `not_your_call`, Malformed, Conflict `private_mark_open` while staff may mark.
    """
    again = await claim(tx, key, route=f"POST /v1/calls/{call_id}/private-asks", fingerprint=wanted.content)
    if again is not None:
        return await asking.find_ask(tx, again)
    tenant, settings = await tenants.own_tenant(tx)
    call = await calls.read_call(tx, call_id, locked=True)
    if call.erasing_at is not None:
        raise Gone("call_erased", "This call was erased.")
    who = await own_part(means, tx, tenant, principal, call)
    window = timedelta(minutes=settings.private_mark_minutes)
    if call.ended_at is None or tx.now <= call.ended_at + window:
        raise Conflict("private_mark_open", "You may still mark this call private yourself.")
    problems = part_problems(wanted.started_at, wanted.ended_at, path="")
    if problems:
        refuse(problems)
    ask = PrivateAsk(
        id=await new_id(tx),
        call=call_id,
        asked_by=who,
        asked_at=tx.now,
        started_at=wanted.started_at,
        ended_at=wanted.ended_at,
    )
    await asking.add_ask(tx, ask)
    await record_all(tx, LOG, [_writing(ask, "private.asked")])
    await alarm(tx, "private_mark_asked", about=ask.id, detail="Staff ask for a call to be marked private.")
    await _settle(tx, call_id)
    await remember(tx, key, result=ask.id)
    return ask


async def list_asks(tx: Transaction, *, state: AskState | None, after: UUID | None, most: int) -> Sequence[PrivateAsk]:
    """Return a page of asks."""
    return await asking.list_asks(tx, state=state, after=after, most=most)


async def decide_ask(
    means: Means, tx: Transaction, principal: Principal, ask_id: UUID, *, grant: bool, reason: str
) -> PrivateAsk:
    """Grant or refuse an ask: granted, the call is marked private as if in time; refused, its permits are reinstated.

    Raises NotFound, Conflict `already_decided` where it was decided the other way.
    """
    ask = await asking.find_ask(tx, ask_id, locked=True)
    wanted = AskState.GRANTED if grant else AskState.REFUSED
    if ask.state is not AskState.PENDING:
        if ask.state is wanted:
            return ask
        raise Conflict("already_decided", "This was decided, the other way.")
    after = replace(ask, state=wanted, decided_at=tx.now, reason=reason)
    await asking.decide_ask(tx, after)
    await record_all(tx, LOG, [_writing(after, f"private.{wanted.value}")])
    if grant:
        await write_entries(means, tx, principal, ask.call, [_mark(ask)], None)
        tenant, _ = await tenants.own_tenant(tx)
        await count_granted(tx, tenant, ask.asked_by)
    else:
        await _settle(tx, ask.call)
    return after


async def _settle(tx: Transaction, call_id: UUID) -> None:
    await settle_permits(tx, [await calls.read_call(tx, call_id, locked=True)], "private_asked")


def _mark(ask: PrivateAsk) -> EntryDraft:
    mark = ask.mark()
    said = {"started_at": mark.started_at, "ended_at": mark.ended_at}
    return EntryDraft(
        id=mark.id,
        kind=EntryKind.MARKED_PRIVATE,
        at=mark.at,
        given=frozenset(name for name, value in said.items() if value is not None),
        content=repr(mark).encode(),
        started_at=mark.started_at,
        ended_at=mark.ended_at,
    )


def _writing(ask: PrivateAsk, kind: str) -> Writing:
    facts: dict[str, Json] = {"ask": str(ask.id), "call": str(ask.call)}
    return Writing(kind, facts)
