"""Leave to listen, asked for one recording, one purpose and a reason (R05, R10)."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field
from recital_errors import RecitalError
from recital_identity import Permission, Principal
from recital_runtime import BearerToken, Model, Router, Text200, Text2000, authenticated_or_order

from recital_ingest.actions.listening import Answer, GrantWish, give_grant, give_grants
from recital_ingest.actions.means import Means
from recital_ingest.api.views import GrantView, grant_view

LISTENER = Annotated[Principal, authenticated_or_order(Permission.LISTEN, "render")]


class AskGrant(Model):
    """For what and why somebody wants to listen; `request` with the purpose `subject_request` only."""

    purpose: Text200
    reason: Text2000
    ticket: Text200 | None = None
    request: UUID | None = None


class AskGrants(AskGrant):
    """The same for several recordings, each judged and entered by itself."""

    recordings: Annotated[list[UUID], Field(min_length=1, max_length=100)]


class AnswerView(Model):
    """What came of one recording of a list: leave to listen, or the code of what forbids."""

    recording: UUID
    grant: GrantView | None
    refused: str | None
    reasons: Sequence[str]


class AnswersView(Model):
    """What came of a list, in its order."""

    items: Sequence[AnswerView]


def grant_routes(means: Means) -> Router:
    """Return the route by which leave to listen is asked."""
    router = Router(prefix="/v1", tags=["listening"])

    @router.post("/recordings/{recording_id}/grants", status_code=201)
    async def ask_grant(recording_id: UUID, body: AskGrant, principal: LISTENER, token: BearerToken) -> GrantView:
        """Give leave for at most 15 minutes, or name every rule that forbids; both are in the access ledger."""
        wished = GrantWish(recording_id, body.purpose, body.reason, body.ticket, body.request)
        return grant_view(await give_grant(means, principal, token, wished))

    @router.post("/grants", status_code=201)
    async def ask_grants(body: AskGrants, principal: LISTENER, token: BearerToken) -> AnswersView:
        """Judge a list of recordings one by one; each answer is in the access ledger before this returns."""
        wishes = [
            GrantWish(each, body.purpose, body.reason, body.ticket, body.request)
            for each in dict.fromkeys(body.recordings)
        ]
        return AnswersView(items=[_answer(each) for each in await give_grants(means, principal, token, wishes)])

    return router


def _answer(answer: Answer) -> AnswerView:
    given = answer.given
    if isinstance(given, RecitalError):
        codes = [reason.code for reason in given.reasons]
        return AnswerView(recording=answer.recording, grant=None, refused=given.code, reasons=codes)
    return AnswerView(recording=answer.recording, grant=grant_view(given), refused=None, reasons=())
