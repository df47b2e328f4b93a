"""Handing over: a one-time code becomes the person's token, and the token opens the package until it was given whole.

Every opening is written down before the first byte goes out; after full delivery the request is closed.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction, alarm
from recital_errors import Conflict, Forbidden, Gone, NotFound
from recital_identity import Principal, issue_subject
from recital_vault import SealedReader

from recital_dsar.actions.entries import Happening, enter
from recital_dsar.actions.means import Means
from recital_dsar.actions.moves import close, move
from recital_dsar.actions.packaging import PART
from recital_dsar.decisions.codes import Attempt, attempt, digest
from recital_dsar.model import CodeFacts, Move, Outcome, Package, PackageState, State
from recital_dsar.store.packages import newest_package, package
from recital_dsar.store.requests import change_request, request, tenant_of_open

SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Session:
    """A token for the person behind a request, and when it ends."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Download:
    """A package that may be handed over now: its size in bytes and its bytes, which tell when all of them went out."""

    request: UUID
    size: int
    chunks: AsyncGenerator[bytes, None]


async def open_session(means: Means, request_id: UUID, code: str) -> Session:
    """Exchange a one-time code for a token. Raises Forbidden `code_refused`, whatever was wrong with it.

    A wrong try is counted and committed before it is refused; five lock the code and raise an alarm.
    """
    shown = digest(request_id, code)
    async with means.database.work() as tx:
        owner = await tenant_of_open(tx, request_id)
    verdict = attempt(CodeFacts(None, 0), shown)
    if owner is not None:
        async with means.database.transaction(owner) as tx:
            verdict = await _try(means, tx, request_id, shown)
    if owner is None or not verdict.opens:
        raise Forbidden("code_refused", "This code does not open this request.")
    now = means.database.clock.now()
    lifetime = means.limits.session
    token = issue_subject(means.signing_key(SUBJECT), tenant=owner, request=request_id, now=now, lifetime=lifetime)
    return Session(token, now + lifetime)


async def open_package(means: Means, principal: Principal, request_id: UUID) -> Download:
    """Open the package of the person's own request; the opening is committed when this returns.

    Raises NotFound for a request the token is not bound to, Conflict `package_not_ready`, and Gone `package_delivered`
    or `package_expired` for a link that has died.
    """
    if principal.tenant is None or principal.request != request_id:
        raise NotFound
    owner = principal.tenant
    async with means.database.transaction(owner) as tx:
        found = await request(tx, request_id, lock=True)
        if found.state is State.CLOSED:
            raise Gone("package_delivered", "This request is closed and its link has died.")
        ready = await newest_package(tx, request_id)
        if found.state is not State.READY or ready is None or ready.size is None:
            raise Conflict("package_not_ready", "The package is not ready yet.")
        if ready.ends_at is not None and ready.ends_at <= tx.now:
            raise Gone("package_expired", "The package's time is over; ask the company for another.")
        facts = {"package": str(ready.id)}
        await enter(tx, means.vault, found, Happening("package.opened", by=SUBJECT, facts=facts))
        reader = _reader(means, owner, ready)
    return Download(request_id, ready.size, _handed_over(means, owner, ready, reader))


async def forget_identifiers(means: Means, tenant_id: UUID, request_id: UUID) -> None:
    """Destroy the key under which a closed request's identifiers were sealed. May be repeated."""
    async with means.database.transaction(tenant_id) as tx:
        found = await request(tx, request_id)
    if found.state is not State.CLOSED or found.identifiers_key is None:
        return
    await means.vault.keys.destroy(tenant_id, [found.identifiers_key])
    async with means.database.transaction(tenant_id) as tx:
        await change_request(tx, request_id, identifiers_key=None)


async def _try(means: Means, tx: Transaction, request_id: UUID, shown: bytes) -> Attempt:
    found = await request(tx, request_id, lock=True)
    verdict = attempt(found.code, shown)
    if verdict.opens:
        await change_request(tx, request_id, code_digest=None, code_tries=0)
        await enter(tx, means.vault, found, Happening("session.opened", by=SUBJECT))
    elif verdict.tries != found.code.tries:
        await change_request(tx, request_id, code_tries=verdict.tries)
    if verdict.locks:
        await enter(tx, means.vault, found, Happening("code.locked", by=SUBJECT))
        await alarm(tx, "code_locked", about=request_id, detail="Five wrong codes were tried.")
    return verdict


def _reader(means: Means, owner: UUID, ready: Package) -> SealedReader:
    if ready.key is None or ready.object_key is None or ready.size is None:
        raise Conflict("package_not_ready", "The package is not ready yet.")
    return means.vault.reader(owner, ready.id, PART, ready.object_key, ready.key, size=ready.size)


async def _handed_over(means: Means, owner: UUID, ready: Package, reader: SealedReader) -> AsyncGenerator[bytes, None]:
    """The package's bytes; the request is delivered and closed only after the last of them was taken.

    Whoever goes away earlier leaves the request as it was, and may come again while the token lives.
    """
    async with aclosing(reader.read()) as pieces:
        async for piece in pieces:
            yield piece
    async with means.database.transaction(owner) as tx:
        found = await request(tx, ready.request, lock=True)
        if found.state is not State.READY or (await package(tx, ready.id)).state is not PackageState.READY:
            return
        await move(tx, found, Move.DELIVER)
        facts = {"package": str(ready.id)}
        await enter(tx, means.vault, found, Happening("package.delivered", facts=facts))
        await close(tx, means.vault, found, Outcome.DELIVERED)
