"""Raw samples read as they stream by: no header, no chunks, whole frames; the counterpart of model/wav's reader."""

import numpy as np
from recital_errors import Malformed, RecitalError, UnsupportedMedia

from recital_ingest.model.sound import Sound
from recital_ingest.model.wav import CHANNELS, RATES, Wrapping


class RawReader:
    """Takes samples in pieces of any size and gives back whole frames, low byte first."""

    def __init__(self, sound: Sound, *, high_byte_first: bool) -> None:
        """Raises UnsupportedMedia for a format that is not taken."""
        if sound.channels not in CHANNELS or sound.rate not in RATES:
            raise UnsupportedMedia("audio_format_unsupported", "Only 1 to 8 channels at 8 to 48 kHz are taken.")
        self.sound = sound
        self.started = True
        self.frames_stated: int | None = None
        self.received = 0
        self.begins = 0
        self._swap = high_byte_first
        self._part = b""

    def feed(self, piece: bytes) -> bytes | memoryview:
        """Take the next piece; return the whole frames that are complete by now."""
        self.received += len(piece)
        whole = self._part + piece
        over = len(whole) % self.sound.frame_size
        self._part = whole[len(whole) - over :]
        frames = whole[: len(whole) - over]
        return np.frombuffer(frames, dtype=">u2").astype("<u2").tobytes() if self._swap else frames

    def finish(self) -> Wrapping:
        """Say that no more comes. Raises Malformed where the last frame is not whole or there is none."""
        if self._part or not self.received:
            raise self.unfinished()
        return Wrapping(head=b"", tail=b"")

    def unfinished(self) -> RecitalError:
        """Return what is wrong with samples that end too soon."""
        return Malformed("audio_truncated", "The samples end within a frame.")
