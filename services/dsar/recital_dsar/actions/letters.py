"""Writing letters and sending them: written in the transaction that gives cause to them, sent until they are out.

A letter counts when it was sent. One by post or by hand is sent when an officer says so; whatever did not arrive is
shown and alarmed. A mail whose acceptance got lost is sent again under the same Message-ID.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from recital_database import Transaction, alarm, new_id
from recital_errors import Conflict, Malformed, NotFound, Unavailable

from recital_dsar.actions.answering import take_effect
from recital_dsar.actions.carrying import Outgoing
from recital_dsar.actions.entries import SELF, Happening, enter
from recital_dsar.actions.means import Means
from recital_dsar.actions.wording import KINDS
from recital_dsar.decisions.codes import RANDOM_BYTES, digest, spell
from recital_dsar.decisions.deadlines import local_day
from recital_dsar.decisions.letters import (
    CARRIED,
    SECRET,
    Channel,
    Letter,
    LetterKind,
    LetterState,
    authority,
)
from recital_dsar.model import Request
from recital_dsar.store.letters import add_letter, change_letter, last_body, letter, letters_of
from recital_dsar.store.requests import change_request, request, sealed_identifiers
from recital_dsar.store.steps import add_step
from recital_dsar.store.tenants import letterhead, tenant

BODY = b"letters.body"
IDENTIFIERS = b"requests.identifiers"
SEND = "send"
BLANK = "····"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a letter goes: a channel and, for mail, text message and post, the address as the person gave it."""

    channel: Channel
    to: str | None


async def write_letter(
    tx: Transaction,
    means: Means,
    found: Request,
    kind: LetterKind,
    *,
    facts: Mapping[str, Any] | None = None,
    address: Address | None = None,
) -> UUID:
    """Write a letter about a request and let it go out: to where the person wanted to hear, or to `address`."""
    where = address or await address_of(tx, means, found)
    head = {"name": "", "address": "", "contact": ""} | await letterhead(tx)
    tenant_facts = await tenant(tx)
    name, url = authority(tenant_facts.country)
    told = {
        "letterhead": head,
        "address": where.to if where.channel is Channel.LETTER else None,
        "today": local_day(tx.now, tenant_facts.time_zone),
        "request": str(found.id),
        "kind_words": KINDS[found.language][found.kind],
        "received_on": found.deadlines.received_on,
        "due_on": found.deadlines.due_on,
        "extended_due_on": found.deadlines.extended_due_on,
        "answer_by": found.answer_by,
        "authority_name": name,
        "authority_url": url,
        **(facts or {}),
    }
    made = means.stationery.set(kind, found.language, told)
    body = {
        "channel": where.channel.value,
        "to": where.to,
        "subject": made.subject,
        "html": made.html,
        "text": made.text,
        "code": told.get("code"),
    }
    new = await new_id(tx)
    waiting = Letter(new, found.id, kind, found.language, where.channel, LetterState.WAITING, tx.now, None, None)
    await add_letter(tx, waiting, await _sealed(tx, means, found, body))
    await enter(tx, means.vault, found, Happening("letter.written", facts={"letter": str(new), "kind": kind.value}))
    if where.channel in CARRIED:
        await add_step(tx, SEND, about=new, request=found.id)
    return new


async def address_of(tx: Transaction, means: Means, found: Request) -> Address:
    """Return where the person wanted to hear; of a closed request, where the last letter went."""
    sealed = await sealed_identifiers(tx, found.id)
    if sealed is not None and found.identifiers_key is not None:
        plain = json.loads(await means.vault.open_small(tx.tenant, found.identifiers_key, sealed, IDENTIFIERS))
        return Address(Channel(plain["channel"]["kind"]), plain["channel"]["address"])
    last = await last_body(tx, found.id)
    if last is None:
        return Address(Channel.OFFICER, None)
    opened = await _opened(tx, means, found, last)
    return Address(Channel(opened["channel"]), opened["to"])


async def announce_ready(tx: Transaction, means: Means, found: Request, until: Any) -> None:
    """Tell the person that the package is ready.

    Who proved who they are by a code or a call gets the one-time code in this letter; who showed papers has it.
    """
    code = None
    if found.proved_by in ("code", "call"):
        code = spell(secrets.token_bytes(RANDOM_BYTES))
        await change_request(tx, found.id, code_digest=digest(found.id, code), code_tries=0)
        await enter(tx, means.vault, found, Happening("code.made"))
    facts = await tenant(tx)
    link = f"{means.limits.portal_url}/v1/requests/{found.id}/package"
    day = None if until is None else local_day(until, facts.time_zone)
    await write_letter(tx, means, found, LetterKind.DELIVERY, facts={"code": code, "link": link, "until": day})


