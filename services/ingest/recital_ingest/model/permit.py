"""A permit as ingest understands it: whose voices, for which purposes and moments, and where the audio lies.

The signature is verified before; whether the permit may be used is decided in decisions/admission.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from recital_errors import Forbidden

from recital_ingest.model.spans import PurposeSpans, together

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Party:
    """A subject's part in the call; `channel` is the channel of the file that carries the voice.

    recorded: this party made the recording and gave it to the tenant, whose own it is not (R06).
    """

    party: str
    subject: UUID | None
    kind: str
    channel: int
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class PurposeVersion:
    """A purpose in the version the call was registered with."""

    purpose: UUID
    key: str
    version: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the file that runs with the call. Microseconds: `offset` in the file, `at` since the answer."""

    offset: int
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Permit:
    """Signed authority to take in one call's audio."""

    id: UUID
    tenant: UUID
    call: UUID
    expires_at: datetime
    answered_at: datetime
    ended_at: datetime | None
    final: bool
    parties: tuple[Party, ...]
    purposes: tuple[PurposeVersion, ...]
    spans: PurposeSpans
    stretches: tuple[Stretch, ...]
    timeline_version: int

    @property
    def channels(self) -> frozenset[int]:
        """The channels that the parties' voices are on."""
        return frozenset(party.channel for party in self.parties)

    def since_answer(self, at: datetime) -> int:
        """Return microseconds from the answer to an instant."""
        return (at - self.answered_at) // _MICROSECOND


class _Claim(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


_Label = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
_Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Milliseconds = Annotated[int, Field(ge=0)]


class _Party(_Claim):
    party: _Label
    subject: UUID | None = None
    kind: str
    channel: Annotated[int, Field(ge=0, le=7)]
    recorded: bool = False


class _Purpose(_Claim):
    id: UUID
    key: _Key
    version: Annotated[int, Field(ge=1)]


class _Spans(_Claim):
    purposes: tuple[_Key, ...]
    spans: tuple[tuple[_Milliseconds, _Milliseconds], ...]


class _Segment(_Claim):
    starts_at: AwareDatetime
    offset_ms: _Milliseconds
    duration_ms: Annotated[int, Field(ge=1)]


class _Claims(_Claim):
    jti: UUID
    tenant: UUID
    call: UUID
    exp: int
    answered_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    audio_started_at: AwareDatetime | None = None
    audio_ended_at: AwareDatetime | None = None
    segments: Annotated[tuple[_Segment, ...] | None, Field(min_length=1, max_length=1_000)] = None
    final: bool
    parties: Annotated[tuple[_Party, ...], Field(min_length=1, max_length=100)]
    purposes: Annotated[tuple[_Purpose, ...], Field(min_length=1, max_length=100)]
    spans: tuple[_Spans, ...]
    timeline_version: int


def permit_of(claims: Mapping[str, Any]) -> Permit:
    """Read the claims of a permit whose signature stands. Raises Forbidden `permit_malformed`."""
    try:
        read = _Claims.model_validate(claims)
    except ValidationError:
        raise _malformed() from None
    return Permit(
        id=read.jti,
        tenant=read.tenant,
        call=read.call,
        expires_at=datetime.fromtimestamp(read.exp, UTC),
        answered_at=read.answered_at,
        ended_at=read.ended_at,
        final=read.final,
        parties=tuple(Party(each.party, each.subject, each.kind, each.channel, each.recorded) for each in read.parties),
        purposes=tuple(PurposeVersion(each.id, each.key, each.version) for each in read.purposes),
        spans=together((each.purposes, each.spans) for each in read.spans),
        stretches=_stretches(read),
        timeline_version=read.timeline_version,
    )


def spans_of(listed: object) -> PurposeSpans:
    """Read spans as consent answers them. Raises Forbidden `permit_malformed`."""
    try:
        read = [_Spans.model_validate(each) for each in listed] if isinstance(listed, list) else None
    except ValidationError:
        read = None
    if read is None:
        raise _malformed()
    return together((each.purposes, each.spans) for each in read)


def _stretches(read: _Claims) -> tuple[Stretch, ...]:
    def since(at: datetime) -> int:
        return (at - read.answered_at) // _MICROSECOND

    if read.segments is not None:
        found = tuple(Stretch(s.offset_ms * 1000, since(s.starts_at), s.duration_ms * 1000) for s in read.segments)
    elif read.audio_started_at is not None and read.audio_ended_at is not None:
        at = since(read.audio_started_at)
        found = (Stretch(0, at, since(read.audio_ended_at) - at),)
    else:
        raise _malformed()
    in_order = all(a.offset < b.offset and a.at < b.at for a, b in pairwise(found))
    if not in_order or any(each.length <= 0 for each in found):
        raise _malformed()
    return found


def _malformed() -> Forbidden:
    return Forbidden("permit_malformed", "The permit does not say what a permit must say.")
