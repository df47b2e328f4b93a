"""What of a file in pieces is silenced, and what stands for a file whose whole was never there."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from recital_ingest.decisions.admission import Digests
from recital_ingest.decisions.placement import Placement, place
from recital_ingest.decisions.reception import Reception
from recital_ingest.decisions.resuming import (
    NEEDS_WAV,
    compressed_in_pieces,
    kept_until,
    over_parts,
    part_of,
    silencing_of,
)
from recital_ingest.model.permit import Permit
from recital_ingest.model.refusal import Refusal
from recital_ingest.model.resumable import Silencing
from recital_ingest.model.sound import Encoding, Sound

MakePermit = Callable[..., Permit]
MakeWav = Callable[..., bytes]
MakeSamples = Callable[..., bytes]
STEREO = Sound(Encoding.A_LAW, 2, 8_000)
MIDDLE = [{"purposes": ["contract"], "spans": [[2_000, 5_000]]}]


def test_an_upload_lives_a_day_after_its_last_byte_and_seven_in_all(permit: MakePermit) -> None:
    opened = permit().answered_at
    assert kept_until(opened, opened) == opened + timedelta(hours=24)
    assert kept_until(opened, opened + timedelta(days=6, hours=12)) == opened + timedelta(days=7)


def test_bytes_outside_the_spans_are_silenced_wherever_a_piece_begins(
    permit: MakePermit, wav: MakeWav, samples: MakeSamples
) -> None:
    file = wav(STEREO, samples(STEREO, 80_000))
    reception = Reception(permit(spans=MIDDLE), length=len(file), stated=Digests())
    reception.take(file[:10])
    undecided = reception.silencing
    assert undecided is None
    reception.take(file[10:100])
    silencing = reception.silencing
    assert silencing is not None
    whole, silenced = silencing.applied(file, at=0)
    assert silenced
    begins = file.index(b"data") + 8
    assert whole[:begins] == file[:begins]
    assert whole[begins : begins + 32_000] == b"\xd5" * 32_000
    assert whole[begins + 32_000 : begins + 80_000] == file[begins + 32_000 : begins + 80_000]
    assert whole[begins + 80_000 :] == b"\xd5" * 80_000
    for size in (1_000, 33_333, 70_001):
        pieces = [silencing.applied(file[at : at + size], at=at)[0] for at in range(0, len(file), size)]
        assert b"".join(pieces) == whole


def test_a_frame_that_is_not_whole_belongs_to_the_silence_before_it(permit: MakePermit) -> None:
    sound = Sound(Encoding.PCM_16, 2, 8_000)
    placement = place(permit(spans=MIDDLE), sound, 80_000)
    assert isinstance(placement, Placement)
    [first, last] = silencing_of(sound, placement, begins=44, frames=80_000).gaps
    assert (first, last) == ((44, 44 + 16_000 * 4), (44 + 40_000 * 4, 44 + 80_000 * 4 + 3))


def test_a_piece_outside_every_gap_is_kept_as_it_came() -> None:
    assert Silencing(((10, 20),), 7).applied(b"abc", at=20) == (b"abc", False)
    assert Silencing(((10, 20),), 7).applied(b"abc", at=8) == (b"ab\x07", True)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Silencing()),
        ({"spans": MIDDLE}, NEEDS_WAV),
        ({"spans": []}, "nothing_to_keep"),
        (
            {
                "spans": [
                    {"purposes": ["contract"], "spans": [[0, 10_000]]},
                    {"purposes": ["quality"], "spans": [[0, 4_000]]},
                ]
            },
            NEEDS_WAV,
        ),
    ],
)
def test_compressed_audio_comes_in_pieces_only_where_nothing_of_it_may_have_to_be_silenced(
    permit: MakePermit, changes: dict[str, Any], verdict: Any
) -> None:
    judged = compressed_in_pieces(permit(**changes))
    if isinstance(verdict, str):
        assert isinstance(judged, Refusal)
        assert judged.code == verdict
    else:
        assert judged == verdict


def test_the_hash_over_parts_is_over_their_hashes_in_order() -> None:
    parts = [part_of(b"one"), part_of(b"two")]
    assert parts[0].size == 3
    digests = over_parts(parts)
    one, two = hashlib.sha256(b"one").digest(), hashlib.sha256(b"two").digest()
    assert digests.sha256 == hashlib.sha256(one + two).digest()
    assert digests != over_parts(parts[::-1])
