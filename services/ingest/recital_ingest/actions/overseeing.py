"""Oversight of listening: broken glass until it is reviewed, the quarterly account, and what staff may see of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Json, Transaction, record
from recital_errors import Forbidden, NotFound, Unavailable
from recital_identity import Principal, Role

from recital_ingest.actions.listening import tenant_of
from recital_ingest.actions.means import LOG, Means
from recital_ingest.actions.texts import Sealed, open_text, seal_text
from recital_ingest.decisions.oversight import may_review, quarter
from recital_ingest.model.refusal import Refusal
from recital_ingest.store import accounts, glass, standings
from recital_ingest.store.accounts import Did, Entitled, HeardBy
from recital_ingest.store.glass import BrokenGlass


@dataclass(frozen=True, slots=True)
class Told:
    """A broken glass with what was said when it was broken; None where that text's time is over."""

    broken: BrokenGlass
    reason: str | None
    ticket: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """Who may listen to what in a quarter, who did, and what waits for its review."""

    since: datetime
    before: datetime
    entitled: Sequence[Entitled]
    did: Sequence[Did]
    unreviewed: int


async def list_broken(
    means: Means, principal: Principal, *, all_of_them: bool, after: UUID | None, most: int
) -> list[Told]:
    """Return what waits for its review, or all."""
    tenant = tenant_of(principal)
    async with means.database.transaction(tenant) as tx:
        found = await glass.broken(tx, all_of_them=all_of_them, after=after, most=most)
    return [await _told(means, tenant, each) for each in found]


async def review(means: Means, principal: Principal, grant: UUID, finding: str) -> None:
    """Take a broken glass off the list. Raises NotFound, Forbidden for one's own, Conflict when it was reviewed."""
    tenant = tenant_of(principal)
    sealed = await seal_text(means, tenant, {"finding": finding})
    async with means.database.transaction(tenant) as tx:
        found = await glass.one(tx, grant)
        refusal = may_review(principal.subject, found.listener, reviewed=found.reviewed_at is not None)
        if refusal is not None:
            raise refusal.error()
        facts: dict[str, Json] = {"grant": str(grant), "recording": str(found.recording)}
        await record(tx, LOG, "listening.reviewed", facts=facts)
        await glass.review(tx, grant, by=principal.subject, finding=sealed.key.bytes + sealed.sealed)


async def account(tx: Transaction, named: str) -> Account:
    """Return the account of a quarter. Raises Malformed."""
    span = quarter(named)
    if isinstance(span, Refusal):
        raise span.error()
    since, before = span
    waiting = await glass.broken(tx, all_of_them=False, after=None, most=10_000)
    return Account(
        since=since,
        before=before,
        entitled=await accounts.entitled(tx, before=before),
        did=await accounts.did(tx, since=since, before=before),
        unreviewed=len(waiting),
    )


async def listened_to(
    means: Means, principal: Principal, token: str, *, after: UUID | None, most: int
) -> Sequence[HeardBy]:
    """Return who (as what, for what) was allowed to hear calls of the member of staff who asks.

    Raises Forbidden for anybody else, NotFound where consent knows no such member, Unavailable.
    """
    if Role.STAFF not in principal.roles:
        raise Forbidden("role_missing", "Staff see who listened to their own calls.")
    answer = await means.neighbours["consent"].get("/v1/staff/me", token=token)
    if not answer.is_success:
        if answer.is_client_error:
            raise NotFound
        raise Unavailable("consent_unavailable")
    async with means.database.transaction(tenant_of(principal)) as tx:
        mine = sorted(await standings.all_of(tx, [UUID(answer.json()["subject"])]))
        return await accounts.heard(tx, mine, after=after, most=most)


async def _told(means: Means, tenant: UUID, broken: BrokenGlass) -> Told:
    if broken.texts is None or broken.texts_key is None:
        return Told(broken, None, None)
    try:
        said = await open_text(means, tenant, Sealed(broken.texts, broken.texts_key))
    except NotFound:
        return Told(broken, None, None)
    return Told(broken, said["reason"], said["ticket"])
