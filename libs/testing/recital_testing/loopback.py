"""HTTP to our own servers on loopback, where nothing speaks TLS and no proxy stands between."""

import ssl

import httpx

# With no authorities in it: reading the usual ones takes a client 30 ms, and tests make thousands of clients.
_TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def loopback_client(base_url: str = "", *, timeout: float = 5, auth: httpx.Auth | None = None) -> httpx.AsyncClient:
    """Return a client of a server on this machine; `timeout` in seconds."""
    return httpx.AsyncClient(base_url=base_url, timeout=timeout, trust_env=False, verify=_TRUSTS_NOBODY, auth=auth)
