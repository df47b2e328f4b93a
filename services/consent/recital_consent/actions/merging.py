"""Two subjects that are one person: merged on two shared verified identifiers or by two people, undone by a split."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from recital_database import Transaction, announce, new_id, record
from recital_errors import Conflict, Forbidden, NotFound
from recital_events import SubjectMerged, SubjectSplit
from recital_identity import Principal

from recital_consent.actions.means import LOG, Means, person
from recital_consent.actions.stating import REACHES
from recital_consent.decisions.merging import Digest, is_shown, merge_refusal
from recital_consent.model.merging import Merge, MergeState
from recital_consent.store import merges, statements, subjects, tenants

_WHY = {
    "subjects_same": "A subject is merged into another.",
    "subject_merged": "One of them is merged already: split that first.",
}


async def merge_subjects(means: Means, tx: Transaction, principal: Principal, subject: UUID, merged: UUID) -> Merge:
    """Make `merged` one with `subject`: at once on two shared verified identifiers, else when a second person agrees.

    Asked again it is the same merge. Raises NotFound, Conflict `subjects_same`, `subject_merged`.
    """
    found = await merges.standings(tx, {subject, merged})
    if subject not in found or merged not in found:
        raise NotFound
    known = await merges.open_merge(tx, merged)
    if known is not None and known.subject == subject:
        return known
    code = merge_refusal(found[subject], found[merged]) or ("subject_merged" if known else None)
    if code is not None:
        raise Conflict(code, _WHY[code])
    tenant, _ = await tenants.own_tenant(tx)
    merge = Merge(
        id=await new_id(tx),
        subject=subject,
        merged=merged,
        state=MergeState.PROPOSED,
        proposed_by=await person(means.vault, tenant, principal),
        proposed_at=tx.now,
    )
    await merges.add_merge(tx, merge)
    await record(tx, LOG, "subjects.merge_proposed", facts=_facts(merge))
    one, other = [await _verified(tx, each) for each in (subject, merged)]
    return await _merge(tx, merge, None) if is_shown(one, other) else merge


async def approve_merge(means: Means, tx: Transaction, principal: Principal, merge_id: UUID) -> Merge:
    """Agree to a merge as a second person; agreed again, it stays as it is.

    Raises NotFound, also where one of them was erased meanwhile, Forbidden `second_person_needed`, Conflict.
    """
    merge = await merges.find_merge(tx, merge_id)
    if merge.state is not MergeState.PROPOSED:
        return merge
    tenant, _ = await tenants.own_tenant(tx)
    by = await person(means.vault, tenant, principal)
    if by == merge.proposed_by:
        raise Forbidden("second_person_needed", "Whoever proposed a merge cannot agree to it.")
    found = await merges.standings(tx, {merge.subject, merge.merged})
    if len(found) < 2:
        raise NotFound
    code = merge_refusal(found[merge.subject], found[merge.merged])
    if code is not None:
        raise Conflict(code, _WHY[code])
    return await _merge(tx, merge, by)


async def split_subjects(tx: Transaction, merge_id: UUID) -> Merge:
    """Undo a merge, or take a proposed one back: both are persons of their own again. Twice is harmless.

    What was registered meanwhile stays with `subject`. Raises NotFound.
    """
    merge = await merges.find_merge(tx, merge_id)
    if merge.state is MergeState.SPLIT:
        return merge
    await merges.change_merge(tx, merge.id, state=MergeState.SPLIT.value, split_at=tx.now)
    await record(tx, LOG, "subjects.split", facts=_facts(merge))
    if merge.state is MergeState.MERGED:
        await subjects.change_identity(tx, merge.merged, merged_into=None)
        await announce(tx, SubjectSplit(subject=merge.subject, split=merge.merged, split_at=tx.now))
    return replace(merge, state=MergeState.SPLIT, split_at=tx.now)


async def list_merges(tx: Transaction, *, after: UUID | None, most: int) -> Sequence[Merge]:
    """Return a page of merges."""
    return await merges.list_merges(tx, after=after, most=most)


async def _verified(tx: Transaction, subject: UUID) -> list[Digest]:
    return [(each.kind, each.digest) for each in await merges.indexed(tx, subject) if each.verified_at]


async def _merge(tx: Transaction, merge: Merge, by: bytes | None) -> Merge:
    await merges.change_merge(tx, merge.id, state=MergeState.MERGED.value, merged_at=tx.now, approved_by=by)
    await subjects.change_identity(tx, merge.merged, merged_into=merge.subject)
    await record(tx, LOG, "subjects.merged", facts=_facts(merge))
    await announce(tx, SubjectMerged(subject=merge.subject, merged=merge.merged, merged_at=tx.now))
    # What the one withdrew or objected to holds for the calls of the other from now on.
    await statements.reach_again(tx, (merge.subject, merge.merged))
    tx.touched.add(REACHES)
    return replace(merge, state=MergeState.MERGED, merged_at=tx.now)


def _facts(merge: Merge) -> dict[str, str]:
    return {"merge": str(merge.id), "subject": str(merge.subject), "merged": str(merge.merged)}
