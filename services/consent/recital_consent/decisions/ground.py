"""The lawful ground of each moment (R08, R17): consent in force, objections, and a basis that is in date.

Consent is asked of every party that is not staff; staff are covered by what was announced to them (R20).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from recital_errors import Reason

from recital_consent.decisions.notice import Told
from recital_consent.decisions.outside import may_be_objected_to, needs_consent, said_outside
from recital_consent.decisions.presence import Presence
from recital_consent.model.calls import Call, Entry, EntryKind, PurposeTerms
from recital_consent.model.spans import ALWAYS, EVER, FOREVER, NEVER, Spans, instant_of, moment_of

# A withdrawal is a refusal that comes later, and counts as one.
NO = frozenset({EntryKind.CONSENT_REFUSED, EntryKind.CONSENT_WITHDRAWN, EntryKind.OBJECTED})


@dataclass(frozen=True, slots=True)
class Standing:
    """A party's consent to a purpose: in force from a moment on (FOREVER: not at all), and its last no."""

    since: int
    no: Entry | None


def standings(call: Call, purpose: PurposeTerms, told: Told, start: int | None) -> Mapping[str, Standing]:
    """Return how each party that is not staff stands to the purpose, whether it ever was present or not.

    Consent counts that was given after the party's last no; one given in the call also at or after the moment it was
    told, while one from outside carries its own text. A no from outside, before the call, takes back the consents until
    then and no more: nothing of this call had been recorded yet.
    """
    given: dict[str, list[int]] = {label: [] for label in told}
    brought: dict[str, list[int]] = {label: [] for label in told}
    last_no: dict[str, Entry] = {}
    over = dict.fromkeys(told, ALWAYS)
    outside = said_outside(call)
    for entry in (*call.entries, *outside):
        if entry.party not in given or not entry.touches(purpose.key):
            continue
        at = moment_of(entry.at)
        if entry.kind is EntryKind.CONSENT_GIVEN:
            (brought if entry in outside else given)[entry.party].append(at)
        elif entry.kind in NO and entry in outside and (start is None or at < start):
            over[entry.party] = max(over[entry.party], at + 1)
        elif entry.kind in NO:
            last_no[entry.party] = max(last_no.get(entry.party, entry), entry, key=_order)
    found = {}
    for label, since in told.items():
        no = last_no.get(label)
        # At one instant the no wins, so consent must come later than it.
        earliest = over[label] if no is None else max(over[label], moment_of(no.at) + 1)
        counting = [
            *(at for at in brought[label] if at >= earliest),
            *(at for at in given[label] if at >= max(earliest, since)),
        ]
        found[label] = Standing(min(counting, default=FOREVER), no)
    return found


def without_consent(present: Presence, standing: Mapping[str, Standing]) -> Spans:
    """Return when consent was lacking: while one present had not given it, and before and after anybody's no.

    A no takes away what was recorded before it, also from before that party joined, and closes the purpose, also after
    that party left, until that party consents again.
    """
    return Spans.of(
        piece
        for label, stands in standing.items()
        for piece in (EVER if stands.no else present[label]).within(ALWAYS, stands.since).pieces
    )


def objection(call: Call, purpose: PurposeTerms) -> Entry | None:
    """Return the first no to a purpose that gives way to objections, by whoever, also after the call or outside it."""
    if not may_be_objected_to(purpose):
        return None
    said = (*call.entries, *said_outside(call))
    noes = [entry for entry in said if entry.kind in NO and entry.touches(purpose.key)]
    return min(noes, key=_order, default=None)


def has_expired(purpose: PurposeTerms, moment: int) -> bool:
    """Whether the review of the balancing test was due before this moment: then there is no basis (R08)."""
    return purpose.review_on is not None and instant_of(moment).date() > purpose.review_on


def without_ground(call: Call, purpose: PurposeTerms, told: Told, present: Presence, start: int) -> Spans:
    """Return when the purpose had no lawful ground in this call."""
    if has_expired(purpose, start) or objection(call, purpose):
        return EVER
    if needs_consent(call, purpose):
        return without_consent(present, standings(call, purpose, told, start))
    return NEVER


def ground_failures(
    call: Call,
    purpose: PurposeTerms,
    told: Told,
    *,
    present: Collection[str],
    moment: int,
    start: int | None,
) -> list[Reason]:
    """Return why the purpose has no ground at a moment, with these parties present; `start` is the call's."""
    reasons = []
    if has_expired(purpose, moment):
        reasons.append(Reason("basis_expired", "R08", purpose=purpose.key))
    objected = objection(call, purpose)
    if objected:
        reasons.append(Reason("objected", "R17", party=objected.party, purpose=purpose.key))
    if needs_consent(call, purpose):
        for label, stands in standings(call, purpose, told, start).items():
            if moment < stands.since and (stands.no or label in present):
                reasons.append(_consent_failure(label, stands, purpose))
    return reasons


def _consent_failure(label: str, stands: Standing, purpose: PurposeTerms) -> Reason:
    if stands.no is None:
        return Reason("consent_missing", "R08", party=label, purpose=purpose.key)
    rule = "R17" if stands.no.kind is EntryKind.OBJECTED else "R08"
    return Reason(stands.no.kind.value, rule, party=label, purpose=purpose.key)


def _order(entry: Entry) -> tuple[int, str, str]:
    return moment_of(entry.at), entry.kind.value, entry.id
