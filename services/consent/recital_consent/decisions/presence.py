"""Who was there, and when (R01, R02): from the answer, through joining and leaving, to the end."""

from collections.abc import Mapping

from recital_consent.model.calls import Call, Entry, EntryKind, Party
from recital_consent.model.spans import ALWAYS, FOREVER, NEVER, Spans, moment_of

Presence = Mapping[str, Spans]
"""Per party label, when it was present."""


def starts_at(call: Call) -> int | None:
    """Return the moment of the answer: the earliest of those stated at registration and in entries."""
    answers = [moment_of(entry.at) for entry in call.entries if entry.kind is EntryKind.ANSWERED]
    if call.answered_at is not None:
        answers.append(moment_of(call.answered_at))
    return min(answers, default=None)


def ends_at(call: Call) -> int:
    """Return the moment of the first end, FOREVER while there is none."""
    return min((moment_of(entry.at) for entry in call.entries if entry.kind is EntryKind.ENDED), default=FOREVER)


def presence(call: Call) -> Presence:
    """Return when each party was present, as if the call had no end: what ends a call only cuts, it gives nothing."""
    start = starts_at(call)
    if start is None:
        return {party.label: NEVER for party in call.parties}
    moves: dict[str, list[Entry]] = {party.label: [] for party in call.parties}
    for entry in call.entries:
        if entry.kind in (EntryKind.JOINED, EntryKind.LEFT) and entry.party in moves:
            moves[entry.party].append(entry)
    return {party.label: _present(party, moves[party.label]).within(start, FOREVER) for party in call.parties}


def attended(call: Call, present: Presence) -> Spans:
    """Return when at least one of the staff and one other were there (R01). Staff alone are another question (R27)."""
    staff = Spans.of(piece for party in call.parties if party.is_staff for piece in present[party.label].pieces)
    others = Spans.of(piece for party in call.others for piece in present[party.label].pieces)
    return staff & others


def among_staff(call: Call, present: Presence) -> Spans:
    """Return when at least two of the staff were there: one alone talks to nobody."""
    one = two = NEVER
    for party in call.parties:
        if party.is_staff:
            one, two = one | present[party.label], two | one & present[party.label]
    return two


def _present(party: Party, moves: list[Entry]) -> Spans:
    # At one instant the restricting entry wins, so it is taken last: `left` of staff, `joined` of others (R03).
    wins = EntryKind.LEFT if party.is_staff else EntryKind.JOINED
    ordered = sorted((moment_of(entry.at), entry.kind is wins, entry.kind is EntryKind.JOINED) for entry in moves)
    there = party.registered and not (ordered and ordered[0][2])
    pieces, since = [], ALWAYS
    for moment, _, joins in ordered:
        if there:
            pieces.append((since, moment))
        there, since = joins, moment
    if there:
        pieces.append((since, FOREVER))
    return Spans.of(pieces)
