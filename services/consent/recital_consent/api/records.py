"""Records and receipts of consents, notices and objections (ISO/IEC TS 27560), as JSON-LD."""

import base64
from typing import Annotated, Any
from uuid import UUID

from fastapi.responses import JSONResponse
from recital_database import Receipt
from recital_identity import Permission
from recital_ledger import instant
from recital_runtime import Caller, Router, requires

from recital_consent.actions import records
from recital_consent.actions.means import LOG, Means
from recital_consent.api.dpv import MEDIA_TYPE, receipt_of, record_of
from recital_consent.api.shapes import Label
from recital_consent.model.recorded import Recorded

READER = Annotated[Caller, requires(Permission.READ_CALLS)]
PROVES = Annotated[Caller, requires(Permission.READ_LEDGERS)]
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "object"}}}},
    202: {"description": "Not sequenced yet; ask again."},
}


def record_routes(_means: Means) -> Router:
    """Return the routes for records and receipts."""
    router = Router(prefix="/v1", tags=["records"])

    @router.get("/calls/{call_id}/timeline/{entry}/record", response_class=JSONResponse, responses=_ANSWERS)
    async def entry_record(call_id: UUID, entry: Label, caller: READER) -> JSONResponse:
        """Return the record of a consent, a refusal, a withdrawal, a notice or an objection in a call."""
        return _record(await records.record_of_entry(caller.tx, call_id, entry))

    @router.get("/calls/{call_id}/timeline/{entry}/receipt", response_class=JSONResponse, responses=_ANSWERS)
    async def entry_receipt(call_id: UUID, entry: Label, caller: PROVES) -> JSONResponse:
        """Return its receipt: the record with the proof that the ledger holds it."""
        return await _receipt(caller, await records.record_of_entry(caller.tx, call_id, entry))

    @router.get("/statements/{statement}/record", response_class=JSONResponse, responses=_ANSWERS)
    async def statement_record(statement: UUID, caller: READER) -> JSONResponse:
        """Return the record of what was said outside a call."""
        return _record(await records.record_of_statement(caller.tx, statement))

    @router.get("/statements/{statement}/receipt", response_class=JSONResponse, responses=_ANSWERS)
    async def statement_receipt(statement: UUID, caller: PROVES) -> JSONResponse:
        """Return its receipt: the record with the proof that the ledger holds it."""
        return await _receipt(caller, await records.record_of_statement(caller.tx, statement))

    return router


def _record(said: Recorded) -> JSONResponse:
    return JSONResponse(record_of(said), media_type=MEDIA_TYPE)


async def _receipt(caller: Caller, said: Recorded) -> JSONResponse:
    found = await records.proof_of(caller.tx, said)
    if found is None:
        return JSONResponse({}, status_code=202)
    document = receipt_of(said, issued_at=caller.tx.now, proof=_proof(found))
    return JSONResponse(document, media_type=MEDIA_TYPE)


def _proof(found: Receipt) -> dict[str, Any]:
    """Return the inclusion proof (RFC 9162 2.1.3) under the signed checkpoint, as the ledger's own route gives it."""
    entry = found.entry
    return {
        "log": LOG,
        "entry": {
            "id": str(entry.id),
            "position": found.position,
            "kind": entry.kind,
            "at": instant(entry.at),
            "facts": dict(entry.facts),
            "commitment": entry.commitment,
        },
        "size": found.size,
        "checkpoint": found.checkpoint,
        "proof": [base64.b64encode(each).decode() for each in found.proof],
    }
