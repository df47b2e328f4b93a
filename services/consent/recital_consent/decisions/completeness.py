"""Is a call's recording whole: everything that could be kept has come, or lawfully nothing, or something is missing.

Every call that is known has one of these outcomes, with the reason; silence never looks like success.
"""

from collections.abc import Collection, Iterable, Sequence

from recital_consent.decisions.verdict import Verdict
from recital_consent.model.completeness import Completeness, Outcome, StoredSpans
from recital_consent.model.spans import FOREVER, Spans, moment_of

MILLISECOND = 1_000
# True of every call that is over, or of a moment: no reason why nothing was recorded.
_PASSING = frozenset({"call_ended", "on_hold", "paused"})


def completeness_of(
    verdict: Verdict,
    stored: Sequence[StoredSpans],
    *,
    over: Collection[str] = (),
    tolerance_ms: int,
    due: bool,
) -> Completeness:
    """Return what is to be said of a call as its timeline stands.

    stored: what ingest keeps of it, also what was erased since. over: the purposes whose retention is past, for which
    nothing comes any more. due: whether the time that a recording, or an end, may take has passed.
    """
    if verdict.starts_at is None or verdict.ends_at == FOREVER:
        if verdict.private:
            return Completeness(outcome=Outcome.NOT_RECORDED, reasons=("marked_private",))
        if verdict.ends_at == FOREVER:
            return Completeness(outcome=Outcome.UNENDED if due else Outcome.GOING_ON)
        return Completeness(outcome=Outcome.NOT_RECORDED, reasons=("not_answered",))
    kept = _union(spans for key, spans in verdict.keepable.items() if key not in over)
    wanting = kept - _union(_moments(each) for each in stored)
    if _milliseconds(wanting) <= tolerance_ms:
        if stored:
            return Completeness(outcome=Outcome.RECORDED)
        return Completeness(outcome=Outcome.NOT_RECORDED, reasons=_why(verdict, over))
    gaps = _since_the_answer(wanting, verdict.starts_at)
    return Completeness(outcome=Outcome.MISSING if due else Outcome.WAITING, gaps=gaps)


def _why(verdict: Verdict, over: Collection[str]) -> tuple[str, ...]:
    reasons = {reason.code for reason in verdict.reasons} - _PASSING
    if any(verdict.keepable[key] for key in over):
        reasons.add("retention_over")
    if verdict.private:
        reasons.add("marked_private")
    return tuple(sorted(reasons)) or ("nothing_to_keep",)


def _union(several: Iterable[Spans]) -> Spans:
    return Spans.of(piece for spans in several for piece in spans.pieces)


def _moments(stored: StoredSpans) -> Spans:
    origin = moment_of(stored.answered_at)
    return Spans.of((origin + start * MILLISECOND, origin + end * MILLISECOND) for start, end in stored.spans)


def _milliseconds(spans: Spans) -> int:
    return sum(end - start for start, end in spans.pieces) // MILLISECOND


def _since_the_answer(spans: Spans, start: int) -> tuple[tuple[int, int], ...]:
    pieces = (((begin - start) // MILLISECOND, -((start - end) // MILLISECOND)) for begin, end in spans.pieces)
    return tuple(pieces)
