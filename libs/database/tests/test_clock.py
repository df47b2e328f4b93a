"""Whether time jumped, judged without any server."""

from datetime import UTC, datetime, timedelta

import pytest
from recital_database import Clock
from recital_errors import Unavailable

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
NONE = timedelta()


class Seconds:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.value = 0.0

    def __call__(self) -> float:
        return self.value


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def clock_at_start(seconds: Seconds) -> Clock:
    clock = Clock(seconds)
    clock.set(now=START, ahead=NONE, high_water=START)
    return clock


def test_an_unread_clock_tells_no_time() -> None:
    assert not Clock().was_read
    with pytest.raises(Unavailable):
        Clock().now()


def test_time_goes_on_between_readings(seconds: Seconds) -> None:
    clock = clock_at_start(seconds)
    seconds.value = 90
    assert clock.now() == START + timedelta(seconds=90)
    assert clock.was_read


def test_a_steady_clock_is_not_frozen(seconds: Seconds) -> None:
    clock = clock_at_start(seconds)
    seconds.value = 60
    clock.set(now=START + timedelta(seconds=61), ahead=NONE, high_water=START + timedelta(seconds=60))
    assert clock.frozen is None


def test_a_jump_ahead_freezes_and_a_person_resumes(seconds: Seconds) -> None:
    clock = clock_at_start(seconds)
    clock.set(now=START + timedelta(minutes=6), ahead=NONE, high_water=START)
    assert clock.frozen == "time jumped ahead without an announcement"
    clock.resume()
    assert clock.frozen is None


def test_an_announced_jump_does_not_freeze(seconds: Seconds) -> None:
    clock = clock_at_start(seconds)
    year = timedelta(days=365)
    clock.set(now=START + year, ahead=year, high_water=START + year)
    assert clock.frozen is None


def test_a_step_back_freezes(seconds: Seconds) -> None:
    clock = clock_at_start(seconds)
    clock.set(now=START - timedelta(seconds=2), ahead=NONE, high_water=START)
    assert clock.frozen == "time stepped back"


def test_a_start_below_the_high_water_mark_freezes() -> None:
    clock = Clock()
    clock.set(now=START, ahead=NONE, high_water=START + timedelta(hours=1))
    assert clock.frozen == "time stepped back"


def test_a_step_back_between_two_readings_freezes_although_the_mark_was_not_reached(seconds: Seconds) -> None:
    clock = clock_at_start(seconds)
    seconds.value = 60
    clock.set(now=START + timedelta(seconds=57), ahead=NONE, high_water=START)
    assert clock.frozen == "time stepped back"


def test_a_slow_answer_is_neither_a_jump_nor_a_step_back(seconds: Seconds) -> None:
    clock = clock_at_start(seconds)
    seconds.value = 400
    # Asked at once, answered after 400 s: the database may have read its time anywhere between.
    for now in (START, START + timedelta(seconds=399)):
        assert clock.judge(now=now, ahead=NONE, high_water=START, asked_at=0) is None


def test_judging_changes_nothing(seconds: Seconds) -> None:
    clock = clock_at_start(seconds)
    late = START + timedelta(minutes=6)
    assert clock.judge(now=late, ahead=NONE, high_water=START) == "time jumped ahead without an announcement"
    assert clock.frozen is None
    assert clock.now() == START
    assert clock.judge(now=START + timedelta(minutes=5), ahead=NONE, high_water=START) is None
