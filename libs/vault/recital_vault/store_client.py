"""The minio SDK as the vault uses it: one client, its multipart calls by public names, its errors as ours.

Blocking; `object_store` calls it from threads. It retries nothing itself: that is decided in one place above.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import urllib3
from minio import Minio
from minio.credentials.credentials import Credentials
from minio.credentials.providers import Provider
from minio.datatypes import Object, Part, parse_list_objects
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from recital_errors import Conflict, Malformed, NotFound, RecitalError, Unavailable

from recital_vault.settings import ObjectStoreSettings

__all__ = ["FAILURES", "FileCredentials", "OpenUpload", "StoreClient", "StoredPart", "ours", "passes"]

FAILURES = (MinioException, urllib3.exceptions.HTTPError, OSError)
# What was sent is not what arrived: sending it again may help.
_HURT_CODES = {"BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"}
_PASSING_CODES = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", *_HURT_CODES}
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class StoredPart:
    """One part of an upload as the store acknowledged it; its ETag is the hex MD5 of its bytes."""

    number: int
    etag: str
    size: int


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """An upload that was begun and neither completed nor aborted; `started_at` is the store's own time."""

    object_key: str
    upload_id: str
    started_at: datetime | None


class StoreClient(Minio):
    """The SDK's client with a pool of its own that neither retries nor waits without end."""

    def __init__(self, settings: ObjectStoreSettings) -> None:
        """Opens no connection and reads no file."""
        authorities = str(settings.authorities_file) if settings.authorities_file else None
        super().__init__(
            settings.endpoint,
            credentials=FileCredentials(settings.access_key_file, settings.secret_key_file),
            secure=settings.secure,
            # Without a region the SDK asks for the bucket's, which a user with few rights may not.
            region=settings.region,
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=settings.connect_timeout, read=settings.read_timeout),
                maxsize=settings.connections,
                retries=False,
                cert_reqs="CERT_REQUIRED",
                ca_certs=authorities,
            ),
        )

    def put_whole(self, bucket: str, object_key: str, data: bytes) -> tuple[str, str | None]:
        """Stores `data` as one object and returns its ETag, the MD5 of what arrived, and version."""
        answer = self._put_object(bucket, object_key, data, self._checked(data))
        return str(answer.etag), answer.version_id

    def put_new(self, bucket: str, object_key: str, data: bytes) -> tuple[str, str | None]:
        """As `put_whole`, unless the object is there: then S3Error PreconditionFailed."""
        answer = self._put_object(bucket, object_key, data, {**self._checked(data), "If-None-Match": "*"})
        return str(answer.etag), answer.version_id

    def _checked(self, data: bytes) -> dict[str, str | list[str] | tuple[str]]:
        """Headers by which the store checks what arrives.

        Without TLS the SDK signs the body's SHA-256; with TLS it signs none, so one is stated.
        """
        headers: dict[str, str | list[str] | tuple[str]] = {"Content-Type": "application/octet-stream"}
        if self._base_url.is_https:
            headers["x-amz-checksum-sha256"] = base64.b64encode(hashlib.sha256(data).digest()).decode()
        return headers

    def start_upload(self, bucket: str, object_key: str) -> str:
        """Begins a multipart upload and returns its id."""
        return self._create_multipart_upload(bucket, object_key, {})

    def put_part(self, bucket: str, object_key: str, upload_id: str, number: int, data: bytes) -> str:
        """Stores one part and returns its ETag."""
        return self._upload_part(bucket, object_key, data, None, upload_id, number)

    def complete_upload(self, bucket: str, object_key: str, upload_id: str, parts: list[StoredPart]) -> None:
        """Makes the parts one object."""
        listed = [Part(part.number, part.etag) for part in parts]
        self._complete_multipart_upload(bucket, object_key, upload_id, listed)

    def abort_upload(self, bucket: str, object_key: str, upload_id: str) -> None:
        """Ends an upload and drops its parts; one that is not there is no error."""
        try:
            self._abort_multipart_upload(bucket, object_key, upload_id)
        except S3Error as error:
            if error.code != "NoSuchUpload":
                raise

    def upload_is_open(self, bucket: str, object_key: str, upload_id: str) -> bool:
        """Whether the store still knows the upload and could take parts for it."""
        try:
            self._list_parts(bucket, object_key, upload_id, max_parts=1)
        except S3Error as error:
            if error.code != "NoSuchUpload":
                raise
            return False
        return True

    def listed_after(
        self, bucket: str, name: str, *, prefix: str, most: int, versions: bool
    ) -> tuple[list[Object], bool]:
        """One page of the objects (or their versions and delete markers) after a name; and whether there are more."""
        asked = {"versions": "", "key-marker": name} if versions else {"list-type": "2", "start-after": name}
        asked |= {"prefix": prefix, "delimiter": "", "max-keys": str(most)}
        found, more, _, _ = parse_list_objects(self._execute("GET", bucket, query_params={**asked}))
        return found, more

    def open_uploads(self, bucket: str) -> Iterator[OpenUpload]:
        """Every open upload of the bucket. No prefix is asked for: MinIO answers only without one."""
        key_marker = upload_marker = None
        while True:
            page = self._list_multipart_uploads(bucket, key_marker=key_marker, upload_id_marker=upload_marker)
            for upload in page.uploads:
                yield OpenUpload(upload.object_name or "", upload.upload_id or "", upload.initiated_time)
            if not page.is_truncated:
                return
            key_marker, upload_marker = page.next_key_marker, page.next_upload_id_marker


class FileCredentials(Provider):
    """The two halves of the access key, read from their files at each use, so that they can be changed in place."""

    def __init__(self, access_key_file: Path, secret_key_file: Path) -> None:
        self._access_key_file = access_key_file
        self._secret_key_file = secret_key_file

    def retrieve(self) -> Credentials:
        return Credentials(self._access_key_file.read_text().strip(), self._secret_key_file.read_text().strip())


def passes(error: Exception) -> bool:
    """Whether the failure may be gone a moment later: no answer, a server's error, or bytes hurt on their way."""
    if isinstance(error, S3Error):
        return error.code in _PASSING_CODES or error.response.status >= _SERVER_ERROR
    if isinstance(error, ServerError):
        return error.status_code >= _SERVER_ERROR
    # An InvalidResponseError is not XML: a store that is starting, or a proxy before it.
    return isinstance(error, InvalidResponseError | urllib3.exceptions.HTTPError | OSError)


def ours(error: Exception) -> RecitalError:
    """The typed error that callers see; the store's own words stay in the cause."""
    code = error.code if isinstance(error, S3Error) else None
    if code in {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"}:
        return NotFound("object_missing", "The store has no such object.")
    if code == "PreconditionFailed":
        return Conflict("object_there", "The store has an object of this name.")
    if code == "NoSuchUpload":
        return NotFound("upload_missing", "The store has no such upload.")
    if code == "InvalidRange":
        return Malformed("range_unsatisfiable", "The object ends before this range.")
    if code in _HURT_CODES:
        return Unavailable("object_store_corrupts", "The store has not what it was sent.")
    if passes(error):
        return Unavailable("object_store_unavailable", "The object store does not answer.")
    return Unavailable("object_store_refuses", "The object store refuses what is asked of it.")
