"""The envelope every event travels in: CloudEvents 1.0 in JSON, with tenant, version, epoch and trace.

Reading one never trusts it: what cannot be read, or says what its producer may not say, is a PermanentError.
"""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from recital_errors import FieldError, PermanentError

from recital_events.catalogue import CATALOGUE
from recital_events.event import Event, Instant

CONTENT_TYPE = "application/cloudevents+json"

_SERVICE = r"[a-z][a-z0-9_]*"
_NAME = r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*"
# Ours are far shorter; what is longer is not read. The bus itself refuses more than 1 MiB.
_LARGEST = 1024 * 1024
_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


class Envelope(BaseModel):
    """One event on its way. `version` counts per (producer, aggregate, subject) from 1 without gaps.

    `epoch` is raised when the producer was restored from a backup; `epochbase` is the version that its aggregate had
    then, from which it counts on, whatever was told of it after that backup. `subject` is the aggregate's id.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: Annotated[str, Field(pattern=rf"^recital/{_SERVICE}$", max_length=80)]
    type: Annotated[str, Field(pattern=rf"^recital\.{_NAME}$", max_length=120)]
    subject: Annotated[str, Field(pattern=_UUID)]
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Annotated[str, Field(pattern=rf"^recital/{_NAME}/v[1-9][0-9]{{0,5}}$", max_length=120)]
    tenant: UUID
    version: Annotated[int, Field(ge=1)]
    epoch: Annotated[int, Field(ge=1)] = 1
    epochbase: Annotated[int, Field(ge=0)] = 0
    traceparent: Annotated[str, Field(max_length=256)] | None = None
    data: dict[str, JsonValue]

    @property
    def producer(self) -> str:
        """The service that says so."""
        return self.source.removeprefix("recital/")

    @property
    def name(self) -> str:
        """The event's name in the catalogue."""
        return self.type.removeprefix("recital.")

    @property
    def aggregate(self) -> str:
        """What kind of thing the event is about."""
        return self.name.partition(".")[0]

    @property
    def address(self) -> str:
        """The bus subject it must have come on: publishing there is what proves who its producer is."""
        return f"recital.{self.producer}.{self.name}"

    def to_bytes(self) -> bytes:
        """Return the envelope as JSON; `parse` of it gives an equal envelope."""
        without = {name for name in ("traceparent", "epochbase") if not getattr(self, name)}
        return self.model_dump_json(exclude=without).encode()

    @classmethod
    def parse(cls, payload: bytes, *, arrived_on: str | None = None) -> Self:
        """Read an envelope; `arrived_on` is the bus subject it came on, where it came over the bus.

        Raises PermanentError `event_malformed`, or `event_misaddressed` when it names another producer or event than
        the subject it came on. The error says which fields are wrong, never what they held.
        """
        if len(payload) > _LARGEST:
            raise PermanentError("event_malformed", "The event is larger than the bus carries.")
        try:
            envelope = cls.model_validate_json(payload)
        except ValidationError as error:
            raise _malformed("The envelope cannot be read.", error) from None
        if arrived_on is not None and arrived_on != envelope.address:
            raise PermanentError("event_misaddressed", f"{envelope.type} of {envelope.source} came on another subject.")
        return envelope

    def event(self) -> Event:
        """Return what happened.

        Raises PermanentError: `event_unknown` (not in the catalogue, or not this producer's to tell),
        `event_version_unknown` (a schema this release does not read), `event_malformed` (data against its schema, or
        about another aggregate than the envelope says).
        """
        kind = CATALOGUE.get(self.name)
        if kind is None or self.producer not in kind.producers:
            raise PermanentError("event_unknown", f"{self.name} of {self.producer} is not in the catalogue.")
        if self.dataschema != dataschema_of(kind):
            raise PermanentError("event_version_unknown", f"{self.name} is read as {dataschema_of(kind)} only.")
        try:
            event = kind.model_validate(self.data)
        except ValidationError as error:
            raise _malformed(f"The data of {self.name} does not fit its schema.", error) from None
        if str(event.aggregate_id) != self.subject:
            raise PermanentError("event_malformed", f"{self.name} is about another {self.aggregate} than its envelope.")
        return event


def dataschema_of(event: type[Event]) -> str:
    """Return the name of an event's schema in its present version: `recital/<name>/v<version>`."""
    return f"recital/{event.name}/v{event.schema_version}"


def _malformed(detail: str, error: ValidationError) -> PermanentError:
    # The message of pydantic would quote the input; its kind of error does not.
    wrong = [FieldError(".".join(str(step) for step in each["loc"]), each["type"]) for each in error.errors()]
    return PermanentError("event_malformed", detail, fields=wrong)
