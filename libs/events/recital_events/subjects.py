"""What consent tells of persons: that two subjects are one, or are not."""

from uuid import UUID

from recital_events.event import Event, Instant


class SubjectMerged(Event):
    """`merged` turned out to be `subject`: what holds for the one holds for both, until they are split."""

    name = "subject.merged"
    identity = "subject"
    producers = ("consent",)
    consumers = ("ingest", "retention", "dsar")

    subject: UUID
    merged: UUID
    merged_at: Instant


class SubjectSplit(Event):
    """A merge was undone: `split` is a person of its own again."""

    name = "subject.split"
    identity = "subject"
    producers = ("consent",)
    consumers = ("ingest", "retention", "dsar")

    subject: UUID
    split: UUID
    split_at: Instant
