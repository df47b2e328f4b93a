"""May this entry be written: judged by its own content only, never by its place among the others.

Whether an entry has an effect is another question, and asked in keepable.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from recital_errors import Reason
from recital_identity import Role

from recital_consent.model.calls import Entry, EntryKind
from recital_consent.model.problems import Problem

FURTHEST_AHEAD = timedelta(seconds=5)
MOST_ENTRIES = 2_000
"""Of one call: no real call has as many."""
_K = EntryKind
# Per kind: what it must say, and what it may say.
FIELDS: Mapping[EntryKind, tuple[frozenset[str], frozenset[str]]] = {
    kind: (frozenset(needs), frozenset(may))
    for kind, needs, may in (
        (_K.ANSWERED, (), ()),
        (_K.NOTICE_PLAYED, ("purposes", "started_at", "completed"), ("party", "version", "language")),
        (_K.CONSENT_GIVEN, ("party",), ("purposes",)),
        (_K.CONSENT_REFUSED, ("party",), ("purposes",)),
        (_K.CONSENT_WITHDRAWN, ("party",), ("purposes",)),
        (_K.OBJECTED, ("party",), ("purposes",)),
        (_K.HELD, (), ("party",)),
        (_K.RESUMED, (), ("party",)),
        (_K.PAUSED, (), ()),
        (_K.UNPAUSED, (), ()),
        (_K.JOINED, ("party",), ("joining",)),
        (_K.LEFT, ("party",), ()),
        (_K.MARKED_PRIVATE, (), ("started_at", "ended_at")),
        (_K.ENDED, (), ()),
    )
}
# What staff may write in their own calls: mark private, stop.
_STAFF_MAY = frozenset({_K.MARKED_PRIVATE, _K.PAUSED})


def field_problems(kind: EntryKind, given: Collection[str], path: str) -> Sequence[Problem]:
    """Return which fields are missing, and which do not belong to this kind of entry."""
    needs, may = FIELDS[kind]
    return [
        *(
            Problem(f"{path}.{name}", "field_missing", f"needed for {kind.value}")
            for name in sorted(needs - set(given))
        ),
        *(
            Problem(f"{path}.{name}", "field_unexpected", f"does not belong to {kind.value}")
            for name in sorted(set(given) - needs - may)
        ),
    ]


def entry_problems(
    entry: Entry, *, path: str, now: datetime, parties: Collection[str], notices: Mapping[str, Collection[str]]
) -> Sequence[Problem]:
    """Return what is wrong with an entry itself.

    `parties`: the labels of the call, and those that join in the same request. `notices`: per purpose of the call, the
    languages that its notice has a text in.
    """
    problems = []
    if entry.at > now + FURTHEST_AHEAD:
        problems.append(Problem(f"{path}.at", "entry_in_future", "more than 5 seconds ahead of Recital's time"))
    if entry.party is not None and entry.party not in parties:
        problems.append(Problem(f"{path}.party", "party_unknown", "not a party of this call", "R01"))
    if entry.purposes - notices.keys():
        problems.append(Problem(f"{path}.purposes", "purpose_unknown", "not a purpose of this call", "R04"))
    if entry.kind is EntryKind.NOTICE_PLAYED:
        problems += _notice_problems(entry, path, notices)
    if entry.kind is EntryKind.MARKED_PRIVATE:
        problems += part_problems(entry.started_at, entry.ended_at, path=f"{path}.")
    return problems


def part_problems(started_at: datetime | None, ended_at: datetime | None, *, path: str) -> Sequence[Problem]:
    """Return what is wrong with the part of a call that is marked, or asked to be marked, private."""
    if ended_at is None:
        return []
    if started_at is None:
        return [Problem(f"{path}started_at", "field_missing", "needed where ended_at is given", "R18")]
    if ended_at <= started_at:
        return [Problem(f"{path}ended_at", "mark_ends_before_it_starts", "must be after started_at", "R18")]
    return []


def forbidden(
    entries: Sequence[Entry], *, roles: Collection[Role], ended_at: datetime | None, window: timedelta, now: datetime
) -> Reason | None:
    """Return why the caller may not write these: staff beyond their own two kinds, a private mark after the window.

    After the window only a privacy officer may mark (R18), and may write nothing else.
    """
    kinds = {entry.kind for entry in entries}
    writes = {Role.INTEGRATOR, Role.STAFF} & set(roles)
    if kinds - _STAFF_MAY and writes == {Role.STAFF}:
        return Reason("not_for_staff")
    if kinds - {EntryKind.MARKED_PRIVATE} and not writes:
        return Reason("not_for_officer")
    too_late = ended_at is not None and now > ended_at + window
    if EntryKind.MARKED_PRIVATE in kinds and too_late and Role.PRIVACY_OFFICER not in roles:
        return Reason("private_mark_too_late", "R18")
    return None


def _notice_problems(entry: Entry, path: str, notices: Mapping[str, Collection[str]]) -> Sequence[Problem]:
    problems = []
    if not entry.purposes:
        problems.append(Problem(f"{path}.purposes", "purpose_missing", "a notice says for which purposes", "R04"))
    if entry.started_at is not None and entry.started_at >= entry.at:
        problems.append(Problem(f"{path}.at", "notice_ends_before_it_starts", "must be after started_at", "R03"))
    if any(entry.language not in languages for key, languages in notices.items() if key in entry.purposes):
        problems.append(Problem(f"{path}.language", "language_without_text", "no notice text in this language", "R03"))
    return problems
