"""May a permit be given for this audio, with which spans; and what a late entry takes away from one that was given."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import isodate
from recital_errors import Reason

from recital_consent.decisions.verdict import Verdict
from recital_consent.model.calls import Call, EntryKind, PurposeTerms
from recital_consent.model.permits import Audio, Issued, PurposeSpans
from recital_consent.model.problems import Problem
from recital_consent.model.spans import FOREVER, Spans, instant_of, moment_of

LIFETIME = timedelta(minutes=15)
FURTHEST_OUT = timedelta(seconds=2)
"""How far audio may go on after the call."""
MILLISECOND = 1_000
# What takes a permit away also while the call goes on; a hold or a pause is waited out by live audio.
_REVOKING = (
    EntryKind.MARKED_PRIVATE,
    EntryKind.OBJECTED,
    EntryKind.CONSENT_WITHDRAWN,
    EntryKind.CONSENT_REFUSED,
    EntryKind.LEFT,
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a permit says: final once the call has ended, the answer and the end, spans and purposes that have any."""

    final: bool
    answered_at: datetime
    ended_at: datetime | None
    spans: PurposeSpans
    purposes: tuple[PurposeTerms, ...]


def audio_problems(audio: Audio, call: Call, verdict: Verdict) -> Sequence[Problem]:
    """Return what is wrong with what a sender says: times that are none or outside the call, channels, whose it is."""
    return [*_channel_problems(audio, call), *_time_problems(audio, verdict), *_recorder_problems(audio, call)]


def terms_of(call: Call, verdict: Verdict, *, zone: ZoneInfo, expires_at: datetime, now: datetime) -> Terms | None:
    """Return the terms of a permit, None before the answer. Purposes whose retention is over are left out (R11).

    While the call goes on, an open span lasts as long as the permit: live audio renews it.
    """
    if verdict.starts_at is None:
        return None
    answered_at = instant_of(verdict.starts_at)
    ended_at = None if verdict.ends_at == FOREVER else instant_of(verdict.ends_at)
    kept = {
        purpose.key: in_milliseconds(verdict.keepable[purpose.key], answered_at, expires_at)
        for purpose in call.purposes
        if not retention_is_over(purpose, answered_at, zone, now)
    }
    return Terms(
        final=ended_at is not None,
        answered_at=answered_at,
        ended_at=ended_at,
        spans={key: spans for key, spans in kept.items() if spans},
        purposes=tuple(purpose for purpose in call.purposes if kept.get(purpose.key)),
    )


def refusals(
    call: Call, verdict: Verdict, terms: Terms | None, audio: Audio, erased: Sequence[Collection[str]]
) -> Sequence[Reason]:
    """Return why there is no permit: nothing may be kept of this audio, or a recording of these parties was erased.

    The same voices, fewer of them or more beside them are the erased recording; another leg of the call is not.
    """
    voices = {channel.party for channel in audio.channels}
    if any(voices <= set(gone) or set(gone) <= voices for gone in erased):
        return [Reason("recording_erased", "R14")]
    if terms is not None and _touches(terms, audio):
        return []
    over = [
        Reason("retention_over", "R11", purpose=purpose.key)
        for purpose in call.purposes
        if verdict.keepable[purpose.key] and (terms is None or purpose.key not in terms.spans)
    ]
    lasting = [reason for reason in verdict.reasons if reason.code not in ("call_ended", "on_hold", "paused")]
    return [*over, *lasting] or [Reason("nothing_to_keep")]


def retention_is_over(purpose: PurposeTerms, answered_at: datetime, zone: ZoneInfo, now: datetime) -> bool:
    """Whether a call is already older than its retention under a purpose (R11).

    The one its notice named counts, and a shorter one of any later version; a longer one reaches no call from before.
    """
    return any(has_passed(answered_at, each, zone, now) for each in (purpose.retention, *purpose.later_retentions))


def has_passed(since: datetime, duration: str, zone: ZoneInfo, now: datetime) -> bool:
    """Whether a duration since a moment is over: the local calendar, in the tenant's time zone."""
    local = since.astimezone(zone).replace(tzinfo=None)
    due: datetime = local + isodate.parse_duration(duration)
    return now >= due.replace(tzinfo=zone).astimezone(UTC)


