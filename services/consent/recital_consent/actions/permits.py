"""Permits: given when the rulebook lets something of the audio be kept, signed, and judged again when asked."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import Gathered, Json, Transaction, Writing, claim, new_ids, remember
from recital_errors import Forbidden, Gone, Malformed, NotFound, Reason
from recital_identity import TokenKind, issuer_named, read_permit, sign
from recital_ledger import canonical

from recital_consent.actions.consequences import state_of
from recital_consent.actions.means import LOG, Means, refuse
from recital_consent.actions.tenants import taking_in
from recital_consent.decisions.permitting import LIFETIME, Terms, audio_problems, refusals, terms_of
from recital_consent.decisions.verdict import Verdict
from recital_consent.model.calls import CallRecord
from recital_consent.model.permits import Audio, Issued, listed
from recital_consent.model.tenants import Tenant
from recital_consent.store import calls, permits, tenants

LARGEST_CLAIMS = 5_900
"""Bytes of claims that still make a permit of 8,192 signed bytes; past it the spans go in as their SHA-256 alone."""


async def give_permit(
    means: Means, tx: Transaction, call_id: UUID, audio: Audio, key: str | None
) -> tuple[Issued, str]:
    """Give a permit for one recording of a call; return it and its signed form.

    Raises NotFound, Gone, Malformed where times or channels cannot be, Forbidden `permit_refused` with every reason.
    """
    content = hashlib.sha256(json.dumps(asdict(audio), default=str, sort_keys=True).encode()).digest()
    again = await claim(tx, key, route=f"POST /v1/calls/{call_id}/permit", fingerprint=content)
    if again is not None:
        return _signed(means, await permits.find_permit(tx, again))
    tenant, _ = taking_in(await tenants.own_tenant(tx))
    # The same lock as a timeline's writer: no entry comes between the verdict and the permit.
    call = await calls.read_call(tx, call_id, locked=True)
    if call.erasing_at is not None:
        raise Gone("call_erased", "This call was erased.")
    verdict = state_of(call, tx.now)[1]
    given = await _give(means, tx, Wish(tenant, call, verdict, audio))
    if not isinstance(given, tuple):
        raise Forbidden("permit_refused", "Nothing of this audio may be kept.", reasons=given)
    await remember(tx, key, result=given[0].id)
    return given


Given = tuple[Issued, str] | Sequence[Reason]
"""A permit and its signed form, or why there is none."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A permit that is asked for: for this audio of a call as it stands."""

    tenant: Tenant
    call: CallRecord
    verdict: Verdict
    audio: Audio


Into = tuple[Gathered, Sequence[UUID]]
"""What is going to be written, and two ids: the permit's, and its entry's in the ledger."""


def give_with_call(means: Means, tx: Transaction, wish: Wish, into: Into) -> Given:
    """Give a permit for a call that is registered in the same statement. Raises Malformed.

    Nothing of a call that is only now registered can have been erased.
    """
    return _decide(means, tx, wish, (), into)


async def give_again(means: Means, tx: Transaction, wish: Wish) -> Given:
    """Give the permit again that was given when the call was registered; one of now, if none was. Raises Malformed."""
    first = await permits.first_permit(tx, wish.call.id, issued_at=wish.call.registered_at)
    if first is not None:
        return _signed(means, first)
    locked = await calls.read_call(tx, wish.call.id, locked=True)
    return await _give(means, tx, replace(wish, call=locked, verdict=state_of(locked, tx.now)[1]))


async def verify_permit(means: Means, token: str) -> Mapping[str, Any]:
    """Return whether a permit stands and with which spans, also after its expiry; the permit is its own credential.

    Raises Forbidden where it is none of ours.
    """
    claims = read_permit(token, means.permit_keys)
    async with means.database.transaction(UUID(claims["tenant"])) as tx:
        found = await permits.find_permit(tx, UUID(claims["jti"]))
    if found is None or found.claims is None:
        return {
            "stands": False,
            "suspended": False,
            "spans": [],
            "final": bool(claims["final"]),
            "reason": "permit_unknown",
        }
    suspended = found.suspended_at is not None
    return {
        "stands": found.revoked_at is None and not suspended,
        "suspended": suspended,
        "spans": listed(found.spans),
        "final": found.final,
        "reason": found.reason or ("suspended" if suspended else None),
    }


async def _give(means: Means, tx: Transaction, wish: Wish) -> Given:
    erased = await permits.erased_voices(tx, wish.call.id)
    writes = Gathered(tx)
    given = _decide(means, tx, wish, erased, (writes, await new_ids(tx, 2)))
    await writes.write()
    return given


