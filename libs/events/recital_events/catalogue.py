"""The catalogue: every event there is, who publishes it, who follows it, and its subject on the bus.

A service that follows one event of a producer's aggregate follows them all, else it would wait for ever for the
version it does not see; `problems` says where that, or anything else a catalogue owes, is broken.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from recital_events import calls, erasures, recordings, requests, subjects, tenants
from recital_events.event import Event

_EVENTS: tuple[type[Event], ...] = (
    tenants.TenantOpened,
    tenants.TenantChanged,
    tenants.TenantClosed,
    tenants.TenantErased,
    tenants.PurposePublished,
    tenants.PurposeRetired,
    subjects.SubjectMerged,
    subjects.SubjectSplit,
    calls.CallRegistered,
    calls.CallEnded,
    calls.CallUnended,
    calls.PermitSuspended,
    calls.PermitReinstated,
    calls.PermitRevoked,
    calls.ConsentWithdrawn,
    calls.ObjectionRaised,
    calls.EndingReported,
    recordings.RecordingStored,
    recordings.RecordingConfirmed,
    recordings.RecordingTrimmed,
    recordings.RecordingRefused,
    recordings.RecordingMissing,
    recordings.CopyRegistered,
    erasures.ClockExpired,
    erasures.HoldPlaced,
    erasures.HoldReleased,
    erasures.ErasureRequested,
    erasures.ErasureOrdered,
    erasures.ErasureWithheld,
    erasures.ErasureCertified,
    erasures.HoldingErased,
    erasures.HoldingStuck,
    requests.RequestReceived,
    requests.RequestClosed,
    requests.CollectionOrdered,
    requests.PartCollected,
    requests.RestrictionSet,
    requests.RestrictionLifted,
    requests.ObjectionUpheld,
    requests.ObjectionRejected,
    requests.RectificationDecided,
)

CATALOGUE: Mapping[str, type[Event]] = MappingProxyType({event.name: event for event in _EVENTS})
"""Every event by its name, in the order in which a call's life meets them."""


def subject_of(producer: str, event: type[Event]) -> str:
    """Return where `producer` publishes `event`: `recital.<producer>.<aggregate>.<event>`.

    Raises ValueError where the catalogue does not name it as a producer.
    """
    if producer not in event.producers:
        raise ValueError(f"{producer} does not publish {event.name}")
    return f"recital.{producer}.{event.name}"


def produced_by(service: str, *, catalogue: Mapping[str, type[Event]] = CATALOGUE) -> tuple[type[Event], ...]:
    """Return the events a service publishes; empty for a service the catalogue does not know."""
    return tuple(event for event in catalogue.values() if service in event.producers)


def consumed_by(service: str, *, catalogue: Mapping[str, type[Event]] = CATALOGUE) -> tuple[type[Event], ...]:
    """Return the events a service follows."""
    return tuple(event for event in catalogue.values() if service in event.consumers)


def subjects_produced_by(service: str, *, catalogue: Mapping[str, type[Event]] = CATALOGUE) -> tuple[str, ...]:
    """Return the subjects a service publishes on."""
    return tuple(subject_of(service, event) for event in produced_by(service, catalogue=catalogue))


def subjects_consumed_by(service: str, *, catalogue: Mapping[str, type[Event]] = CATALOGUE) -> tuple[str, ...]:
    """Return the subjects a service follows: one per event and producer, never overlapping."""
    followed = consumed_by(service, catalogue=catalogue)
    return tuple(subject_of(producer, event) for event in followed for producer in event.producers)


def services_of(catalogue: Mapping[str, type[Event]]) -> tuple[str, ...]:
    """Return every service that publishes or follows an event, by name."""
    return tuple(sorted({service for event in catalogue.values() for service in (*event.producers, *event.consumers)}))


SERVICES = services_of(CATALOGUE)
"""Every service that publishes or follows an event."""


def problems(events: Iterable[type[Event]]) -> list[str]:
    """Return what is wrong with a catalogue, in sentences; empty when nothing is."""
    known = list(events)
    names = [event.name for event in known]
    found = [f"{name} is there twice" for name in sorted(set(names)) if names.count(name) > 1]
    for event in known:
        found += _own_problems(event)
    followers: dict[tuple[str, str], dict[str, set[str]]] = {}
    for event in known:
        for producer in event.producers:
            followers.setdefault((producer, event.aggregate), {})[event.name] = set(event.consumers)
    for (producer, aggregate), by_event in followers.items():
        everyone = set().union(*by_event.values())
        found += [
            f"{service} follows {producer}'s {aggregate} but not {name}"
            for name, consumers in by_event.items()
            for service in sorted(everyone - consumers)
        ]
    return found


def _own_problems(event: type[Event]) -> list[str]:
    found = []
    if event.name.count(".") != 1 or not event.name.replace(".", "").replace("_", "").islower():
        found.append(f"{event.name} is not named <aggregate>.<what happened>")
    if not event.producers:
        found.append(f"{event.name} has no producer")
    if not event.consumers and not event.public:
        found.append(f"{event.name} has no consumer and is not public")
    if set(event.producers) & set(event.consumers):
        found.append(f"{event.name} is followed by its own producer")
    if event.identity not in event.model_fields:
        found.append(f"{event.name} has no field {event.identity}, which should be its aggregate's id")
    if not event.__doc__ or event.__doc__ == Event.__doc__:
        found.append(f"{event.name} does not say what happened")
    return found
