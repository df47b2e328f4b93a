"""Sets of moments against plain sets of numbers."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from recital_consent.model.spans import ALWAYS, EVER, FOREVER, NEVER, Spans, instant_of, moment_of

PIECES = st.lists(st.tuples(st.integers(-3, 20), st.integers(-3, 20)), max_size=6)
RANGE = range(-10, 30)


def moments(spans: Spans) -> set[int]:
    return {moment for moment in RANGE if moment in spans}


def plain(pieces: list[tuple[int, int]]) -> set[int]:
    return {moment for start, end in pieces for moment in range(start, end)}


@given(PIECES, PIECES)
def test_spans_do_what_sets_do(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    mine, theirs = Spans.of(one), Spans.of(other)
    assert moments(mine) == plain(one)
    assert moments(mine | theirs) == plain(one) | plain(other)
    assert moments(mine & theirs) == plain(one) & plain(other)
    assert moments(mine - theirs) == plain(one) - plain(other)
    assert moments(mine.inverse()) == set(RANGE) - plain(one)
    assert bool(mine) == bool(plain(one))


@given(PIECES, PIECES)
def test_equal_sets_of_moments_are_equal_and_pieces_never_touch(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    mine, theirs = Spans.of(one), Spans.of(other)
    for made in (mine, mine | theirs, mine & theirs, mine - theirs, mine.widened(2), mine.inverse()):
        assert made == Spans.of(made.pieces)
    assert mine.inverse().inverse() == mine


@given(PIECES, st.integers(0, 5))
def test_widening_reaches_every_moment_within_the_distance(pieces: list[tuple[int, int]], by: int) -> None:
    near = {moment + shift for moment in plain(pieces) for shift in range(-by, by + 1)}
    assert moments(Spans.of(pieces).widened(by)) == near


def test_ever_and_never_have_no_end() -> None:
    assert EVER.widened(9) == EVER == NEVER.inverse()
    assert EVER.inverse() == NEVER
    assert EVER.within(3, FOREVER).pieces == ((3, FOREVER),)
    assert ALWAYS in EVER


def test_an_instant_survives_the_way_there_and_back() -> None:
    instant = datetime(2026, 3, 29, 1, 30, 0, 123_456, tzinfo=UTC)
    assert instant_of(moment_of(instant)) == instant
