"""Who may hear a recording, for which purpose and until when (R05, R10, R11, R17); every failed rule is named.

Two inputs beside the recording: what ingest knows itself (`Standing`) and what retention tells (`Clocks`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from recital_errors import Reason

from recital_ingest.decisions.placement import narrowed
from recital_ingest.model.listening import SUBJECT_REQUEST, Clocks, Grant, Listener, OpenRequest, Standing
from recital_ingest.model.recording import Recording, State
from recital_ingest.model.refusal import Kind, Refusal
from recital_ingest.model.spans import Spans, intersection, union

LASTS = timedelta(minutes=15)
PRIVACY_OFFICER = "privacy_officer"


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to hear a recording for what; `request` is the open request a privacy officer works on."""

    listener: Listener
    purpose: str
    request: OpenRequest | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes, until an instant."""

    expires_at: datetime


def asks_clocks(wish: Wish) -> bool:
    """Whether retention is asked first. An order of dsar is no user's, and no clock ends a person's own request."""
    return wish.listener.request is None


def may_listen(
    wish: Wish, recording: Recording, standing: Standing, clocks: Clocks | None, *, now: datetime
) -> Allowed | Refusal:
    """Judge a wish to listen. `clocks` is None only where `asks_clocks` says that they are not needed."""
    if recording.state is not State.STORED:
        return _GONE
    if wish.purpose == SUBJECT_REQUEST:
        reasons = _against_request(wish, recording)
        expires_at = now + LASTS
    else:
        reasons = _against_purpose(wish, recording, standing, clocks)
        due = [each.due_at for each in clocks.clocks if each.due_at and not each.expired] if clocks else []
        expires_at = min([now + LASTS, *due])
    if not audible(recording, standing, wish.purpose):
        reasons.append(Reason("nothing_remains", "R05", purpose=wish.purpose))
    if reasons:
        first = reasons[0].code
        return Refusal(Kind.FORBIDDEN, first, "This recording may not be heard so.", tuple(reasons))
    return Allowed(expires_at)


def still_holds(grant: Grant, recording: Recording, standing: Standing, *, now: datetime) -> Refusal | None:
    """Judge a grant at the moment of playing: what has ended since it was given ends it."""
    if recording.state is not State.STORED:
        return _GONE
    if now >= grant.expires_at:
        return Refusal(Kind.FORBIDDEN, "grant_expired", "This leave to listen has ended; ask again.")
    reason = None
    if grant.purpose in standing.expired:
        reason = Reason("clock_expired", "R11", purpose=grant.purpose)
    elif not audible(recording, standing, grant.purpose):
        reason = Reason("nothing_remains", "R05", purpose=grant.purpose)
    return (
        Refusal(Kind.FORBIDDEN, reason.code, "This recording may not be heard so any more.", (reason,))
        if reason
        else None
    )


def audible(recording: Recording, standing: Standing, purpose: str) -> Spans:
    """Return the milliseconds of the call that may be heard for a purpose: its own spans, less what was revoked."""
    spans = recording.spans
    if standing.remaining is not None:
        end = (recording.call_ended_at - recording.answered_at) // timedelta(microseconds=1)
        left = narrowed(standing.remaining, growth_ms=recording.growth_ms, end=end)
        spans = {key: intersection(kept, left.get(key, ())) for key, kept in spans.items()}
    return union(spans.values()) if purpose == SUBJECT_REQUEST else spans.get(purpose, ())


_GONE = Refusal(Kind.GONE, "recording_erased", "The recording was erased.")


def _against_request(wish: Wish, recording: Recording) -> list[Reason]:
    """R12: the items of one request, for a privacy officer or for dsar's rendering of it."""
    listener = wish.listener
    if listener.request is not None:
        return [] if recording.carries(listener.subjects) else [Reason("not_of_this_request", "R05")]
    if PRIVACY_OFFICER not in listener.roles:
        return [Reason("role_not_in_purpose", "R10", purpose=wish.purpose)]
    if wish.request is None:
        return [Reason("request_not_open", "R05")]
    return [] if recording.carries(wish.request.subjects) else [Reason("not_of_this_request", "R05")]


def _against_purpose(wish: Wish, recording: Recording, standing: Standing, clocks: Clocks | None) -> list[Reason]:
    key, reasons = wish.purpose, []
    if key not in {each.key for each in recording.purposes}:
        return [Reason("purpose_not_recorded", "R05", purpose=key)]
    if standing.roles.get(key, frozenset()).isdisjoint(wish.listener.roles):
        reasons.append(Reason("role_not_in_purpose", "R10", purpose=key))
    clock = next((each for each in clocks.clocks if each.key == key), None) if clocks else None
    # Fail closed: a purpose without a clock is a purpose that retention does not know.
    if key in standing.expired or clock is None or clock.expired:
        reasons.append(Reason("clock_expired", "R11", purpose=key))
    if clocks and clocks.restricted:
        reasons.append(Reason("restricted", "R17"))
    return reasons
