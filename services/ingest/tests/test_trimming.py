from collections.abc import Callable

import pytest
from recital_ingest.decisions.trimming import frames_left, left_of
from recital_ingest.model.recording import Recording
from recital_ingest.model.spans import PurposeSpans

MakeRecording = Callable[..., Recording]
BOTH: PurposeSpans = {"contract": ((0, 10_000),), "training": ((2_000, 4_000), (6_000, 9_000))}


@pytest.mark.parametrize(
    ("kept", "growth", "left"),
    [
        (BOTH, 0, BOTH),
        (BOTH, 70, BOTH),
        ({"contract": ((0, 10_000),)}, 0, {"contract": ((0, 10_000),), "training": ()}),
        (
            {"contract": ((0, 3_000), (5_000, 10_000)), "training": ((0, 10_000),)},
            70,
            {"contract": ((0, 2_930), (5_070, 10_000)), "training": BOTH["training"]},
        ),
        ({"training": ((3_000, 7_000),)}, 70, {"contract": (), "training": ((3_070, 4_000), (6_000, 6_930))}),
        ({}, 0, {"contract": (), "training": ()}),
    ],
)
def test_what_goes_is_widened_by_the_guards_growth_and_what_was_silent_takes_nothing_more(
    recording: MakeRecording, kept: PurposeSpans, growth: int, left: PurposeSpans
) -> None:
    found = left_of(recording(spans=BOTH, growth_ms=growth), kept)
    assert found == left
    assert left_of(recording(spans=found, growth_ms=growth), kept) == left


def test_frames_stay_that_lie_in_any_purposes_spans_and_were_not_silent_before(recording: MakeRecording) -> None:
    made = recording(keep=((0, 24_000), (40_000, 80_000)))
    assert frames_left(made, {"contract": ((2_000, 6_000),), "training": ()}) == ((16_000, 24_000), (40_000, 48_000))
    assert frames_left(made, {"contract": ((3_000, 5_000),)}) == ()
