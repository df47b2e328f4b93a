"""Who may hear a recording, for which purpose and until when (R05, R10, R11, R17); every failed rule is named.

Two inputs beside the recording: what ingest knows itself (`Standing`) and what retention tells (`Clocks`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from recital_errors import Reason

from recital_ingest.decisions.placement import narrowed
from recital_ingest.model.listening import (
    BREAK_GLASS,
    BUILT_IN,
    LEGAL_CLAIMS,
    SUBJECT_REQUEST,
    Clocks,
    Grant,
    Listener,
    OpenRequest,
    Standing,
)
from recital_ingest.model.recording import Recording, State
from recital_ingest.model.refusal import Kind, Refusal
from recital_ingest.model.spans import Spans, intersection, union

LASTS = timedelta(minutes=15)
PRIVACY_OFFICER = "privacy_officer"
LEGAL_COUNSEL = "legal_counsel"


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to hear a recording for what; `request` is the open request a privacy officer works on."""

    listener: Listener
    purpose: str
    request: OpenRequest | None = None
    ticket: str | None = None


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
    expires_at = now + LASTS
    if wish.purpose in BUILT_IN:
        reasons = _against_built_in(wish, recording)
    else:
        reasons = _against_purpose(wish, recording, standing, clocks)
        due = [each.due_at for each in clocks.clocks if each.due_at and not each.expired] if clocks else []
        expires_at = min([expires_at, *due])
    told = replace(standing, restricted=standing.restricted or (clocks is not None and clocks.restricted))
    reasons += _against_state(wish.purpose, recording, told)
    if reasons:
        first = reasons[0].code
        return Refusal(Kind.FORBIDDEN, first, "This recording may not be heard so.", tuple(reasons))
    return Allowed(expires_at)


def still_holds(grant: Grant, recording: Recording, standing: Standing, *, now: datetime) -> Refusal | None:
    """Judge a grant at the moment of playing: what has ended since it was given ends it.

    A grant is no link to pass on (R09): it is looked up as its holder's own, and good for one recording.
    """
    if recording.state is not State.STORED:
        return _GONE
    if now >= grant.expires_at:
        return Refusal(Kind.FORBIDDEN, "grant_expired", "This leave to listen has ended; ask again.")
    reasons = _against_state(grant.purpose, recording, standing)
    if grant.purpose in standing.expired:
        reasons.insert(0, Reason("clock_expired", "R11", purpose=grant.purpose))
    if reasons:
        first = reasons[0].code
        return Refusal(Kind.FORBIDDEN, first, "This recording may not be heard so any more.", tuple(reasons))
    return None


def audible(recording: Recording, standing: Standing, purpose: str) -> Spans:
    """Return the milliseconds of the call that may be heard for a purpose: its own spans, less what was revoked.

    What is held although its permit was revoked is heard whole for the legal claim it is held for, and for that alone.
    """
    if _waits(purpose, standing):
        return ()
    spans = recording.spans
    if standing.remaining is not None and not (purpose == LEGAL_CLAIMS and standing.held):
        end = (recording.call_ended_at - recording.answered_at) // timedelta(microseconds=1)
        left = narrowed(standing.remaining, growth_ms=recording.growth_ms, end=end)
        spans = {key: intersection(kept, left.get(key, ())) for key, kept in spans.items()}
    return union(spans.values()) if purpose in BUILT_IN else spans.get(purpose, ())


_GONE = Refusal(Kind.GONE, "recording_erased", "The recording was erased.")
_RESTRICTED = Reason("restricted", "R17")


def _against_built_in(wish: Wish, recording: Recording) -> list[Reason]:
    if wish.purpose == SUBJECT_REQUEST:
        return _against_request(wish, recording)
    role = LEGAL_COUNSEL if wish.purpose == LEGAL_CLAIMS else PRIVACY_OFFICER
    reasons = [] if role in wish.listener.roles else [Reason("role_not_in_purpose", "R10", purpose=wish.purpose)]
    if wish.purpose == BREAK_GLASS and not wish.ticket:
        reasons.append(Reason("ticket_missing", "R10"))
    return reasons


def _against_state(purpose: str, recording: Recording, standing: Standing) -> list[Reason]:
    """What stands against hearing it now, whoever asks: suspension, restriction, no hold, nothing left."""
    if _waits(purpose, standing):
        return [Reason("permit_suspended", "R03")]
    reasons = []
    outranked = standing.held and standing.remaining is not None
    if purpose not in BUILT_IN and (standing.restricted or outranked):
        reasons.append(_RESTRICTED)
    if purpose == LEGAL_CLAIMS and not standing.held:
        reasons.append(Reason("not_held", "R05", purpose=purpose))
    if not audible(recording, standing, purpose):
        reasons.append(Reason("nothing_remains", "R05", purpose=purpose))
    return reasons


def _waits(purpose: str, standing: Standing) -> bool:
    """Whether it is silent until something is decided. Whoever objects keeps the right to a copy meanwhile: art. 21
    stops the company's purposes, not the person's own request (AVG art. 15(3), 18(2)).
    """
    return standing.suspended and purpose != SUBJECT_REQUEST


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
    return reasons
