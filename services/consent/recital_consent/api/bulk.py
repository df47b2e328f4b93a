"""Many calls in one request, as batch importers send them: a JSON list or JSON lines."""

import json
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from pydantic import ValidationError
from recital_errors import FieldError, Forbidden, Malformed, RecitalError, TooLarge
from recital_identity import Permission, Principal
from recital_runtime import Model, Router, authenticated, problem_of

from recital_consent.actions.bulk import register_in_batches
from recital_consent.actions.means import Means
from recital_consent.actions.registering import Registered
from recital_consent.api.calls import RegisterCall
from recital_consent.model.drafts import CallDraft

MOST_CALLS = 1_000
MOST_BYTES = 16 * 2**20
BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"type": "array", "items": RegisterCall.model_json_schema(), "maxItems": MOST_CALLS}
        },
        "application/x-ndjson": {"schema": {"type": "string"}},
    },
}


class BulkItem(Model):
    """What became of one call: `status` as the single request would have answered, the call or the problem."""

    index: int
    status: int
    id: UUID | None = None
    reference: str | None = None
    may_record: bool | None = None
    outcome: str | None = None
    problem: dict[str, Any] | None = None


class BulkView(Model):
    """What became of all of them, in their order."""

    items: list[BulkItem]


def bulk_routes(means: Means) -> Router:
    """Return the route for many calls at once."""
    router = Router(prefix="/v1", tags=["calls"])

    @router.post("/calls/bulk", openapi_extra={"requestBody": BODY})
    async def register_many(
        request: Request, principal: Annotated[Principal, authenticated(Permission.REGISTER_CALLS)]
    ) -> BulkView:
        """Register up to 1,000 calls; each has its own result, and sent again is the call it was."""
        if principal.tenant is None:
            raise Forbidden("tenant_missing", "This token is of no tenant.")
        sent = _sent(await _body(request))
        drafts: dict[int, CallDraft] = {}
        outcomes: dict[int, Registered | RecitalError] = {}
        for index, each in enumerate(sent):
            try:
                drafts[index] = RegisterCall.model_validate_json(each).draft()
            except ValidationError as wrong:
                outcomes[index] = _malformed(wrong)
        outcomes |= await register_in_batches(means, principal.tenant, drafts)
        return BulkView(items=[_item(index, outcomes) for index in range(len(sent))])

    return router


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise TooLarge("request_too_large", "At most 16 MiB in one request.")
    return bytes(body)


def _sent(body: bytes) -> list[bytes]:
    """Return the calls of a request, each as JSON; what begins with a bracket is a list, else there is one a line."""
    if body.lstrip()[:1] == b"[":
        try:
            listed = json.loads(body)
        except ValueError:
            raise Malformed("request_malformed", "The list is no JSON.") from None
        sent = [json.dumps(each).encode() for each in listed]
    else:
        sent = [line for line in body.splitlines() if line.strip()]
    if not 0 < len(sent) <= MOST_CALLS:
        wrong = FieldError("body", f"between 1 and {MOST_CALLS} calls")
        raise Malformed("calls_too_many" if sent else "calls_missing", fields=[wrong])
    return sent


def _malformed(wrong: ValidationError) -> Malformed:
    # What was sent is never sent back: it may be personal data.
    fields = [FieldError(".".join(str(part) for part in each["loc"]) or "body", each["msg"]) for each in wrong.errors()]
    return Malformed("request_malformed", "Some fields are not as they must be.", fields=fields)


def _item(index: int, outcomes: Mapping[int, Registered | RecitalError]) -> BulkItem:
    made = outcomes[index]
    if isinstance(made, RecitalError):
        answer = problem_of(made)
        return BulkItem(index=index, status=answer.status_code, problem=json.loads(bytes(answer.body)))
    call = made.call
    return BulkItem(
        index=index,
        status=201 if made.is_new else 200,
        id=call.id,
        reference=call.reference,
        may_record=made.verdict.may_record,
        outcome=call.completeness.outcome.value,
    )
