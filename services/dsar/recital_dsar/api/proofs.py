"""Routes by which a person proves who they are without papers; the portal's back end and officers use the same."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import model_validator
from recital_errors import Forbidden
from recital_identity import Permission, Principal
from recital_runtime import Caller, Model, Router, Text200, authenticated, requires

from recital_dsar.actions.means import Means
from recital_dsar.actions.proving import ask_for_code, prove_by_call, prove_by_code
from recital_dsar.decisions.proving import LIFETIME, Way


class NewCode(Model):
    """Which of the identifiers given a code is sent to: the first of this kind."""

    to: Literal["email", "number"]


class CodeAsked(Model):
    """The same whether a code is sent or not."""

    valid_minutes: int


class NewProof(Model):
    """The code that came, or the reference of a call that the person was told; exactly one."""

    code: Text200 | None = None
    call_reference: Text200 | None = None

    @model_validator(mode="after")
    def _one(self) -> "NewProof":
        if (self.code is None) == (self.call_reference is None):
            raise ValueError("state exactly one of code and call_reference")
        return self


class Proved(Model):
    """It is proved who asks."""

    identified: bool


def proof_routes(means: Means) -> Router:
    """Return the routes of proofs."""
    router = Router(prefix="/v1/requests/{request}/identity", tags=["identity"])

    @router.post("/code", status_code=202)
    async def send_code(
        request: UUID, body: NewCode, caller: Annotated[Caller, requires(Permission.RECEIVE_REQUESTS)]
    ) -> CodeAsked:
        """Let a code be sent to a channel that is known already; the answer never shows whether it is."""
        await ask_for_code(caller.tx, means, request, Way(body.to), by=caller.principal.subject)
        return CodeAsked(valid_minutes=int(LIFETIME.total_seconds()) // 60)

    @router.post("/proof")
    async def prove(
        request: UUID, body: NewProof, principal: Annotated[Principal, authenticated(Permission.RECEIVE_REQUESTS)]
    ) -> Proved:
        """Prove who asks; whatever is wrong, the refusal is the same, and five of them end it."""
        if principal.tenant is None:
            raise Forbidden("tenant_missing", "This token is of no tenant.")
        if body.code is not None:
            await prove_by_code(means, principal.tenant, request, body.code)
        else:
            await prove_by_call(means, principal.tenant, request, body.call_reference or "")
        return Proved(identified=True)

    return router
