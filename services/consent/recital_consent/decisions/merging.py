"""May two subjects be made one: two verified identifiers that both have show it, else a second person must agree."""

from collections.abc import Collection

from recital_consent.model.subjects import IdentifierKind, Standing

ENOUGH = 2
Digest = tuple[IdentifierKind, bytes]


def merge_refusal(one: Standing, other: Standing) -> str | None:
    """Return the code for which `other` cannot be merged into `one`; None where it can.

    Merges do not chain: what was merged, or has others merged into it, is first split.
    """
    if one.id == other.id:
        return "subjects_same"
    if one.merged_into is not None or other.merged_into is not None or other.has_merged:
        return "subject_merged"
    return None


def is_shown(one: Collection[Digest], other: Collection[Digest]) -> bool:
    """Whether the verified identifiers of two subjects show by themselves that they are one person."""
    return len(set(one) & set(other)) >= ENOUGH
