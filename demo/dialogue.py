"""The demo's audio and when in its call what happens; dialogue.md has the script and the same times."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

FILE = Path(__file__).with_name("dialogue.wav")
# Seconds since the call was answered.
NOTICE = (0.5, 10.334)
RECORDER_STARTS = 10.534  # one guard (200 ms) after the notice ended
CALL_ENDS = 46.5
FRAME_RATE, FRAME_SIZE = 8_000, 2


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A stereo WAV: the customer on channel 0, staff on channel 1."""

    wav: bytes
    length: timedelta

    @classmethod
    def read(cls, file: Path = FILE) -> "Dialogue":
        """Read the demo's file."""
        wav = file.read_bytes()
        frames = wav[wav.index(b"data") + 8 :]
        return cls(wav, timedelta(seconds=len(frames) / (FRAME_RATE * FRAME_SIZE)))

    @property
    def sha256(self) -> str:
        """The hash of the file, in hex."""
        return hashlib.sha256(self.wav).hexdigest()


@dataclass(frozen=True, slots=True)
class Times:
    """When one call's moments were, from the moment it was answered."""

    answered_at: datetime
    length: timedelta

    def at(self, seconds: float) -> datetime:
        """Return a moment of the call."""
        return self.answered_at + timedelta(seconds=seconds)

    @property
    def recorder(self) -> tuple[datetime, datetime]:
        """When the recorder ran."""
        return self.at(RECORDER_STARTS), self.at(RECORDER_STARTS) + self.length

    @property
    def ended_at(self) -> datetime:
        """When the call ended."""
        return self.at(CALL_ENDS)
