"""The catalogue is sound, and what would make it unsound is said."""

from typing import ClassVar
from uuid import UUID

import pytest
from recital_events import (
    CATALOGUE,
    SERVICES,
    Event,
    consumed_by,
    produced_by,
    subject_of,
    subjects_consumed_by,
    subjects_produced_by,
)
from recital_events.calls import CallEnded
from recital_events.catalogue import problems
from recital_events.erasures import ErasureOrdered
from recital_events.recordings import CopyRegistered, RecordingStored

EVENTS = list(CATALOGUE.values())


class Sound(Event):
    """Something happened."""

    name = "thing.happened"
    identity = "thing"
    producers: ClassVar[tuple[str, ...]] = ("ingest",)
    consumers: ClassVar[tuple[str, ...]] = ("consent",)

    thing: UUID


def test_the_catalogue_has_no_problem() -> None:
    assert problems(EVENTS) == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_every_event_has_producers_and_consumers_among_the_services(event: type[Event]) -> None:
    assert event.producers
    assert event.consumers or event.public
    assert {*event.producers, *event.consumers} <= {"consent", "ingest", "retention", "dsar"}


def test_a_subject_names_the_producer_the_aggregate_and_the_event() -> None:
    assert subject_of("ingest", RecordingStored) == "recital.ingest.recording.stored"
    with pytest.raises(ValueError, match=r"consent does not publish recording\.stored"):
        subject_of("consent", RecordingStored)


def test_what_services_publish_and_follow_agrees_with_the_events() -> None:
    for event in EVENTS:
        assert [service for service in SERVICES if event in produced_by(service)] == sorted(event.producers)
        assert [service for service in SERVICES if event in consumed_by(service)] == sorted(event.consumers)
    assert produced_by("billing") == consumed_by("billing") == ()


def test_every_subject_followed_is_published_and_every_one_published_is_followed_or_public() -> None:
    published = [subject for service in SERVICES for subject in subjects_produced_by(service)]
    followed = {subject for service in SERVICES for subject in subjects_consumed_by(service)}
    for_integrators = {subject_of(event.producers[0], event) for event in EVENTS if not event.consumers}
    assert len(published) == len(set(published))
    assert followed | for_integrators == set(published)
    assert followed & for_integrators == set()


def test_an_event_of_several_producers_is_followed_from_each() -> None:
    for producer in CopyRegistered.producers:
        assert f"recital.{producer}.copy.registered" in subjects_consumed_by("retention")


def test_the_aggregate_is_the_first_half_of_the_name() -> None:
    assert CallEnded.aggregate == "call"
    assert ErasureOrdered.aggregate == "erasure"


def test_an_event_whose_identity_is_no_id_says_so() -> None:
    class Misnamed(Sound):
        """Something happened."""

        identity = "word"
        word: str

    with pytest.raises(TypeError, match=r"thing\.happened\.word is not an id"):
        _ = Misnamed(thing=UUID(int=1), word="no id").aggregate_id


def test_following_one_event_of_an_aggregate_and_not_its_other_is_a_problem() -> None:
    class Other(Sound):
        """Something else happened."""

        name = "thing.changed"
        consumers = ("consent", "retention")

    assert problems([Sound]) == []
    assert problems([Sound, Other]) == ["retention follows ingest's thing but not thing.happened"]


def test_following_the_same_aggregate_of_one_producer_only_is_no_problem() -> None:
    class Elsewhere(Sound):
        """Something happened elsewhere."""

        name = "thing.changed"
        producers = ("dsar",)
        consumers = ("retention",)

    assert problems([Sound, Elsewhere]) == []


def test_each_thing_an_event_owes_is_missed() -> None:
    class Undocumented(Sound):
        name = "thing.lost"

    Undocumented.__doc__ = None

    class Wrong(Sound):
        """Wrong in every other way."""

        name = "Thing"
        producers = ()
        consumers = ()
        identity = "missing"

    class Echo(Sound):
        """Told to itself."""

        name = "thing.echoed"
        consumers = ("ingest", "consent")

    assert problems([Undocumented]) == ["thing.lost does not say what happened"]
    assert problems([Wrong]) == [
        "Thing is not named <aggregate>.<what happened>",
        "Thing has no producer",
        "Thing has no consumer and is not public",
        "Thing has no field missing, which should be its aggregate's id",
    ]
    assert problems([Echo]) == ["thing.echoed is followed by its own producer"]
    assert problems([Sound, Sound]) == ["thing.happened is there twice"]


def test_a_public_event_needs_no_consumer() -> None:
    class Public(Sound):
        """Something happened that only integrators want to know."""

        consumers = ()
        public = True

    assert problems([Public]) == []
