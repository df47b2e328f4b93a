"""One GET under way: opened, read and closed from threads, and closed for certain, whoever gives up first."""

from threading import Lock
from types import TracebackType

from urllib3.response import BaseHTTPResponse

from recital_vault.store_client import StoreClient

__all__ = ["Download"]


class Download:
    """A response whose connection goes back to the pool at its end and is dropped when it is left early.

    `close` never waits: when a thread is in `open` or `read`, that thread closes as its last act.
    """

    def __init__(self, client: StoreClient, bucket: str, object_key: str, offset: int, length: int | None) -> None:
        """Asks nothing yet. A `length` of None means to the object's end."""
        self._client = client
        self._object = (bucket, object_key)
        self._range = (offset, length)
        self._lock = Lock()
        self._response: BaseHTTPResponse | None = None
        self._closed = False
        self.given = 0

    def open(self) -> None:
        """Asks for the object; blocks until the answer's head is there."""
        offset, length = self._range
        with self._lock:
            if length != 0 and not self._closed:
                self._response = self._client.get_object(*self._object, offset=offset, length=length or 0)
        self._close_if_left()

    def read(self, amount: int | None) -> bytes:
        """The next `amount` bytes, all of them unless the answer ends; b"" at its end and after `close`.

        As they were stored: where an answer may be decoded, all of it is copied once more.
        """
        with self._lock:
            data = b"" if self._response is None or self._closed else self._response.read(amount, decode_content=False)
            self.given += len(data)
        self._close_if_left()
        return data

    def close(self) -> None:
        """Gives the connection back, or drops it when there is more to come that nobody will read."""
        self._closed = True
        self._close_if_left()

    def _close_if_left(self) -> None:
        # Whoever has the lock looks again after letting go of it, so one of the two always closes.
        if self._closed and self._lock.acquire(blocking=False):
            try:
                response, self._response = self._response, None
                if response is not None:
                    response.close()
                    response.release_conn()
            finally:
                self._lock.release()

    def __enter__(self) -> "Download":
        """For use within one thread."""
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes."""
        self.close()
