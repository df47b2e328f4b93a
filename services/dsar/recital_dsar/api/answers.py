"""Routes that answer a request other than by a package: extension, refusal, measures on holdings, objections."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from recital_identity import Permission
from recital_runtime import Caller, Instant, Model, Router, Text2000, requires

from recital_dsar.actions.extending import Extension, extend
from recital_dsar.actions.means import Means
from recital_dsar.actions.measuring import (
    SecondRuling,
    carry_out,
    decide_again,
    lift,
    measures_shown,
)
from recital_dsar.actions.objecting import ObjectionRuling, rule_on_objection
from recital_dsar.actions.reading import overview
from recital_dsar.actions.refusing import Refusal, refuse
from recital_dsar.api.shapes import Label, RequestView, request_view
from recital_dsar.decisions.measures import Measure, MeasureState, Taken

Handles = Annotated[Caller, requires(Permission.HANDLE_REQUESTS)]
Reads = Annotated[Caller, requires(Permission.READ_REQUESTS)]


class NewExtension(Model):
    """Why more time is needed (AVG art. 12(3)); the reason is told to the person."""

    ground: Literal["complex", "numerous"]
    reason: Text2000


class NewRefusal(Model):
    """Why the request is not carried out; the explanation is told to the person."""

    ground: Label
    explanation: Text2000 | None = None


class ObjectionDecision(Model):
    """What was decided on an objection; without `purposes` it is about all that may be objected to."""

    outcome: Literal["upheld", "rejected"]
    purposes: Annotated[list[Label], Field(min_length=1, max_length=100)] | None = None
    ground: Text2000


class MeasureView(Model):
    """What is done to a holding; `restricted` while a restriction of ours stands on it."""

    id: UUID
    measure: Measure
    holding: UUID | None
    kind: str | None
    ground: str
    purposes: list[str] | None
    state: MeasureState
    restricted: bool
    certificate: UUID | None
    held_back_by: str | None
    look_again: bool
    decided_at: Instant
    settled_at: Instant | None


class DecideAgain(Model):
    """A new decision on what was kept, with its article and why."""

    decision: Literal["erase", "keep"]
    article: Annotated[str, Field(pattern=r"^17\([13]\)\([a-f]\)$")]
    ground: Text2000


class Lifting(Model):
    """Why a restriction ends; the person is told before."""

    reason: Text2000


def answer_routes(means: Means) -> Router:
    """Return the routes of answers."""
    router = Router(prefix="/v1/requests/{request}", tags=["answers"])

    @router.post("/extension")
    async def extend_request(request: UUID, body: NewExtension, caller: Handles) -> RequestView:
        """Write to the person that it takes longer, and why; the second date counts once that letter is out in time."""
        await extend(caller.tx, means, request, Extension(body.ground, body.reason, caller.principal.subject))
        return request_view(await overview(caller.tx, request))

    @router.post("/refusal")
    async def refuse_request(request: UUID, body: NewRefusal, caller: Handles) -> RequestView:
        """Refuse the request; it ends when the letter with ground and complaint route is out."""
        await refuse(caller.tx, means, request, Refusal(body.ground, body.explanation, caller.principal.subject))
        return request_view(await overview(caller.tx, request))

    @router.post("/measures", status_code=202)
    async def carry_out_decisions(request: UUID, caller: Handles) -> RequestView:
        """Carry the decisions of an erasure, a restriction or a correction out. Asking again changes nothing."""
        await carry_out(caller.tx, means, request, by=caller.principal.subject)
        return request_view(await overview(caller.tx, request))

    @router.get("/measures")
    async def list_measures(request: UUID, caller: Reads) -> list[MeasureView]:
        """List what was decided about holdings, and how far each has come."""
        return [_measure(each) for each in await measures_shown(caller.tx, request)]

    @router.post("/measures/{measure}/decision")
    async def decide_on_kept(request: UUID, measure: UUID, body: DecideAgain, caller: Handles) -> MeasureView:
        """Decide anew on what was kept, also after the request is closed."""
        ruling = SecondRuling(body.decision == "erase", body.article, body.ground, caller.principal.subject)
        return _measure(await decide_again(caller.tx, means, (request, measure), ruling))

    @router.post("/measures/{measure}/lifting")
    async def lift_a_restriction(request: UUID, measure: UUID, body: Lifting, caller: Handles) -> MeasureView:
        """End a restriction that the person asked for."""
        return _measure(
            await lift(caller.tx, means, (request, measure), reason=body.reason, by=caller.principal.subject)
        )

    @router.post("/objection")
    async def decide_objection(request: UUID, body: ObjectionDecision, caller: Handles) -> RequestView:
        """Uphold or reject an objection."""
        ruling = ObjectionRuling(
            upheld=body.outcome == "upheld",
            purposes=None if body.purposes is None else tuple(body.purposes),
            ground=body.ground,
            by=caller.principal.subject,
        )
        await rule_on_objection(caller.tx, means, request, ruling)
        return request_view(await overview(caller.tx, request))

    return router


def _measure(each: Taken) -> MeasureView:
    return MeasureView(
        id=each.id,
        measure=each.measure,
        holding=each.holding,
        kind=each.kind,
        ground=each.ground,
        purposes=None if each.purposes is None else list(each.purposes),
        state=each.state,
        restricted=each.restricted,
        certificate=each.certificate,
        held_back_by=each.held_back_by,
        look_again=each.look_again,
        decided_at=each.decided_at,
        settled_at=each.settled_at,
    )
