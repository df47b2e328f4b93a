"""Who had been told before, and why (R03, R04). A notice tells for the whole call, over transfers and rejoining."""

from collections.abc import Mapping

from recital_consent.decisions.presence import Presence
from recital_consent.decisions.silence import Holds, held
from recital_consent.model.calls import Call, Entry, EntryKind, Party, PurposeTerms
from recital_consent.model.spans import ALWAYS, FOREVER, Spans, moment_of

Told = Mapping[str, int]
"""Per party that is not staff, the moment since which it has been told; FOREVER where it never was."""


def told_since(call: Call, purpose: PurposeTerms, present: Presence, on_hold: Holds) -> Told:
    """Return since when each party that is not staff knows of the purpose, in the version registered for the call.

    A notice counts that was played to its end; a party it does not name heard it only if present throughout and not
    on hold.
    """
    since = {party.label: FOREVER for party in call.others}
    for entry in call.entries:
        if not _counts(entry, purpose):
            continue
        for party in call.others:
            if _tells(entry, party, present, on_hold):
                since[party.label] = min(since[party.label], moment_of(entry.at))
    return since


def untold(present: Presence, told: Told) -> Spans:
    """Return when somebody was there who had not been told: nobody is recorded then."""
    return Spans.of(piece for label, since in told.items() for piece in present[label].within(ALWAYS, since).pieces)


def _counts(entry: Entry, purpose: PurposeTerms) -> bool:
    return (
        entry.kind is EntryKind.NOTICE_PLAYED
        and entry.completed
        and purpose.key in entry.purposes
        and entry.version in (None, purpose.version)
    )


def _tells(entry: Entry, party: Party, present: Presence, on_hold: Holds) -> bool:
    if entry.party is not None:
        return entry.party == party.label
    if entry.started_at is None:
        return False
    heard = Spans.of([(moment_of(entry.started_at), moment_of(entry.at))])
    missed = heard - present[party.label] | heard & held(on_hold, party.label)
    return bool(heard) and not missed
