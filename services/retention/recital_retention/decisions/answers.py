"""What an owner's answer to an erasure order proves: every registered place empty, or which ones are missing (R15)."""

from collections.abc import Collection
from dataclasses import dataclass

from recital_retention.model import PlaceProof

Name = tuple[str, str]
"""A place by kind and id."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`unregistered` are places proved empty that the register did not know; `missing` are not proved yet."""

    unregistered: tuple[Name, ...]
    missing: tuple[Name, ...]
    complete: bool


def judge_answer(registered: Collection[PlaceProof], proved: Collection[Name]) -> Answer:
    """Judge an answer against the register.

    Complete means: every registered place is proved empty, now or before, and at least one proof exists, since the
    owner of a holding without registered places (a call record) names them itself.
    """
    names = {(each.kind, each.id) for each in registered if each.registered}
    before = {(each.kind, each.id) for each in registered if each.absent_at is not None}
    missing = names - before - set(proved)
    return Answer(
        unregistered=tuple(sorted(set(proved) - names)),
        missing=tuple(sorted(missing)),
        complete=not missing and bool(before or proved),
    )
