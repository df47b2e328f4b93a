from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_ingest.decisions.placement import Placement, heard, match_channels, place, settle
from recital_ingest.model.permit import Permit, Stretch
from recital_ingest.model.refusal import Refusal
from recital_ingest.model.sound import Encoding, Sound

MakePermit = Callable[..., Permit]
ANSWERED = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
STEREO = Sound(Encoding.MU_LAW, 2, 8_000)
SECOND = STEREO.rate


def at(seconds: float) -> str:
    return (ANSWERED + timedelta(seconds=seconds)).isoformat()


def spans(*pairs: tuple[int, int], purpose: str = "contract") -> list[dict[str, Any]]:
    return [{"purposes": [purpose], "spans": [list(pair) for pair in pairs]}]


def placed(permit: Permit, frames: int | None, sound: Sound = STEREO) -> Placement:
    verdict = place(permit, sound, frames)
    assert isinstance(verdict, Placement), verdict
    return verdict


def refused(permit: Permit, frames: int | None) -> str:
    verdict = place(permit, STEREO, frames)
    assert isinstance(verdict, Refusal)
    return verdict.code


def test_a_call_that_may_be_kept_whole_is_not_masked(permit: MakePermit) -> None:
    verdict = placed(permit(), 10 * SECOND)
    assert verdict == Placement(80_000, ((0, 80_000),), {"contract": ((0, 10_000),)}, 0)
    assert not verdict.masks(80_000)


def test_what_no_purpose_may_keep_is_silenced(permit: MakePermit) -> None:
    # R07: what is sensitive is masked by a pause, before it is stored.
    two = spans((1_000, 2_000)) + spans((1_500, 4_000), (6_000, 10_000), purpose="training")
    verdict = placed(permit(spans=two), 10 * SECOND)
    assert verdict.keep == ((SECOND, 4 * SECOND), (6 * SECOND, 10 * SECOND))
    assert verdict.masks(10 * SECOND)


def test_what_lies_before_the_call_is_silenced_and_what_lies_after_it_is_cut(permit: MakePermit) -> None:
    verdict = placed(permit(audio_started_at=at(-1), audio_ended_at=at(11)), 12 * SECOND)
    assert (verdict.frames, verdict.keep) == (11 * SECOND, ((SECOND, 11 * SECOND),))
    assert verdict.masks(12 * SECOND)


def test_a_sample_belongs_to_the_moment_at_which_it_begins(permit: MakePermit) -> None:
    # At 8 kHz samples begin every 125 microseconds.
    verdict = placed(permit(audio_started_at=at(0.000_100), spans=spans((1, 2))), 10 * SECOND)
    assert verdict.keep == ((8, 16),)


def test_a_call_that_ends_between_two_milliseconds_is_kept_to_its_end(permit: MakePermit) -> None:
    whole = permit(ended_at=at(9.999_7), audio_ended_at=at(9.999_7), spans=spans((0, 9_999)))
    verdict = placed(whole, 79_998)
    assert not verdict.masks(79_998)


@pytest.mark.parametrize(("over", "growth"), [(0, 0), (400, 0), (401, 51), (-800, 100), (8_000, 1_000)])
def test_the_guard_grows_by_the_difference_past_fifty_milliseconds(permit: MakePermit, over: int, growth: int) -> None:
    verdict = placed(permit(ended_at=at(12), spans=spans((0, 4_000), (6_000, 9_000))), 10 * SECOND + over)
    assert verdict.growth_ms == growth
    assert verdict.spans == {"contract": ((0, 4_000 - growth), (6_000 + growth, 9_000 - growth))}


def test_the_guard_does_not_grow_at_the_calls_own_start_and_end(permit: MakePermit) -> None:
    verdict = placed(permit(), 10 * SECOND - 800)
    assert (verdict.growth_ms, verdict.masks(10 * SECOND - 800)) == (100, False)


@pytest.mark.parametrize(
    ("changes", "frames", "code"),
    [
        ({"ended_at": None}, 10 * SECOND, "permit_not_final"),
        ({}, 12 * SECOND + 1, "audio_not_aligned"),
        ({}, 8 * SECOND - 1, "audio_not_aligned"),
        ({"audio_ended_at": at(12.001)}, 12 * SECOND + 8, "audio_outside_call"),
        ({"audio_started_at": at(10), "audio_ended_at": at(11)}, SECOND, "audio_outside_call"),
        ({"audio_started_at": at(-3), "audio_ended_at": at(0)}, 3 * SECOND, "audio_outside_call"),
        ({"audio_started_at": at(-3), "audio_ended_at": at(-2)}, None, "audio_outside_call"),
        ({"spans": []}, 10 * SECOND, "nothing_to_keep"),
        ({"audio_ended_at": at(1), "spans": spans((2_000, 3_000))}, SECOND, "nothing_to_keep"),
        ({"audio_ended_at": at(1)}, 0, "audio_outside_call"),
    ],
)
def test_audio_that_does_not_fit_the_call_is_refused(
    permit: MakePermit, changes: dict[str, Any], frames: int | None, code: str
) -> None:
    assert refused(permit(**changes), frames) == code


