"""What an event is: a fact told by one service to others, as a frozen model of ids, times and codes.

Readers ignore fields they do not know, so that a field may be added. No event holds personal data (R07): persons are
subject ids, reasons are codes, and free text has no place.
"""

from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment: an aware datetime, always in UTC (RFC 3339 with Z on the wire)."""

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]+$", max_length=64)]
"""A stable word for machines: a purpose's key, a party's label, a ground, a cause. Never a sentence."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 hash in lower-case hexadecimal."""


class Noun(BaseModel):
    """A part of events that several of them share."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(BaseModel):
    """Something that happened, named `<aggregate>.<past tense>`.

    `identity` names the field that is the aggregate's id: versions count per (producer, aggregate, that id).
    `schema_version` is raised by a breaking change. `public` events will reach integrators as webhooks.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: ClassVar[str]
    identity: ClassVar[str]
    producers: ClassVar[tuple[str, ...]]
    consumers: ClassVar[tuple[str, ...]]
    public: ClassVar[bool] = False
    schema_version: ClassVar[int] = 1
    aggregate: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **_kwargs: object) -> None:
        """Derive the aggregate from the name, so that they cannot differ."""
        cls.aggregate = cls.name.partition(".")[0]

    @property
    def aggregate_id(self) -> UUID:
        """The id of what this event is about."""
        value = getattr(self, self.identity)
        if not isinstance(value, UUID):
            raise TypeError(f"{self.name}.{self.identity} is not an id")
        return value
