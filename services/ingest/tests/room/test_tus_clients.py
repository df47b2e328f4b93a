"""Other people's clients of the tus protocol, as they are published, against the service on a port of its own."""

import asyncio
import hashlib
import io
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from recital_identity import Role
from recital_ingest.model.sound import Encoding, Sound
from recital_testing import eventually
from tusclient.client import TusClient

MakeWav = Callable[..., bytes]
MakeSamples = Callable[..., bytes]
SOUND = Sound(Encoding.PCM_16, 2, 48_000)
SCRIPT = Path(__file__).parents[1] / "javascript"
# Where the client's packages are installed, by their lock file and nothing else.
INSTALLED = Path(__file__).parents[4] / ".run" / "javascript"
NODE, NPM = (Path(sys.executable).parent / name for name in ("node", "npm"))


@pytest.fixture(scope="module")
def file(wav: MakeWav, samples: MakeSamples) -> bytes:
    return wav(SOUND, samples(SOUND, 10 * 48_000))


@pytest_asyncio.fixture(loop_scope="session")
async def endpoint(room: Any) -> AsyncIterator[str]:
    app = room.client._transport.app
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1/uploads"
    server.should_exit = True
    await serving


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def node_modules() -> Path:
    """The packages of the lock file; installed again only when it changed."""
    lock = (SCRIPT / "package-lock.json").read_bytes()
    kept = INSTALLED / "package-lock.json"
    if not (INSTALLED / "node_modules").is_dir() or not kept.exists() or kept.read_bytes() != lock:
        INSTALLED.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SCRIPT / name, INSTALLED / name)
        install = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        process = await asyncio.create_subprocess_exec(NPM, *install, cwd=INSTALLED)
        assert await process.wait() == 0
    return INSTALLED / "node_modules"


def headers_of(room: Any, **changes: Any) -> dict[str, str]:
    return {**room.token(Role.INTEGRATOR), "Recital-Permit": room.permit(**changes)}


async def stored(room: Any) -> dict[str, Any]:
    [told] = await room.events("recording.stored")
    recording = await room.client.get(f"/v1/recordings/{told['recording']}", headers=room.token(Role.INTEGRATOR))
    made: dict[str, Any] = recording.json()
    return made


@pytest.mark.parametrize("checksum", [False, True])
async def test_the_python_client_sends_a_file_leaves_and_goes_on(
    room: Any, endpoint: str, file: bytes, *, checksum: bool
) -> None:
    def send() -> None:
        client: Any = TusClient(endpoint, headers=headers_of(room))
        options: dict[str, Any] = {"chunk_size": 700_000, "upload_checksum": checksum}
        first = client.uploader(file_stream=io.BytesIO(file), metadata={"filename": "call.wav"}, **options)
        first.upload_chunk()
        first.upload_chunk()
        again = client.uploader(file_stream=io.BytesIO(file), url=first.url, **options)
        assert again.offset == 1_400_000
        again.upload()

    await asyncio.to_thread(send)
    made = await stored(room)
    assert made["received_sha256"] == hashlib.sha256(file).hexdigest()


@pytest.mark.parametrize(("size", "break_after"), [(0, 0), (600_000, 1_000_000)])
async def test_the_javascript_client_sends_a_file_at_once_or_leaves_and_goes_on(
    room: Any, endpoint: str, file: bytes, node_modules: Path, tmp_path: Path, size: int, break_after: int
) -> None:
    # Made-up samples; no recording of anybody.
    path = tmp_path / "samples.wav"
    path.write_bytes(file)
    process = await asyncio.create_subprocess_exec(
        *(str(each) for each in (NODE, SCRIPT / "send.mjs", endpoint, path, size, break_after)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"RECITAL_NODE_MODULES": str(node_modules)},
    )
    said, wrong = await asyncio.wait_for(process.communicate(json.dumps(headers_of(room)).encode()), 30)
    assert process.returncode == 0, wrong.decode()
    told, made = json.loads(said), await stored(room)
    assert told == {"resumed": 1_200_000 if break_after else 0, "recording": made["id"]}
    assert made["received_sha256"] == hashlib.sha256(file).hexdigest()
