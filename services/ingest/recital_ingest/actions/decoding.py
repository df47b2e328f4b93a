"""Decoding in a process of its own that has nothing: no files, no network, no secrets, little memory and time.

Comes in as an anonymous file in memory, so that formats whose index stands at the end can be read; goes out as PCM 16.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

from recital_errors import Malformed, RecitalError, Unavailable

from recital_ingest.actions import sandbox
from recital_ingest.model.container import Container
from recital_ingest.model.sound import Sound
from recital_ingest.model.wav import WavReader

PIECE = 1 << 18
_LONGEST_WORD = 2_000
_DEMUXERS = {Container.M4A: "mov", Container.AAC: "aac"}
# Seconds to wait for the next frames; the sandbox bounds the CPU seconds of all.
WITHIN = 60.0


class Decoding:
    """One decoding of a file in memory: `sound` is known once the first frames came, `frames` counts them."""

    def __init__(self, program: Path, container: Container, file: int) -> None:
        """`file` is the descriptor of a file in memory; nothing is started yet."""
        self._program, self._container, self._file = program, container, file
        self._wav = WavReader()
        self.frames = 0

    @property
    def sound(self) -> Sound | None:
        """The format of the frames."""
        return self._wav.sound

    async def read(self) -> AsyncGenerator[bytes, None]:
        """Give whole frames. Raises Malformed `audio_malformed` where the decoder gives up, Unavailable without one.

        Leaving early ends the decoder.
        """
        os.lseek(self._file, 0, os.SEEK_SET)
        process = await self._start()
        told = asyncio.create_task(_words(process))
        try:
            while piece := await _piece(process):
                frames = bytes(self._wav.feed(piece))
                if self._wav.sound is not None and frames:
                    self.frames += len(frames) // self._wav.sound.frame_size
                    yield frames
            if await process.wait() != 0 or self._wav.sound is None:
                raise _why(await told)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            # A process counts as ended only when its pipes are read empty.
            while await _piece(process):
                pass
            await process.wait()
            await told

    async def _start(self) -> asyncio.subprocess.Process:
        demuxer = _DEMUXERS.get(self._container, self._container.value)
        asked = ["-nostdin", "-v", "error", "-xerror", "-threads", "1", "-protocol_whitelist", "fd,pipe"]
        # Every audio stream and every film is asked for: a file that holds more than one is refused, so that nothing is
        # kept that was not judged.
        given = ["-f", demuxer, "-i", "fd:", "-map", "0:a", "-map", "0:V?"]
        made = ["-c:a", "pcm_s16le", "-f", "wav", "-bitexact", "pipe:1"]
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                str(sandbox.__file__),
                str(self._program),
                *asked,
                *given,
                *made,
                stdin=self._file,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={"PATH": "/nonexistent", "LC_ALL": "C"},
                cwd="/",
            )
        except OSError:
            raise Unavailable("decoder_unavailable", "The decoder cannot be started.") from None


async def _piece(process: asyncio.subprocess.Process) -> bytes:
    """Read on. Only the time the decoder takes is counted, not the time that what it gave is used for."""
    if process.stdout is None:
        return b""
    try:
        async with asyncio.timeout(WITHIN):
            return await process.stdout.read(PIECE)
    except TimeoutError:
        raise Malformed("audio_malformed", "The audio takes too long to decode.") from None


async def _words(process: asyncio.subprocess.Process) -> bytes:
    """Read what the decoder complains of to its end, and keep its beginning: it says something of the sender's file."""
    kept = b""
    while process.stderr and (said := await process.stderr.read(PIECE)):
        kept = (kept + said)[:_LONGEST_WORD]
    return kept


def _why(words: bytes) -> RecitalError:
    """A sandbox that cannot be entered is ours to mend; whatever else ends the decoder is the file's."""
    if words.startswith(b"sandbox:"):
        return Unavailable("decoder_unavailable", "The decoder's sandbox cannot be entered.")
    return Malformed("audio_malformed", "The audio cannot be decoded.")
