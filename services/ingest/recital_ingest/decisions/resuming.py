"""What is silenced of a file that comes in pieces, before any piece is stored; how long an unfinished one lives; and
which hash stands for a file whose whole was never there to be hashed (R01, R03).
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from recital_ingest.decisions.admission import Digests
from recital_ingest.decisions.placement import SECOND, Placement, place, whole_for_all
from recital_ingest.model.permit import Permit
from recital_ingest.model.refusal import Kind, Refusal
from recital_ingest.model.resumable import Part, Silencing
from recital_ingest.model.sound import Encoding, Sound
from recital_ingest.model.spans import gaps

KEPT_FOR = timedelta(hours=24)
AT_MOST = timedelta(days=7)
NEEDS_WAV = Refusal(
    Kind.MALFORMED,
    "resumable_needs_wav",
    "Compressed audio of which a part must be silenced cannot come in pieces: send it in one request, or as WAV.",
)


def kept_until(opened_at: datetime, now: datetime) -> datetime:
    """Return until when an upload lives that has just received something."""
    return min(now + KEPT_FOR, opened_at + AT_MOST)


def silencing_of(sound: Sound, placement: Placement, *, begins: int, frames: int) -> Silencing:
    """Return which bytes of a file with so many frames, whose samples begin at a byte, may not be kept."""
    size = sound.frame_size
    silent = gaps(placement.clipped(frames), 0, frames)
    # A last frame that is not whole belongs to the silence before it.
    ends = [(start, stop * size + (size - 1 if stop == frames else 0)) for start, stop in silent]
    return Silencing(
        gaps=tuple((begins + start * size, begins + stop) for start, stop in ends),
        code=sound.encoding.silence & 0xFF,
    )


def compressed_in_pieces(permit: Permit) -> Silencing | Refusal:
    """Judge compressed audio that comes in pieces: each is stored as it is, so nothing may have to be silenced.

    By the length the permit states; the decoded one is judged when all of it is there.
    """
    sound = Sound(Encoding.PCM_16, len(permit.channels), 8_000)
    last = permit.stretches[-1]
    frames = (last.offset + last.length) * sound.rate // SECOND
    placement = place(permit, sound, frames)
    if isinstance(placement, Refusal):
        return placement
    return Silencing() if whole_for_all(placement, permit, sound, frames) else NEEDS_WAV


def over_parts(parts: Sequence[Part]) -> Digests:
    """Return the hashes over the parts' hashes: what stands for a file of which a part was silenced as it came."""
    return Digests(
        hashlib.sha256(b"".join(part.sha256 for part in parts)).digest(),
        hashlib.sha512(b"".join(part.sha512 for part in parts)).digest(),
    )


def part_of(piece: bytes) -> Part:
    """Return a part's size and hashes."""
    return Part(len(piece), hashlib.sha256(piece).digest(), hashlib.sha512(piece).digest())
