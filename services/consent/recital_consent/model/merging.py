"""Two subjects that turn out to be one person, until they are split again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class MergeState(StrEnum):
    """How far it is: proposed until a second person agrees."""

    PROPOSED = "proposed"
    MERGED = "merged"
    SPLIT = "split"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """`merged` is `subject` as well. proposed_by: a keyed digest of who proposed it."""

    id: UUID
    subject: UUID
    merged: UUID
    state: MergeState
    proposed_by: bytes
    proposed_at: datetime
    merged_at: datetime | None = None
    split_at: datetime | None = None
