"""A person asks: the request is kept at once, then what it is about is secured, also later if need be.

The answer is the same for a person who is known and one who is not.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from recital_database import Transaction, claim, new_id, remember
from recital_errors import Conflict, Malformed, RecitalError, TooMany

from recital_dsar.actions.entries import Happening, enter
from recital_dsar.actions.letters import IDENTIFIERS, write_letter
from recital_dsar.actions.means import Means
from recital_dsar.actions.securing import secure
from recital_dsar.decisions.deadlines import deadlines, end_of, local_day
from recital_dsar.decisions.intake import may_receive
from recital_dsar.decisions.letters import LetterKind
from recital_dsar.decisions.watch import watch
from recital_dsar.model import Request, RequestKind, TenantFacts
from recital_dsar.store.requests import (
    NewRequest,
    add_request,
    portal_requests_since,
    request,
)
from recital_dsar.store.steps import add_step
from recital_dsar.store.tenants import tenant

ROUTE = "POST /v1/requests"
# The request itself tries first to secure what it is about; after this the background goes on with it.
HEAD_START = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, by whom, and how the person wants to hear: kept sealed while the request is open.

    `identifiers` are pairs of kind and value; `channel` and `note` are as they were given.
    """

    kind: RequestKind
    identifiers: tuple[tuple[str, str], ...]
    channel: dict[str, str | None]
    language: str
    received_on: date | None
    note: str | None
    by: str
    by_portal: bool

    def sealed_part(self) -> bytes:
        """Return what identifies the person, as the bytes that are sealed."""
        return json.dumps(
            {"identifiers": self.identifiers, "channel": self.channel, "note": self.note}, ensure_ascii=False
        ).encode()

    def fingerprint(self) -> bytes:
        """Return the bytes that make a repeated request the same."""
        rest = f"{self.kind.value}|{self.language}|{self.received_on}".encode()
        return hashlib.sha256(rest + b"\0" + self.sealed_part()).digest()


async def receive(means: Means, tenant_id: UUID, asked: Asked, key: str | None) -> Request:
    """Take a request in, and secure what it is about if the other services answer at once; else that follows.

    Raises Malformed for what is not accepted, TooMany for too many through the portal, Conflict for a reused key.
    """
    async with means.database.transaction(tenant_id) as tx:
        facts = await tenant(tx, lock="share")
        made, known = await _once(means, tx, facts, asked, key)
        if known:
            return await request(tx, made)
    # Not answered, or not as expected: the step stays, is tried again, and shows why in the work list.
    with suppress(RecitalError):
        await secure(means, tenant_id, made)
    async with means.database.transaction(tenant_id) as tx:
        return await request(tx, made)


async def receive_many(means: Means, tenant_id: UUID, asked: Sequence[Asked], key: str | None) -> list[Request]:
    """Take requests in, all or none; what each is about is secured in the background. Raises as `receive` does."""
    async with means.database.transaction(tenant_id) as tx:
        facts = await tenant(tx, lock="share")
        made = [
            (await _once(means, tx, facts, each, None if key is None else f"{key}/{place}"))[0]
            for place, each in enumerate(asked)
        ]
        return [await request(tx, each) for each in made]


async def _once(means: Means, tx: Transaction, facts: TenantFacts, asked: Asked, key: str | None) -> tuple[UUID, bool]:
    """Return the request's id, and whether the key had made it before."""
    known = await claim(tx, key, route=ROUTE, fingerprint=asked.fingerprint())
    if known is not None:
        return known, True
    made = await _receive(means, tx, facts, asked)
    await remember(tx, key, result=made)
    return made, False


async def _receive(means: Means, tx: Transaction, facts: TenantFacts, asked: Asked) -> UUID:
    today = local_day(tx.now, facts.time_zone)
    refusal = may_receive(
        received_on=asked.received_on, today=today, by_officer=not asked.by_portal, tenant_closing=facts.closing
    )
    if refusal is not None:
        refused = Conflict if refusal.code == "tenant_closing" else Malformed
        raise refused(refusal.code, _SAID[refusal.code], reasons=[refusal])
    if asked.by_portal:
        since = tx.now - timedelta(hours=1)
        if await portal_requests_since(tx, since) >= means.limits.portal_requests_per_hour:
            raise TooMany("portal_requests", "Too many requests came within an hour.", retry_after=60)
    dates = deadlines(
        asked.received_on or today,
        country=facts.country,
        region=facts.holiday_region,
        internal_target_days=means.limits.internal_target_days,
    )
    # A letter that came long ago may be past a limit already: it is looked at from the start of that day.
    began_at = end_of(dates.received_on - timedelta(days=1), facts.time_zone)
    first = watch(dates, time_zone=facts.time_zone, seen_until=began_at, now=tx.now)
    id_ = await new_id(tx)
    # Keys first, then the row that names them: a key that no row names is collected.
    file_key, identifiers_key = await means.vault.keys.new_keys(tx.tenant, id_, facts.key, count=2)
    sealed = await means.vault.seal_small(tx.tenant, identifiers_key.id, asked.sealed_part(), IDENTIFIERS)
    await add_request(
        tx,
        NewRequest(
            id=id_,
            kind=asked.kind,
            language=asked.language,
            by_portal=asked.by_portal,
            deadlines=dates,
            file_key=file_key.id,
            identifiers_key=identifiers_key.id,
            identifiers=sealed,
            looked_at=began_at,
            look_at=tx.now if first.alarms or first.letter_due else first.look_again_at,
            channel=asked.channel["kind"] or "officer",
        ),
    )
    made = await request(tx, id_)
    await enter(
        tx,
        means.vault,
        made,
        Happening(
            "request.received",
            by=asked.by,
            facts={"kind": asked.kind.value, "received_on": dates.received_on.isoformat()},
        ),
    )
    await write_letter(tx, means, made, LetterKind.CONFIRMATION)
    await add_step(tx, "secure", about=id_, request=id_, delay=HEAD_START)
    return id_


_SAID = {
    "tenant_closing": "This tenant is being closed: its staff takes no requests in any more.",
    "received_on_not_yours": "Only an officer may say on which earlier day a request was received.",
    "received_on_in_future": "A request cannot have been received on a day that has not come.",
    "received_on_too_old": "A request received more than a year ago is not taken in.",
}
