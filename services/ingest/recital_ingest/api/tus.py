"""The headers of the protocol tus 1.0.0: what a request says in them, and how it is answered.

Of a sender's metadata only `filetype` is kept: a file's name may be somebody's number.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from email.utils import format_datetime

from fastapi import Request, Response
from recital_errors import FieldError, Malformed, PreconditionFailed, RecitalError
from recital_runtime import problem_of

from recital_ingest.actions.continuing import Checksum, ChecksumDiffers
from recital_ingest.model.resumable import Resumable

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"
BYTES = "application/offset+octet-stream"
ALGORITHMS = {"sha1": 20, "sha256": 32}
UNKNOWN_TYPE = "application/octet-stream"
CHECKSUM_DIFFERS = 460
_LONGEST_NUMBER = 15


def abilities(largest: int) -> Response:
    """Answer what is spoken here; `largest` in bytes."""
    algorithms = ",".join(ALGORITHMS)
    more = {"Tus-Version": VERSION, "Tus-Extension": EXTENSIONS, "Tus-Checksum-Algorithm": algorithms}
    return answer(204, None, more | {"Tus-Max-Size": str(largest)})


def answer(status: int, upload: Resumable | None = None, more: Mapping[str, str] | None = None) -> Response:
    """Answer with the protocol's headers, and where an upload is now."""
    headers = {"Tus-Resumable": VERSION, "Cache-Control": "no-store", **(more or {})}
    if upload is not None:
        expires = format_datetime(upload.kept_until, usegmt=True)
        headers |= {"Upload-Offset": str(upload.received), "Upload-Expires": expires}
        if upload.recording is not None:
            headers["Recital-Recording"] = str(upload.recording)
    return Response(status_code=status, headers=headers)


async def told(work: Callable[[], Awaitable[Response]]) -> Response:
    """Return an answer; a problem has the protocol's headers too, and its status for a wrong checksum."""
    try:
        return await work()
    except RecitalError as error:
        problem = problem_of(error)
        if isinstance(error, ChecksumDiffers):
            problem.status_code = CHECKSUM_DIFFERS
        problem.headers["Tus-Resumable"] = VERSION
        if isinstance(error, PreconditionFailed):
            problem.headers["Tus-Version"] = VERSION
        return problem


def same_version(request: Request) -> None:
    """Raise PreconditionFailed for a request in another version of the protocol."""
    if request.headers.get("tus-resumable") != VERSION:
        raise PreconditionFailed("tus_version_unsupported", "Only version 1.0.0 of the protocol is spoken here.")


def whole_number(request: Request, name: str) -> int:
    """Read a header that is a number of bytes. Raises Malformed `upload_header_malformed`."""
    said = request.headers.get(name, "")
    if not said.isascii() or not said.isdigit() or len(said) > _LONGEST_NUMBER:
        raise _malformed(name, "a whole number of bytes")
    return int(said)


def file_type(request: Request) -> str:
    """Return what the sender calls the file; other metadata is passed over. Raises Malformed."""
    for pair in request.headers.get("upload-metadata", "").split(","):
        name, _, value = pair.strip().partition(" ")
        if name == "filetype" and value:
            try:
                said = base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                said = ""
            if not 0 < len(said) <= 200 or not said.isascii() or not said.isprintable():
                raise _malformed("Upload-Metadata", "filetype is a media type, in base64")
            return said
    return UNKNOWN_TYPE


def metadata(upload: Resumable) -> dict[str, str]:
    """Return the header of what was kept of an upload's metadata."""
    if upload.media == UNKNOWN_TYPE:
        return {}
    return {"Upload-Metadata": f"filetype {base64.b64encode(upload.media.encode()).decode()}"}


def checksum(request: Request) -> Checksum | None:
    """Read what a request's body hashes to, where it says so. Raises Malformed."""
    header = request.headers.get("upload-checksum")
    if header is None:
        return None
    algorithm, _, encoded = header.partition(" ")
    try:
        value = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        value = b""
    if len(value) != ALGORITHMS.get(algorithm):
        raise _malformed("Upload-Checksum", f"one of {', '.join(ALGORITHMS)} and its value in base64")
    return Checksum(algorithm, value)


def _malformed(header: str, problem: str) -> Malformed:
    return Malformed("upload_header_malformed", fields=[FieldError(header, problem)])
