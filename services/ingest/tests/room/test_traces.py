"""A marker of 32 random bytes in audio that is refused or silenced is found nowhere afterwards."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from recital_ingest.model.sound import Encoding, Sound

MakeWav = Callable[..., bytes]
MakeSamples = Callable[..., bytes]
STEREO = Sound(Encoding.MU_LAW, 2, 8_000)
MASKED: dict[str, Any] = {"spans": [{"purposes": ["contract"], "spans": [[0, 4_000], [6_000, 10_000]]}]}
MIDDLE = 5 * 8_000 * 2


def traces(marker: bytes, *folders: Path) -> list[str]:
    """Return the files that hold the marker, as it is or as a track would hold it."""
    forms = (marker, marker[::2], marker[1::2], marker.hex().encode())
    return [str(file) for folder in folders for file in _files(folder) if any(form in _read(file) for form in forms)]


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # gone, or another's


@pytest_asyncio.fixture(loop_scope="session")
async def places(room: Any, test_folder: Path, tmp_path: Path) -> list[Path]:
    """The store, this test's database and the log of all, and the folder for temporary files."""
    [row] = await room.rows("select oid from pg_database where datname = current_database()")
    database = [each for each in (test_folder / "postgres").rglob(str(row.oid)) if each.is_dir()]
    logs = [each for each in (test_folder / "postgres").rglob("pg_wal") if each.is_dir()]
    assert database
    assert logs
    return [test_folder / "objects", *database, *logs, tmp_path]


async def test_the_search_finds_a_marker_that_is_there(places: list[Path], tmp_path: Path) -> None:
    marker = secrets.token_bytes(32)
    (tmp_path / "left").write_bytes(b"x" * 100 + marker)
    assert traces(marker, *places) == [str(tmp_path / "left")]


async def test_silenced_audio_leaves_no_trace(
    room: Any, wav: MakeWav, samples: MakeSamples, places: list[Path]
) -> None:
    marker, noise = secrets.token_bytes(32), samples(STEREO, 80_000)
    file = wav(STEREO, noise[:MIDDLE] + marker + noise[MIDDLE + 32 :])
    made = await room.recorded(file, **MASKED)
    grant = await room.grant(made["id"])
    played = (await room.play(made["id"], grant.json()["id"])).content
    assert (marker in played, noise[:1_000] in played) == (False, True)
    assert traces(marker, *places) == []


@pytest.mark.parametrize(
    ("spoil", "headers"),
    [
        pytest.param(lambda file: file, {"Content_Digest": "sha-256=:" + "A" * 43 + "=:"}, id="another digest"),
        pytest.param(lambda file: file[:-1], {}, id="cut off"),
        pytest.param(lambda file: b"ID3\4\0\0\0\0\0\0" + file, {}, id="no sound that it says it is"),
        pytest.param(lambda file: file[58:], {"Content_Type": "audio/PCMU;channels=3"}, id="channels of nobody"),
    ],
)
async def test_refused_audio_leaves_no_trace(
    room: Any,
    wav: MakeWav,
    samples: MakeSamples,
    places: list[Path],
    spoil: Callable[[bytes], bytes],
    headers: dict[str, str],
) -> None:
    marker, noise = secrets.token_bytes(32), samples(STEREO, 80_000)
    file = wav(STEREO, noise[:MIDDLE] + marker + noise[MIDDLE + 32 :])
    answer = await room.send(room.permit(), spoil(file), **headers)
    assert answer.status_code in (415, 422), answer.text
    assert (await room.left(), traces(marker, *places)) == ((0, 0, 0, 0), [])