def in_milliseconds(spans: Spans, answered_at: datetime, open_until: datetime) -> tuple[tuple[int, int], ...]:
    """Return spans in whole milliseconds since the answer, never wider than they are; open ones until an instant."""
    origin = moment_of(answered_at)
    pieces = (
        (-((origin - start) // MILLISECOND), (min(end, moment_of(open_until)) - origin) // MILLISECOND)
        if end == FOREVER
        else (-((origin - start) // MILLISECOND), (end - origin) // MILLISECOND)
        for start, end in spans.pieces
    )
    return tuple((start, end) for start, end in pieces if 0 <= start < end)


def remaining(given: PurposeSpans, now_kept: Mapping[str, tuple[tuple[int, int], ...]]) -> PurposeSpans:
    """Return what is left of a permit's spans: what is given back later changes nothing that was silenced."""
    left = {key: (Spans.of(spans) & Spans.of(now_kept.get(key, ()))).pieces for key, spans in given.items()}
    return {key: spans for key, spans in left.items() if spans}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a permit stands: the spans left to it, whether any were taken for good, whether a decision is awaited."""

    left: PurposeSpans
    taken: bool
    suspended: bool


def standing_of(permit: Issued, settled: Mapping[str, Spans], provisional: Mapping[str, Spans]) -> Standing:
    """Return how a permit stands by what may be kept: for good, and while what is undecided is taken for granted.

    Only what is settled takes anything away; what is undecided suspends the permit if it would.
    """
    left = remaining(permit.spans, _kept(permit, settled))
    return Standing(left, left != permit.spans, remaining(left, _kept(permit, provisional)) != left)


def _kept(permit: Issued, keepable: Mapping[str, Spans]) -> Mapping[str, tuple[tuple[int, int], ...]]:
    return {key: in_milliseconds(spans, permit.answered_at, permit.expires_at) for key, spans in keepable.items()}


def revoked_by(kinds: Collection[EntryKind], *, final: bool) -> str | None:
    """Return the reason for which entries of these kinds revoke a permit from which they take something away.

    A final permit is revoked by whatever takes from it; one of a call that goes on only by what does not pass.
    """
    for kind in _REVOKING:
        if kind in kinds:
            return kind.value
    return min(kind.value for kind in kinds) if final else None


def _channel_problems(audio: Audio, call: Call) -> Sequence[Problem]:
    problems = [
        Problem(f"channels.{index}.party", "party_unknown", "not a party of this call", "R01")
        for index, channel in enumerate(audio.channels)
        if call.party(channel.party) is None
    ]
    named = [channel.party for channel in audio.channels]
    problems += [
        Problem(f"channels.{index}.party", "party_twice", "has a channel already")
        for index, label in enumerate(named)
        if label in named[:index]
    ]
    return problems


def _recorder_problems(audio: Audio, call: Call) -> Sequence[Problem]:
    """R06: who gives the tenant a recording of their own had a voice in it, and is not one of the tenant's staff.

    The permit is given for it as for any other: whoever made it, the tenant keeps it under the same rules.
    """
    if audio.recorded_by is None:
        return []
    party = call.party(audio.recorded_by)
    if party is None or audio.recorded_by not in {channel.party for channel in audio.channels}:
        return [Problem("recorded_by", "party_unknown", "no party of this call who has a channel", "R06")]
    if party.is_staff:
        return [Problem("recorded_by", "recorder_is_staff", "what staff record is the tenant's own recording", "R06")]
    return []


def _time_problems(audio: Audio, verdict: Verdict) -> Sequence[Problem]:
    if audio.segments is not None:
        if audio.started_at or audio.ended_at:
            return [Problem("segments", "times_twice", "either segments, or the recorder's start and end")]
        pairs = zip(audio.segments, audio.segments[1:], strict=False)
        for index, (one, other) in enumerate(pairs, start=1):
            if other.starts_at < one.ends_at or other.offset_ms < one.offset_ms + one.duration_ms:
                return [Problem(f"segments.{index}", "segments_overlap", "starts before the one before it ended")]
        first, last = audio.segments[0].starts_at, audio.segments[-1].ends_at
        return _range_problems(first, last, "segments", verdict)
    if audio.started_at is None or audio.ended_at is None:
        missing = "audio_started_at" if audio.started_at is None else "audio_ended_at"
        return [Problem(missing, "field_missing", "when the recorder started and stopped, or segments")]
    if audio.ended_at <= audio.started_at:
        return [Problem("audio_ended_at", "audio_ends_before_it_starts", "must be after audio_started_at")]
    return _range_problems(audio.started_at, audio.ended_at, "audio_ended_at", verdict)


def _range_problems(first: datetime, last: datetime, field: str, verdict: Verdict) -> Sequence[Problem]:
    if verdict.starts_at is not None and moment_of(last) < verdict.starts_at:
        return [Problem(field, "audio_outside_call", "the audio ends before the call begins")]
    if verdict.ends_at == FOREVER:
        return []
    end = instant_of(verdict.ends_at)
    if first > end:
        return [Problem(field, "audio_outside_call", "the audio starts after the call's end")]
    if last > end + FURTHEST_OUT:
        return [Problem(field, "audio_outside_call", "the audio goes on for more than 2 seconds after the call")]
    return []


def _touches(terms: Terms, audio: Audio) -> bool:
    """Whether any of the audio may be kept for any purpose."""
    pieces: list[tuple[datetime, datetime]] = []
    if audio.segments is not None:
        pieces = [(segment.starts_at, segment.ends_at) for segment in audio.segments]
    elif audio.started_at is not None and audio.ended_at is not None:
        pieces = [(audio.started_at, audio.ended_at)]
    origin = moment_of(terms.answered_at)
    recorded = Spans.of((moment_of(start) - origin, moment_of(end) - origin) for start, end in pieces)
    kept = Spans.of((start * MILLISECOND, end * MILLISECOND) for spans in terms.spans.values() for start, end in spans)
    return bool(recorded & kept)
