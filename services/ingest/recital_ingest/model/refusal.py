"""A refusal as a decision gives it: a value, which actions turn into an error at the edge."""

from dataclasses import dataclass
from enum import Enum, auto

from recital_errors import Conflict, Forbidden, Gone, Malformed, Reason, RecitalError, TooMany, UnsupportedMedia


class Kind(Enum):
    """What sort of no it is."""

    FORBIDDEN = auto()
    GONE = auto()
    TOO_MANY = auto()
    MEDIA = auto()
    MALFORMED = auto()
    CONFLICT = auto()


_ERRORS: dict[Kind, type[RecitalError]] = {
    Kind.FORBIDDEN: Forbidden,
    Kind.GONE: Gone,
    Kind.TOO_MANY: TooMany,
    Kind.MEDIA: UnsupportedMedia,
    Kind.MALFORMED: Malformed,
    Kind.CONFLICT: Conflict,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """No, with a stable code, words for people, and the rules that say so."""

    kind: Kind
    code: str
    detail: str
    reasons: tuple[Reason, ...] = ()
    retry_after: int | None = None

    def error(self) -> RecitalError:
        """Return the error that says this at the edge."""
        return _ERRORS[self.kind](self.code, self.detail, reasons=self.reasons, retry_after=self.retry_after)
