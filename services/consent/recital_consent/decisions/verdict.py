"""May this call be recorded now, what of it may be kept, and every reason why not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from recital_errors import Reason

from recital_consent.decisions.ground import ground_failures
from recital_consent.decisions.keepable import Reading, keepable
from recital_consent.decisions.outside import is_settled, settled
from recital_consent.decisions.silence import is_private
from recital_consent.decisions.staff import staff_only_allowed, unannounced
from recital_consent.model.calls import Call, PurposeTerms
from recital_consent.model.spans import FOREVER, Spans, moment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rulebook says of a call as its timeline stands.

    may_record: whether recording may run now, for at least one purpose. reasons: all that failed, of each purpose; one
    without a purpose is of the whole call. keepable: per purpose key; moments in microseconds, FOREVER where open.
    private: whether the call as a whole was marked private, and not only asked to be.
    """

    may_record: bool
    reasons: tuple[Reason, ...]
    keepable: Mapping[str, Spans]
    starts_at: int | None
    ends_at: int
    private: bool


def decide(call: Call, now: datetime) -> Verdict:
    """Return the verdict of all rules. A function of the set of entries: their order does not matter."""
    reading = Reading(call)
    kept = keepable(reading)
    moment = moment_of(now)
    present = judged_present(reading, moment)
    of_call = _call_failures(reading, present, moment)
    of_purposes = [_purpose_failures(reading, purpose, present, moment, kept) for purpose in call.purposes]
    return Verdict(
        may_record=not of_call and not all(of_purposes),
        reasons=(*of_call, *(reason for reasons in of_purposes for reason in reasons)),
        keepable=kept,
        starts_at=reading.start,
        ends_at=reading.end,
        private=reading.is_private if is_settled(call) else is_private(settled(call)),
    )


def judged_present(reading: Reading, now: int) -> Collection[str]:
    """Return whom the rules judge as present: before the answer all who were registered, after the end all who ever
    were there, in between those who are there now.
    """
    if reading.start is None or now < reading.start:
        return [party.label for party in reading.call.parties if party.registered]
    if now >= reading.end:
        return [label for label, spans in reading.present.items() if spans.within(reading.start, reading.end)]
    return [label for label, spans in reading.present.items() if now in spans]


def _call_failures(reading: Reading, present: Collection[str], now: int) -> Sequence[Reason]:
    call = reading.call
    failed = {
        Reason("call_ended"): now >= reading.end,
        Reason("source_not_registered", "R02"): not call.has_source,
        Reason("participant_missing", "R01"): not any(
            party.is_staff for party in call.parties if party.label in present
        ),
        Reason("staff_only", "R27"): all(_staff_alone(reading, each, present, now) for each in call.purposes),
        Reason("marked_private", "R18"): reading.is_private or now in reading.private,
        Reason("paused"): now in reading.paused,
        Reason("on_hold"): now in reading.held_at_all and all(each.hold_suppressed for each in call.purposes),
    }
    return [reason for reason, fails in failed.items() if fails]


def _staff_alone(reading: Reading, purpose: PurposeTerms, present: Collection[str], now: int) -> bool:
    """R27: whether only staff are there, and either just one of them or no exception names the purpose."""
    staff = [party for party in reading.call.parties if party.is_staff and party.label in present]
    if not staff or any(party.label in present for party in reading.call.others):
        return False
    began = now if reading.start is None else reading.start
    return len(staff) == 1 or not staff_only_allowed(purpose, began)


def _purpose_failures(
    reading: Reading, purpose: PurposeTerms, present: Collection[str], now: int, kept: Mapping[str, Spans]
) -> Sequence[Reason]:
    """Every rule that fails for a purpose: now, or of a call that is over, where nothing of it may be kept."""
    if now >= reading.end and kept[purpose.key]:
        return []
    call, moment = reading.call, min(now, reading.end)
    told = reading.told(purpose)
    judged = now if reading.start is None else reading.start
    reasons = [] if purpose.drawn else [Reason("not_sampled", "R19", purpose=purpose.key)]
    reasons += [
        Reason("staff_not_announced", "R20", party=party.label, purpose=purpose.key)
        for party in unannounced(call, purpose, judged)
    ]
    reasons += [_notice_failure(reading, label, purpose) for label in told if label in present and told[label] > moment]
    reasons += ground_failures(call, purpose, told, present=present, moment=moment, start=reading.start)
    return [*reasons, *_failures_of_some(reading, purpose, present, now)]


def _failures_of_some(reading: Reading, purpose: PurposeTerms, present: Collection[str], now: int) -> Sequence[Reason]:
    """What is told of the whole call where it stops all purposes, and here where it stops some."""
    purposes = reading.call.purposes
    some_may_hold = not all(each.hold_suppressed for each in purposes)
    some_may_be_alone = not all(_staff_alone(reading, each, present, now) for each in purposes)
    reasons = []
    if some_may_hold and purpose.hold_suppressed and now in reading.held_at_all:
        reasons.append(Reason("on_hold", purpose=purpose.key))
    if some_may_be_alone and _staff_alone(reading, purpose, present, now):
        reasons.append(Reason("staff_only", "R27", purpose=purpose.key))
    return reasons


def _notice_failure(reading: Reading, label: str, purpose: PurposeTerms) -> Reason:
    """R04 where the party was told, but not of this purpose; else R03."""
    told_of_another = any(
        reading.told(other)[label] < FOREVER for other in reading.call.purposes if other.key != purpose.key
    )
    code, rule = ("purpose_not_named", "R04") if told_of_another else ("notice_missing", "R03")
    return Reason(code, rule, party=label, purpose=purpose.key)
