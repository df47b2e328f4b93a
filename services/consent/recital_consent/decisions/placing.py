"""Who each of several described persons is: known already, or new; what one says of a person counts for the next.

Many at once end as they would one after another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from recital_consent.decisions.identifying import which_subject
from recital_consent.model.subjects import IdentifierKind, Known

Digest = tuple[IdentifierKind, bytes]


@dataclass(frozen=True, slots=True)
class Placed:
    """Per person the subject, None for one of whom nothing is said. made, extended: per subject the persons that tell
    what is new of it, by their place.
    """

    subjects: tuple[UUID | None, ...]
    made: Mapping[UUID, Sequence[int]]
    extended: Mapping[UUID, Sequence[int]]

    @property
    def is_news(self) -> bool:
        """Whether anybody is new, or something is newly said of somebody known."""
        return bool(self.made or self.extended)


def place(people: Sequence[frozenset[Digest] | None], known: Sequence[Known], ids: Iterator[UUID]) -> Placed:
    """Return who everybody is. people: digests of their identifiers, None where nothing is said; `ids` for new ones."""
    digests = {each.subject: each.digests for each in known}
    reached: dict[Digest, set[UUID]] = {}
    for each in known:
        for digest in each.digests:
            reached.setdefault(digest, set()).add(each.subject)
    subjects: list[UUID | None] = []
    made: dict[UUID, list[int]] = {}
    extended: dict[UUID, list[int]] = {}
    for index, wanted in enumerate(people):
        if wanted is None:
            subjects.append(None)
            continue
        meant = sorted({subject for digest in wanted for subject in reached.get(digest, ())})
        subject = which_subject(wanted, [Known(each, digests[each]) for each in meant])
        if subject is None:
            subject = next(ids)
            made[subject] = [index]
        elif wanted - digests[subject]:
            (made if subject in made else extended).setdefault(subject, []).append(index)
        digests[subject] = digests.get(subject, frozenset()) | wanted
        for digest in wanted:
            reached.setdefault(digest, set()).add(subject)
        subjects.append(subject)
    return Placed(tuple(subjects), made, extended)
