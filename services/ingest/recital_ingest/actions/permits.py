"""Permits at ingest: verified when an upload begins, confirmed with consent before its commit, and revoked."""

import hashlib
from datetime import timedelta
from uuid import UUID

from recital_database import Transaction
from recital_errors import Forbidden, Unavailable
from recital_events import PermitReinstated, PermitRevoked, PermitSuspended
from recital_identity import TokenKind, read_permit
from recital_ledger import canonical

from recital_ingest.actions.means import Means
from recital_ingest.actions.refusing import tell_refused
from recital_ingest.decisions.admission import REVOKED, belongs, still_stands
from recital_ingest.model.permit import Permit, permit_of, spans_of
from recital_ingest.model.spans import together
from recital_ingest.store import permits, resumables, uploads

LARGEST = 8_192


async def verified(means: Means, token: str | None, tenant: UUID) -> Permit:
    """Return the permit a token is, of this tenant. Raises Forbidden; Unavailable where consent's keys are not known.

    Whether it may be used is asked later: here is only read what consent signed.
    """
    if not token:
        raise Forbidden("permit_missing", "Audio is taken under a permit only: send it in Recital-Permit.")
    if len(token) > LARGEST:
        raise Forbidden("permit_too_large", "A permit is at most 8,192 bytes long.")
    keys = await means.neighbours.keys("consent", use=TokenKind.PERMIT, token=token)
    claims = read_permit(token, keys)
    if claims.get("spans") is None:
        claims = {**claims, "spans": await _spans_by_hash(means, token, claims.get("spans_sha256"))}
    permit = permit_of(claims)
    refusal = belongs(permit, tenant)
    if refusal is not None:
        raise refusal.error()
    return permit


async def _spans_by_hash(means: Means, token: str, stated: object) -> object:
    """Fetch the spans that a permit was too small for, and hold them against the hash it carries.

    Others than those mean that the permit was revoked since.
    """
    answer = await means.neighbours["consent"].post("/v1/permits/verify", json={"permit": token})
    if not answer.is_success:
        raise Unavailable("consent_unavailable", "Consent does not tell the permit's spans.", retry_after=1)
    spans = answer.json().get("spans")
    if hashlib.sha256(canonical(spans)).hexdigest() != stated:
        raise REVOKED.error()
    return spans


async def confirm(means: Means, token: str, permit: Permit) -> None:
    """Ask consent whether the permit still stands, with the spans the audio was masked by.

    Raises Forbidden where it does not, and Unavailable where consent gives no answer within 2 seconds: then nothing
    may be committed.
    """
    answer = await means.neighbours["consent"].post("/v1/permits/verify", json={"permit": token})
    if not answer.is_success:
        raise Unavailable("consent_unavailable", "Consent does not confirm the permit.", retry_after=1)
    told = answer.json()
    spans = spans_of(told.get("spans")) if told.get("stands") is True and told.get("final") is True else None
    refusal = still_stands(permit, spans)
    if refusal is not None:
        raise refusal.error()


async def revoke(tx: Transaction, event: PermitRevoked) -> None:
    """Play from now on only what a revoked permit has left, also of what is not stored yet (R03, R08, R18)."""
    await permits.revoke_permit(
        tx,
        event.permit,
        call=event.call,
        remaining=together((each.purposes, each.spans) for each in event.recording_spans),
        revoked_at=event.revoked_at,
    )
    for each in await resumables.under_permit(tx, event.permit):
        # The collector clears its pieces away; whoever goes on with it is told.
        await uploads.take_over(tx, each.id, epoch=1, lease=timedelta(0))
        await tell_refused(tx, REVOKED.code, permit=event.permit, call=event.call, upload=each.id)


async def suspend(tx: Transaction, event: PermitSuspended) -> None:
    """Play and take in nothing under a permit that is being decided on."""
    await permits.suspend_permit(tx, event.permit, call=event.call, suspended_at=event.suspended_at)


async def reinstate(tx: Transaction, event: PermitReinstated) -> None:
    """End that: the permit stands as it stood before."""
    await permits.suspend_permit(tx, event.permit, call=event.call, suspended_at=None)
