"""Which identities are no longer needed: an identity dies with the last holding that needs it (R11)."""

from collections.abc import Iterable

from recital_retention.model import Use

# A package and a collected part carry what they say themselves; who it is about need not be looked up for them.
NEEDS_NO_IDENTITY = frozenset({"identity", "package", "collection"})


def needs_identity(use: Use) -> bool:
    """Return whether this living holding needs to know who its subjects are. A closed request's file does not."""
    return use.kind not in NEEDS_NO_IDENTITY and not (use.kind == "request" and use.closed)


def still_needed(uses: Iterable[Use], *, stands_alone: bool) -> bool:
    """Return whether an identity is needed: by a holding, or for itself (a member of staff, who is not a call's)."""
    return stands_alone or any(needs_identity(each) for each in uses)
