"""What can go wrong, as a few typed errors and the reasons behind a refusal.

Expected refusals are values made of `Reason`; exceptions are for the edge. How an error looks on the wire
is decided in one other place, `recital_runtime.problems`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "Conflict",
    "FieldError",
    "Forbidden",
    "Gone",
    "Malformed",
    "NotFound",
    "PermanentError",
    "PreconditionFailed",
    "Reason",
    "RecitalError",
    "TooLarge",
    "TooMany",
    "Unauthenticated",
    "Unavailable",
    "UnsupportedMedia",
]


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that failed: a stable code, the rule's id, and what it is about (a party's label, a purpose's key)."""

    code: str
    rule: str | None = None
    party: str | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of the input that is wrong; `field` is its dotted path, as in `parties.0.number`."""

    field: str
    problem: str


class RecitalError(Exception):
    """Something went wrong."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        reasons: Iterable[Reason] = (),
        fields: Iterable[FieldError] = (),
        retry_after: int | None = None,
    ) -> None:
        """`code` is stable and for machines, `detail` is for people and never holds personal data.

        Without a detail the class's own first line speaks. `retry_after` is in seconds.
        """
        self.code = code
        self.detail = detail or (type(self).__doc__ or "").strip().splitlines()[0]
        self.reasons = tuple(reasons)
        self.fields = tuple(fields)
        self.retry_after = retry_after
        super().__init__(f"{code}: {self.detail}")


class Malformed(RecitalError):
    """The request is understood but what it says cannot be."""


class Unauthenticated(RecitalError):
    """The request carries no token that is accepted here."""


class Forbidden(RecitalError):
    """The one who asks has no right to this."""


class NotFound(RecitalError):
    """There is nothing here under that id."""

    def __init__(self, code: str = "not_found", detail: str | None = None) -> None:
        """Another tenant's id and a missing one answer alike, so there is little to say."""
        super().__init__(code, detail)


class Conflict(RecitalError):
    """The request does not fit the present state."""


class Gone(RecitalError):
    """What was here has been erased."""


class PreconditionFailed(RecitalError):
    """What is edited has changed since it was read."""


class UnsupportedMedia(RecitalError):
    """Content of this kind is not accepted here."""


class TooLarge(RecitalError):
    """The request is larger than what is accepted here."""


class TooMany(RecitalError):
    """Too much is asked at once."""


class Unavailable(RecitalError):
    """Something this needs does not answer; nothing was changed."""


class PermanentError(RecitalError):
    """An event that can never be processed as it is: a dead letter."""
