"""A problem with what was sent: which field, what is wrong with it, and which rule it breaks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; `field` is a dotted path as in `parties.0.number`, `problem` never repeats what was sent."""

    field: str
    code: str
    problem: str
    rule: str | None = None