async def send_letter(means: Means, tenant_id: UUID, letter_id: UUID) -> None:
    """Send one letter and let it take effect; raises Unavailable for now. One refused for good is kept as bounced."""
    async with means.database.transaction(tenant_id) as tx:
        written, sealed = await letter(tx, letter_id)
        if written.state is not LetterState.WAITING or written.channel not in CARRIED:
            return
        body = await _opened(tx, means, await request(tx, written.request), sealed)
    carrier = means.carriers.get(written.channel)
    if carrier is None:
        raise Unavailable("carrier_missing", "Nothing is set up to carry this letter.")
    html = body["html"] if written.channel is Channel.EMAIL else None
    try:
        await carrier.carry(Outgoing(letter_id, body["to"], body["subject"], body["text"], html))
    except Malformed as refused:
        await _bounced(means, tenant_id, letter_id, refused)
        return
    async with means.database.transaction(tenant_id) as tx:
        await note_sent(tx, means, letter_id)


async def note_sent(tx: Transaction, means: Means, letter_id: UUID, *, by: str = SELF) -> Letter:
    """Write that a letter is out, blank what must not be kept, and let it take effect. Raises NotFound, Conflict."""
    sent, sealed = await letter(tx, letter_id, lock=True)
    if sent.state is LetterState.SENT:
        return sent
    found = await request(tx, sent.request, lock=True)
    values: dict[str, Any] = {"sent_at": tx.now, "trouble": None}
    if sent.kind in SECRET:
        values["body"] = await _blanked(tx, means, found, sealed)
    await change_letter(tx, letter_id, LetterState.SENT, **values)
    facts = {"letter": str(letter_id), "kind": sent.kind.value}
    await enter(tx, means.vault, found, Happening("letter.sent", by=by, facts=facts))
    await take_effect(tx, means, found, sent.kind)
    return (await letter(tx, letter_id))[0]


async def note_returned(tx: Transaction, means: Means, letter_id: UUID, *, reason: str, by: str) -> Letter:
    """Write that a letter that was out has come back: it must reach the person another way. Raises Conflict."""
    returned, _ = await letter(tx, letter_id, lock=True)
    if returned.state is not LetterState.SENT:
        raise Conflict("letter_state", "Only a letter that was sent can come back.")
    found = await request(tx, returned.request)
    await change_letter(tx, letter_id, LetterState.RETURNED, trouble="returned")
    facts = {"letter": str(letter_id), "kind": returned.kind.value}
    happened = Happening("letter.returned", by=by, facts=facts, details={"reason": reason})
    await enter(tx, means.vault, found, happened)
    await alarm(tx, "letter_returned", about=found.id, detail=f"{returned.kind.value} came back.")
    return (await letter(tx, letter_id))[0]


async def shown_letter(tx: Transaction, means: Means, request_id: UUID, letter_id: UUID) -> str:
    """Return a letter as HTML, to be printed. Raises NotFound, Gone."""
    await letter_of(tx, request_id, letter_id)
    _, sealed = await letter(tx, letter_id)
    html: str = (await _opened(tx, means, await request(tx, request_id), sealed))["html"]
    return html


async def letter_of(tx: Transaction, request_id: UUID, letter_id: UUID) -> UUID:
    """Return a letter's id; raises NotFound for one that is not of this request."""
    written, _ = await letter(tx, letter_id)
    if written.request != request_id:
        raise NotFound
    return letter_id


async def letters_shown(tx: Transaction, request_id: UUID) -> Sequence[Letter]:
    """Return what was written to the person. Raises NotFound, Gone."""
    await request(tx, request_id)
    return (await letters_of(tx, [request_id])).get(request_id, [])


async def _bounced(means: Means, tenant_id: UUID, letter_id: UUID, refused: Malformed) -> None:
    async with means.database.transaction(tenant_id) as tx:
        written, _ = await letter(tx, letter_id, lock=True)
        found = await request(tx, written.request)
        await change_letter(tx, letter_id, LetterState.BOUNCED, trouble=refused.code)
        facts = {"letter": str(letter_id), "kind": written.kind.value}
        happened = Happening("letter.bounced", facts=facts, details={"answer": refused.detail})
        await enter(tx, means.vault, found, happened)
        await alarm(tx, "letter_bounced", about=found.id, detail=f"{written.kind.value} was refused.")


async def _blanked(tx: Transaction, means: Means, found: Request, sealed: bytes) -> bytes:
    body = await _opened(tx, means, found, sealed)
    code = body.pop("code", None)
    if code is not None:
        body = {name: value.replace(code, BLANK) if isinstance(value, str) else value for name, value in body.items()}
    return await _sealed(tx, means, found, body)


async def _sealed(tx: Transaction, means: Means, found: Request, body: Mapping[str, Any]) -> bytes:
    return await means.vault.seal_small(tx.tenant, found.file_key, json.dumps(body, ensure_ascii=False).encode(), BODY)


async def _opened(tx: Transaction, means: Means, found: Request, sealed: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(await means.vault.open_small(tx.tenant, found.file_key, sealed, BODY))
    return body
