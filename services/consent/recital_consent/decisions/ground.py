"""The lawful ground of each moment (R08, R17): consent in force, objections, and a basis that is in date.

Consent is asked of every party that is not staff; staff are covered by what was announced to them (R20).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from recital_errors import Reason

from recital_consent.decisions.jurisdiction import all_must_consent
from recital_consent.decisions.notice import Told
from recital_consent.decisions.presence import Presence
from recital_consent.model.calls import Call, Entry, EntryKind, PurposeTerms
from recital_consent.model.purposes import BasisKind
from recital_consent.model.spans import ALWAYS, EVER, FOREVER, NEVER, Spans, instant_of, moment_of

# A withdrawal is a refusal that comes later, and counts as one.
NO = frozenset({EntryKind.CONSENT_REFUSED, EntryKind.CONSENT_WITHDRAWN, EntryKind.OBJECTED})
# AVG art. 21(1): these two give way to an objection, by whoever, for the whole call.
_OBJECTIONABLE = frozenset({BasisKind.LEGITIMATE_INTERESTS, BasisKind.PUBLIC_TASK})


@dataclass(frozen=True, slots=True)
class Standing:
    """A party's consent to a purpose: in force from a moment on (FOREVER: not at all), and its last no."""

    since: int
    no: Entry | None


def needs_consent(call: Call, purpose: PurposeTerms) -> bool:
    """Whether the purpose rests on consent, or a country involved asks everybody's consent whatever the basis."""
    return purpose.basis is BasisKind.CONSENT or all_must_consent(call)


def standings(call: Call, purpose: PurposeTerms, told: Told) -> Mapping[str, Standing]:
    """Return how each party that is not staff stands to the purpose, whether it ever was present or not.

    Consent counts that was given after the party's last no, and at or after the moment it was told.
    """
    given: dict[str, list[int]] = {label: [] for label in told}
    last_no: dict[str, Entry] = {}
    for entry in call.entries:
        if entry.party not in given or not entry.touches(purpose.key):
            continue
        if entry.kind is EntryKind.CONSENT_GIVEN:
            given[entry.party].append(moment_of(entry.at))
        elif entry.kind in NO:
            last_no[entry.party] = max(last_no.get(entry.party, entry), entry, key=_order)
    return {label: _standing(given[label], last_no.get(label), told[label]) for label in told}


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
    """Return the first no to a purpose that gives way to objections, by whoever, also after the call (R17)."""
    if purpose.basis not in _OBJECTIONABLE:
        return None
    noes = [entry for entry in call.entries if entry.kind in NO and entry.touches(purpose.key)]
    return min(noes, key=_order, default=None)


def has_expired(purpose: PurposeTerms, moment: int) -> bool:
    """Whether the review of the balancing test was due before this moment: then there is no basis (R08)."""
    return purpose.review_on is not None and instant_of(moment).date() > purpose.review_on


def without_ground(call: Call, purpose: PurposeTerms, told: Told, present: Presence, start: int) -> Spans:
    """Return when the purpose had no lawful ground in this call."""
    if has_expired(purpose, start) or objection(call, purpose):
        return EVER
    if needs_consent(call, purpose):
        return without_consent(present, standings(call, purpose, told))
    return NEVER


def ground_failures(
    call: Call, purpose: PurposeTerms, told: Told, present: Collection[str], moment: int
) -> list[Reason]:
    """Return why the purpose has no ground at a moment, with these parties present."""
    reasons = []
    if has_expired(purpose, moment):
        reasons.append(Reason("basis_expired", "R08", purpose=purpose.key))
    objected = objection(call, purpose)
    if objected:
        reasons.append(Reason("objected", "R17", party=objected.party, purpose=purpose.key))
    if needs_consent(call, purpose):
        for label, stands in standings(call, purpose, told).items():
            if moment < stands.since and (stands.no or label in present):
                reasons.append(_consent_failure(label, stands, purpose))
    return reasons


def _standing(given: list[int], no: Entry | None, told: int) -> Standing:
    # At one instant the no wins, so consent must come later than it.
    earliest = told if no is None else max(told, moment_of(no.at) + 1)
    return Standing(min((moment for moment in given if moment >= earliest), default=FOREVER), no)


def _consent_failure(label: str, stands: Standing, purpose: PurposeTerms) -> Reason:
    if stands.no is None:
        return Reason("consent_missing", "R08", party=label, purpose=purpose.key)
    rule = "R17" if stands.no.kind is EntryKind.OBJECTED else "R08"
    return Reason(stands.no.kind.value, rule, party=label, purpose=purpose.key)


def _order(entry: Entry) -> tuple[int, str, str]:
    return moment_of(entry.at), entry.kind.value, entry.id
