"""Permits at ingest: verified when an upload begins, confirmed with consent before its commit, and revoked."""

from uuid import UUID

from recital_database import Transaction
from recital_errors import Forbidden, Unavailable
from recital_events import PermitRevoked
from recital_identity import TokenKind, read_permit

from recital_ingest.actions.means import Means
from recital_ingest.decisions.admission import belongs, still_stands
from recital_ingest.model.permit import Permit, permit_of, spans_of
from recital_ingest.model.spans import together
from recital_ingest.store import permits

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
    permit = permit_of(read_permit(token, keys))
    refusal = belongs(permit, tenant)
    if refusal is not None:
        raise refusal.error()
    return permit


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
