"""What of a recording must be cut out while the rest stays, and whether that may happen now (R11, R08, R14).

What no running clock covers any more, or what a revoked permit no longer allows, is not kept because something else in
the same recording is. A hold, an open request or a restriction defers the cut; access has ended all the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from recital_errors import Reason
from recital_events import PurposeSpans

from recital_retention.decisions.erasing import what_keeps
from recital_retention.decisions.revocations import common, covered, gathered, purposes_of, spans_of
from recital_retention.model import Ground, Standing


@dataclass(frozen=True, slots=True)
class Cut:
    """The spans that remain of a recording, the ground on which the rest goes, and what defers it."""

    kept: tuple[PurposeSpans, ...]
    ground: Ground
    deferred: tuple[Reason, ...]


def cut_of(
    standing: Standing,
    recorded: Sequence[PurposeSpans],
    may_be_kept: Sequence[PurposeSpans] | None,
    running: Collection[str],
) -> Cut | None:
    """Return what must be cut out of a recording; None where nothing must, or nothing would remain.

    `may_be_kept` is what a revoked permit leaves, None where it stands; `running` are the keys of purposes whose clocks
    run.
    """
    allowed = recorded if may_be_kept is None else may_be_kept
    kept = gathered(
        PurposeSpans(purposes=(purpose,), spans=tuple(remaining))
        for purpose in purposes_of(recorded)
        if purpose in running and (remaining := common(spans_of(recorded, purpose), spans_of(allowed, purpose)))
    )
    if not kept or covered(kept) == covered(recorded) or standing.state.beyond_return or standing.trimming:
        return None
    return Cut(kept, _ground(standing, recorded, may_be_kept), what_keeps(standing))


def _ground(standing: Standing, recorded: Sequence[PurposeSpans], may_be_kept: Sequence[PurposeSpans] | None) -> Ground:
    if may_be_kept is not None and not _covers(may_be_kept, recorded):
        return Ground.PERMIT_REVOKED
    return Ground.ERASURE_REQUESTED if standing.requested else Ground.PURPOSE_ENDED


def _covers(may_be_kept: Sequence[PurposeSpans], recorded: Sequence[PurposeSpans]) -> bool:
    return common(covered(recorded), covered(may_be_kept)) == covered(recorded)
