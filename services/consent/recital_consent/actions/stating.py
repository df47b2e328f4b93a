"""What persons say outside any one call: consent, its withdrawal, objections, and what dsar decides on those.

A statement holds at once for every call that is judged from then on. The permits that were given before are reached
one batch of calls after another, by a loop that goes on where it was stopped.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from recital_database import Json, Transaction, Writing, announce, claim, new_id, record_all, remember
from recital_errors import Forbidden, NotFound
from recital_events import ConsentWithdrawn, ObjectionRaised, ObjectionRejected, ObjectionUpheld
from recital_identity import Principal, TokenKind

from recital_consent.actions.completeness import look_again
from recital_consent.actions.means import LOG, Means, refuse
from recital_consent.actions.settling import settle_permits
from recital_consent.decisions.stating import decided, statement_problems
from recital_consent.model.holdings import Due
from recital_consent.model.statements import Statement, StatementKind, StatementState
from recital_consent.store import calls, purposes, statements, subjects

REACHES = "reaches"
"""What a transaction touches that has calls to come to."""
AT_ONCE = 200
"""Calls that one transaction settles."""
_LEDGER = {
    StatementKind.CONSENT: "consent.given",
    StatementKind.WITHDRAWAL: "consent.withdrawn",
    StatementKind.OBJECTION: "objection.raised",
}
_REASONS = {
    StatementState.UPHELD: "objection_upheld",
    StatementState.REJECTED: "objection_rejected",
    StatementState.PENDING: "objected",
    StatementState.STANDING: "consent_withdrawn",
}


async def state(tx: Transaction, principal: Principal, draft: Statement, content: bytes, key: str | None) -> Statement:
    """Keep what a person said outside a call, and let it reach every call it affects. `draft` has no id yet.

    Raises Forbidden, NotFound for a subject that is not known, Malformed.
    """
    if principal.kind is TokenKind.ORDER and draft.subject not in principal.subjects:
        raise Forbidden("subject_not_ordered", "This order does not name the subject.")
    again = await claim(tx, key, route=f"POST /v1/subjects/{draft.kind.value}", fingerprint=content)
    if again is not None:
        return await statements.find_statement(tx, again)
    # Locked: a registration that has this person take part comes before the statement, or sees it.
    if draft.subject not in await subjects.sealed_identities(tx, [draft.subject], locked=True):
        raise NotFound
    known = await purposes.newest_versions(tx, draft.purposes or ())
    problems = statement_problems(draft, known=known.keys(), now=tx.now)
    if problems:
        refuse(problems)
    made = replace(draft, id=await new_id(tx), received_at=tx.now, request=principal.request)
    await _keep(tx, made)
    await _tell(tx, made)
    await remember(tx, key, result=made.id)
    return made


async def uphold(tx: Transaction, event: ObjectionUpheld) -> None:
    """Close the purposes for the person for good; an objection that was never told here is kept as upheld."""
    found = await statements.objections_behind(tx, event.objection, event.request)
    purposes_ = None if event.purposes is None else frozenset(event.purposes)
    if found:
        await _decide(tx, [decided(each, purposes_, upheld=True, at=event.decided_at) for each in found])
        return
    for subject in event.subjects:
        if subject in await subjects.sealed_identities(tx, [subject], locked=True):
            made = Statement(
                id=await new_id(tx),
                subject=subject,
                kind=StatementKind.OBJECTION,
                at=event.decided_at,
                received_at=tx.now,
                purposes=purposes_,
                state=StatementState.UPHELD,
                request=event.request,
                decided_at=event.decided_at,
            )
            await _keep(tx, made)


async def reject(tx: Transaction, event: ObjectionRejected) -> None:
    """Open the purposes again: what was suspended is reinstated."""
    found = await statements.objections_behind(tx, event.objection, event.request)
    purposes_ = None if event.purposes is None else frozenset(event.purposes)
    await _decide(tx, [decided(each, purposes_, upheld=False, at=event.decided_at) for each in found])


async def take_up_again(tx: Transaction, statement: Statement) -> None:
    """Keep a statement that this database has forgotten; a known one, and one of an unknown person, change nothing.

    Nobody is told again: whoever remembers it reminded us.
    """
    try:
        await statements.find_statement(tx, statement.id)
    except NotFound:
        if statement.subject in await subjects.sealed_identities(tx, [statement.subject], locked=True):
            await _keep(tx, statement)


async def list_statements(tx: Transaction, subject: UUID, *, after: UUID | None, most: int) -> Sequence[Statement]:
    """Return a page of what a subject said outside calls. Raises NotFound where neither it nor the subject is known."""
    found = await statements.list_statements(tx, subject, after=after, most=most)
    if not found and subject not in await subjects.sealed_identities(tx, [subject]):
        raise NotFound
    return found


async def reach_due(means: Means) -> bool:
    """Let the statements that are due come to their next calls; true when there may be more."""
    async with means.database.work() as tx:
        due = await statements.due_reaches(tx, 16)
    for each in due:
        await _reach(means, each)
    return bool(due)


async def _reach(means: Means, due: Due) -> None:
    """Settle the permits of the next calls that a statement affects, and keep how far it has come, in one commit."""
    async with means.database.transaction(due.tenant) as tx:
        reach = await statements.take_reach(tx, due.id, again_after=timedelta(seconds=1))
        if reach is None:
            return
        said = reach.statement
        ids = await statements.calls_after(tx, said.subject, after=reach.after, most=AT_ONCE)
        found = await calls.read_calls(tx, ids, locked=True)
        await settle_permits(tx, [each for each in found.values() if each.erasing_at is None], _REASONS[said.state])
        await look_again(tx, found.values())
        await statements.move_reach(tx, said.id, after=max(ids, default=reach.after), done=len(ids) < AT_ONCE)
        tx.touched.add(REACHES)


async def _keep(tx: Transaction, statement: Statement) -> None:
    (recorded,) = await record_all(tx, LOG, [_writing(statement, _LEDGER[statement.kind])])
    await statements.add_statement(tx, statement, recorded)
    await _let_reach(tx, [statement])


async def _decide(tx: Transaction, several: Sequence[Statement]) -> None:
    for each in several:
        await statements.change_statement(tx, each)
    await record_all(
        tx, LOG, [Writing(f"objection.{each.state.value}", {"statement": str(each.id)}) for each in several]
    )
    await _let_reach(tx, several)


async def _let_reach(tx: Transaction, several: Sequence[Statement]) -> None:
    """Consent takes nothing away and gives nothing back, so it has nowhere to go."""
    await statements.begin_reach(tx, [each.id for each in several if each.kind is not StatementKind.CONSENT])
    tx.touched.add(REACHES)


async def _tell(tx: Transaction, statement: Statement) -> None:
    named = None if statement.purposes is None else tuple(sorted(statement.purposes))
    if statement.kind is StatementKind.WITHDRAWAL:
        await announce(
            tx,
            ConsentWithdrawn(
                withdrawal=statement.id, subject=statement.subject, purposes=named, withdrawn_at=statement.at
            ),
        )
    if statement.kind is StatementKind.OBJECTION:
        await announce(
            tx,
            ObjectionRaised(objection=statement.id, subject=statement.subject, purposes=named, raised_at=statement.at),
        )


def _writing(statement: Statement, kind: str) -> Writing:
    details: dict[str, Json] = {
        "subject": str(statement.subject),
        "purposes": None if statement.purposes is None else sorted(statement.purposes),
        "at": statement.at.isoformat(),
        "text": statement.text,
        "language": statement.language,
    }
    return Writing(kind, {"statement": str(statement.id)}, details)
