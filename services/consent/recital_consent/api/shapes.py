"""Words that several requests are made of."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from recital_runtime import Instant, Model

# Beyond these no call was ever held, and some clocks cannot count.
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _in_our_times(at: datetime) -> datetime:
    if not _EARLIEST <= at <= _LATEST:
        raise ValueError("between 1970 and 2200")
    return at.astimezone(UTC)


When = Annotated[Instant, AfterValidator(_in_our_times)]
"""A moment of a call."""
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
"""The sender's word for a party or an entry, unique in the call."""
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""A purpose's key."""
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/#-]{1,200}$")]
"""The tenant's own word for what a retention period may wait for (a contract, a case). It goes out in events, which
hold no personal data (R07): so it has no room for a name or an address."""
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length=35)]
Version = Annotated[int, Field(ge=1, le=1_000_000)]


def canonical(body: Model) -> bytes:
    """Return a request in one spelling, by which a repeated one is known; what was not sent is not in it."""
    return body.model_dump_json(exclude_unset=True).encode()
