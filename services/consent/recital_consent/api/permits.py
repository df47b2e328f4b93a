"""Permits: asked for when audio is to be sent, and asked about by whoever holds one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from recital_errors import Reason
from recital_identity import LARGEST_TOKEN, Permission
from recital_runtime import Caller, IdempotencyKey, Model, Router, open_route, requires

from recital_consent.actions import permits
from recital_consent.actions.means import Means
from recital_consent.api.shapes import Label, When
from recital_consent.api.views import CallView, PermitView, SpansView, reason_of
from recital_consent.model.permits import Audio, Channel, Issued, Segment, listed

_LONGEST_MS = timedelta(days=7) // timedelta(milliseconds=1)


class ChannelBody(Model):
    """Whose voice a channel of the file carries; two may share one."""

    channel: int = Field(ge=0, le=7)
    party: Label


class SegmentBody(Model):
    """A piece of the file, for recorders that leave parts out."""

    starts_at: When
    offset_ms: int = Field(ge=0, le=_LONGEST_MS)
    duration_ms: int = Field(ge=1, le=_LONGEST_MS)


class AskPermit(Model):
    """When the recorder ran, or in which segments, and whose voice is on which channel.

    `recorded_by` is the party who made the recording and gave it to the tenant, where it is not the tenant's own (R06).
    """

    audio_started_at: When | None = None
    audio_ended_at: When | None = None
    segments: list[SegmentBody] | None = Field(default=None, min_length=1, max_length=1_000)
    channels: list[ChannelBody] = Field(min_length=1, max_length=100)
    recorded_by: Label | None = None

    def audio(self) -> Audio:
        """Return it as the model knows it."""
        segments = self.segments and tuple(
            Segment(each.starts_at, each.offset_ms, each.duration_ms) for each in self.segments
        )
        return Audio(
            started_at=self.audio_started_at,
            ended_at=self.audio_ended_at,
            segments=segments or None,
            channels=tuple(Channel(each.channel, each.party) for each in self.channels),
            recorded_by=self.recorded_by,
        )


class VerifyPermit(Model):
    """A permit, which is its own credential."""

    permit: str = Field(min_length=1, max_length=LARGEST_TOKEN)


class StandingView(Model):
    """Whether a permit stands, and with which spans; `reason` says why it does not.

    A suspended one waits for a decision: it may stand again.
    """

    stands: bool
    suspended: bool
    spans: list[SpansView]
    final: bool
    reason: str | None


def permit_routes(means: Means) -> Router:
    """Return the routes for permits."""
    router = Router(prefix="/v1", tags=["permits"])

    @router.post("/calls/{call_id}/permit", status_code=201)
    async def ask_permit(
        call_id: UUID,
        body: AskPermit,
        caller: Annotated[Caller, requires(Permission.REQUEST_PERMITS)],
        key: IdempotencyKey = None,
    ) -> PermitView:
        """Give a permit for one recording of a call, good for 15 minutes; 403 with every reason where none is given."""
        return _view(*await permits.give_permit(means, caller.tx, call_id, body.audio(), key))

    @router.post("/permits/verify", dependencies=[open_route("the permit is its own credential")])
    async def verify_permit(body: VerifyPermit) -> StandingView:
        """Say whether a permit stands, also after its expiry."""
        answer: dict[str, Any] = dict(await permits.verify_permit(means, body.permit))
        return StandingView(**answer)

    return router


def with_permit(view: CallView, given: tuple[Issued, str] | Sequence[Reason]) -> CallView:
    """Return a call's answer with its permit, or with why there is none."""
    if isinstance(given, tuple):
        return view.model_copy(update={"permit": _view(*given)})
    return view.model_copy(update={"permit_reasons": [reason_of(each) for each in given]})


def _view(issued: Issued, token: str) -> PermitView:
    return PermitView(
        id=issued.id,
        permit=token,
        expires_at=issued.expires_at,
        final=issued.final,
        spans=[SpansView(**each) for each in listed(issued.spans)],
    )
