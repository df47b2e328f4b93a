"""Whether owners have holdings that were never announced: their counts against the register's (R11, R15)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Counts = Mapping[str, Mapping[str, int]]
"""How many holdings live, by kind and then by month."""


@dataclass(frozen=True, slots=True)
class Unannounced:
    """How many holdings of a kind and month the register does not know. Nothing would ever erase them."""

    kind: str
    month: str
    holdings: int


def unannounced(owned: Iterable[Counts], registered: Counts) -> list[Unannounced]:
    """Return what owners have beyond the register, several owners of one kind taken together.

    What the register has beyond its owners is on its way out: an owner destroys before retention certifies.
    """
    found: Counter[tuple[str, str]] = Counter()
    for each in owned:
        for kind, months in each.items():
            found.update({(kind, month): number for month, number in months.items()})
    beyond = {key: number - registered.get(key[0], {}).get(key[1], 0) for key, number in found.items()}
    return [Unannounced(kind, month, number) for (kind, month), number in sorted(beyond.items()) if number > 0]
