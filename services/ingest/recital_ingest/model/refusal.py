"""A refusal as a decision gives it: a value, which actions turn into an error at the edge."""

from dataclasses import dataclass
from enum import Enum, auto

from recital_errors import (
    Conflict,
    Forbidden,
    Gone,
    Malformed,
    Reason,
    RecitalError,
    TooLarge,
    TooMany,
    UnsupportedMedia,
)


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


_REFUSALS = (Conflict, Forbidden, Gone, Malformed, TooLarge, UnsupportedMedia)
# The sender's line or one request of several, not the audio: it will come again.
_NOT_THE_AUDIO = frozenset(
    {
        *("upload_broken_off", "upload_too_slow", "upload_offset_differs", "upload_longer_than_stated"),
        *("checksum_differs", "checksum_body_too_large", "upload_in_too_many_pieces", "upload_expired"),
        "upload_elsewhere",
    }
)


def refusal_told(error: BaseException) -> str | None:
    """Return the code of an upload's refusal; None where what ended it says nothing of the audio or its permit."""
    refused = isinstance(error, _REFUSALS) and error.code not in _NOT_THE_AUDIO
    return error.code if refused and isinstance(error, RecitalError) else None