def _decide(means: Means, tx: Transaction, wish: Wish, erased: Sequence[Collection[str]], into: Into) -> Given:
    call, verdict, audio = wish.call, wish.verdict, wish.audio
    problems = audio_problems(audio, call.facts, verdict)
    if problems:
        refuse(problems)
    expires_at = (tx.now + LIFETIME).replace(microsecond=0)
    zone = ZoneInfo(wish.tenant.draft.time_zone)
    terms = terms_of(call.facts, verdict, zone=zone, expires_at=expires_at, now=tx.now)
    reasons = refusals(call.facts, verdict, terms, audio, erased)
    if reasons or terms is None:
        return reasons
    return _signed(means, _issue(tx, wish, terms, expires_at, into))


def _issue(tx: Transaction, wish: Wish, terms: Terms, expires_at: datetime, into: Into) -> Issued:
    call, audio, (writes, (id_, entry)) = wish.call, wish.audio, into
    claims = _fitting({**_claims(tx, call, audio, terms), "jti": str(id_), "exp": int(expires_at.timestamp())})
    issued = Issued(
        id=id_,
        call=call.id,
        issued_at=tx.now,
        expires_at=expires_at,
        final=terms.final,
        answered_at=terms.answered_at,
        spans=terms.spans,
        claims=claims,
    )
    facts: dict[str, Json] = {
        "permit": str(id_),
        "call": str(call.id),
        "timeline_version": call.timeline_version,
        "final": terms.final,
    }
    writing = Writing("permit.issued", facts, {"spans": listed(terms.spans)})
    (recorded,) = writes.record(LOG, [writing], [entry])
    permits.add_permit(writes, issued, ledger_entry=recorded.entry, salt=recorded.salt)
    return issued


def _signed(means: Means, issued: Issued | None) -> tuple[Issued, str]:
    if issued is None or issued.claims is None:
        raise NotFound
    # In one order of claims, however the database keeps them: the same permit is the same text.
    claims = json.loads(json.dumps(issued.claims, sort_keys=True))
    try:
        token = sign(TokenKind.PERMIT, claims, means.permit_key)
    except Malformed:
        raise Malformed(
            "permit_too_large", "The audio has more segments or parties than a permit can hold: send it in parts."
        ) from None
    return issued, token


def _fitting(claims: dict[str, Any]) -> dict[str, Any]:
    """Return claims that a permit can hold: `spans` gives way to `spans_sha256`, hex, of its canonical JSON (RFC 8785).

    Whoever holds the permit gets the spans from `permits/verify` and compares.
    """
    if len(json.dumps(claims, separators=(",", ":"))) <= LARGEST_CLAIMS:
        return claims
    hashed = hashlib.sha256(canonical(claims["spans"])).hexdigest()
    return {name: value for name, value in claims.items() if name != "spans"} | {"spans_sha256": hashed}


def _claims(tx: Transaction, call: CallRecord, audio: Audio, terms: Terms) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "iss": issuer_named("consent"),
        "aud": "ingest",
        "iat": int(tx.now.timestamp()),
        "tenant": str(tx.tenant),
        "call": str(call.id),
        "answered_at": _rfc3339(terms.answered_at),
        "ended_at": _rfc3339(terms.ended_at) if terms.ended_at else None,
        "guard_ms": call.facts.guard_ms,
        "final": terms.final,
        "parties": [
            _party(call, each.party, each.channel) | ({"recorded": True} if each.party == audio.recorded_by else {})
            for each in audio.channels
        ],
        "purposes": [{"id": str(each.id), "key": each.key, "version": each.version} for each in terms.purposes],
        "spans": listed(terms.spans),
        "timeline_version": call.timeline_version,
    }
    if audio.segments is not None:
        claims["segments"] = [
            {"starts_at": _rfc3339(each.starts_at), "offset_ms": each.offset_ms, "duration_ms": each.duration_ms}
            for each in audio.segments
        ]
    if audio.started_at is not None and audio.ended_at is not None:
        claims |= {"audio_started_at": _rfc3339(audio.started_at), "audio_ended_at": _rfc3339(audio.ended_at)}
    return claims


def _party(call: CallRecord, label: str, channel: int) -> dict[str, Any]:
    party = call.facts.party(label)
    if party is None:
        raise NotFound
    subject = str(party.subject) if party.subject else None
    return {"party": label, "subject": subject, "kind": party.kind.value, "channel": channel}


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