def test_segments_are_laid_where_they_belong_and_what_lies_between_them_is_silenced(permit: MakePermit) -> None:
    segments = [
        {"starts_at": at(1), "offset_ms": 0, "duration_ms": 1_900},
        {"starts_at": at(5), "offset_ms": 2_000, "duration_ms": 3_000},
        {"starts_at": at(9), "offset_ms": 5_000, "duration_ms": 2_000},
    ]
    parts = permit(segments=segments, spans=spans((0, 6_000), (9_000, 10_000)))
    verdict = placed(parts, 7 * SECOND)
    assert verdict.frames == 6 * SECOND
    assert verdict.keep == ((0, 1_900 * 8), (2 * SECOND, 3 * SECOND), (5 * SECOND, 6 * SECOND))
    ended = permit(segments=segments, ended_at=at(8), spans=spans((0, 8_000)))
    assert refused(ended, 7 * SECOND) == "audio_outside_call"
    early = permit(segments=segments[:2], ended_at=at(7), spans=spans((0, 7_000)))
    assert placed(early, 5 * SECOND).frames == 4 * SECOND


def test_a_call_that_ends_between_two_segments_is_cut_where_the_second_begins(permit: MakePermit) -> None:
    segments = [
        {"starts_at": at(1), "offset_ms": 0, "duration_ms": 1_000},
        {"starts_at": at(5), "offset_ms": 1_000, "duration_ms": 500},
    ]
    verdict = placed(permit(segments=segments, ended_at=at(4), spans=spans((0, 4_000))), 12_000)
    assert (verdict.frames, verdict.keep) == (SECOND, ((0, SECOND),))


def test_a_live_writers_length_is_judged_again_at_the_end(permit: MakePermit) -> None:
    masked = permit(spans=spans((0, 4_000), (6_000, 10_000)))
    streamed = placed(masked, None)
    assert settle(streamed, masked, STEREO, 10 * SECOND) == placed(masked, 10 * SECOND)
    verdict = settle(streamed, masked, STEREO, 9 * SECOND)
    assert isinstance(verdict, Refusal)
    assert verdict.code == "audio_not_aligned"


def test_a_live_writers_wrong_length_does_not_matter_where_nothing_is_silenced(permit: MakePermit) -> None:
    verdict = settle(placed(permit(), None), permit(), STEREO, 9 * SECOND)
    assert isinstance(verdict, Placement)
    assert not verdict.masks(9 * SECOND)


def test_a_live_writer_that_is_far_off_is_refused_at_the_end(permit: MakePermit) -> None:
    assert isinstance(settle(placed(permit(), None), permit(), STEREO, SECOND), Refusal)


@given(
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), max_size=4),
    st.integers(-30_000, 60_000),
    st.sampled_from([8_000, 11_025, 44_100]),
    st.integers(1, 600),
)
def test_frames_are_heard_when_the_moment_they_begin_at_lies_in_a_span(
    pairs: list[tuple[int, int]], starts: int, rate: int, frames: int
) -> None:
    stretches = [Stretch(0, starts, 20_000), Stretch(20_000, starts + 50_000, 9_000)]
    kept = tuple(sorted(pair for pair in pairs if pair[0] < pair[1]))
    found = heard(stretches, kept, Sound(Encoding.PCM_16, 1, rate), frames)
    for frame in range(frames):
        # The second implementation: exact fractions, one frame after the other.
        first = frame * 1_000_000 < 20_000 * rate
        moment = frame * 1_000_000 + (starts if first else starts + 30_000) * rate
        expected = any(start * 1000 * rate <= moment < stop * 1000 * rate for start, stop in kept)
        assert expected == any(start <= frame < stop for start, stop in found)


def test_each_channel_has_a_party_and_each_partys_channel_is_there(permit: MakePermit) -> None:
    # R07: whose voice it is was stated; nobody is recognised by it.
    assert match_channels(permit(), STEREO) is None
    for channels in (1, 3):
        verdict = match_channels(permit(), Sound(Encoding.MU_LAW, channels, 8_000))
        assert verdict is not None
        assert verdict.code == "channels_do_not_match"
