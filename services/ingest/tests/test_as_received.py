"""Recordings that are kept as the compressed file they came as: what may be kept so, and what is given of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from recital_errors import Forbidden, Malformed, TooLarge, TooMany, Unavailable
from recital_ingest.decisions.placement import Placement, place, whole_for_all
from recital_ingest.decisions.rendering import decoded_frames_of, muted_channels, render, whole
from recital_ingest.model.container import Container
from recital_ingest.model.permit import Permit
from recital_ingest.model.recording import Recording, Track
from recital_ingest.model.refusal import Refusal, refusal_told
from recital_ingest.model.sound import Encoding, Sound

MakePermit = Callable[..., Permit]
MakeRecording = Callable[..., Recording]
STEREO = Sound(Encoding.PCM_16, 2, 8_000)
FRAMES = 80_000
FILE = Track(0, UUID(int=30), UUID(int=40), 5_000, 5_016, b"p", b"s")


def of(*spans: tuple[list[str], list[list[int]]]) -> dict[str, Any]:
    return {"spans": [{"purposes": names, "spans": kept} for names, kept in spans]}


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        (of((["contract"], [[0, 10_000]])), True),
        (of((["contract"], [[0, 10_000]]), (["training"], [])), True),
        (of((["contract"], [[0, 10_000]]), (["training"], [[0, 4_000]])), False),
        (of((["contract"], [[0, 4_000], [6_000, 10_000]])), False),
        (of((["contract"], [[0, 9_000]])) | {"ended_at": "2026-11-24T09:00:09Z"}, False),
    ],
)
def test_a_file_is_kept_as_it_is_when_every_purpose_may_keep_all_of_it(
    permit: MakePermit, changes: dict[str, Any], *, may: bool
) -> None:
    allowed = permit(**changes)
    placed = place(allowed, STEREO, FRAMES)
    assert isinstance(placed, Placement)
    assert whole_for_all(placed, allowed, STEREO, FRAMES) is may


@pytest.fixture
def ogg(recording: MakeRecording) -> Recording:
    return replace(recording(), container=Container.OGG, tracks=(FILE,), sound=STEREO)


def test_the_file_itself_is_given_where_nothing_is_to_be_silenced(ogg: Recording) -> None:
    assert whole(ogg, ((0, FRAMES),), frozenset())
    given = render(ogg, ((0, FRAMES),), frozenset(), None)
    assert (given.size, given.media_type, given.decoded) == (5_000, "audio/ogg", False)


def test_where_something_is_to_be_silenced_it_is_decoded_to_a_wav_file(ogg: Recording) -> None:
    assert not whole(ogg, ((0, 2),), frozenset())
    given = render(ogg, ((0, 2),), frozenset(), None)
    assert (given.size, given.media_type, given.decoded) == (44 + FRAMES * 4, "audio/wav", True)
    assert decoded_frames_of(given, 1, b"\1\2\3\4" * 2) == b"\1\2\3\4" + bytes(4)


def test_one_voice_in_mixed_audio_cannot_be_muted(ogg: Recording) -> None:
    refused = muted_channels(ogg, ["agent"])
    assert isinstance(refused, Refusal)
    assert refused.code == "not_separable"
    assert muted_channels(ogg, []) == frozenset()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Malformed("audio_truncated"), "audio_truncated"),
        (Forbidden("permit_revoked"), "permit_revoked"),
        (TooLarge("upload_too_large"), "upload_too_large"),
        (Malformed("upload_broken_off"), None),
        (Malformed("upload_too_slow"), None),
        (TooMany("too_many_uploads"), None),
        (Unavailable("consent_unavailable"), None),
        (KeyboardInterrupt(), None),
    ],
)
def test_only_what_says_something_of_the_audio_or_its_permit_is_told_as_refused(
    error: BaseException, told: str | None
) -> None:
    assert refusal_told(error) == told
