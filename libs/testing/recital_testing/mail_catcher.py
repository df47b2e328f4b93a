"""A real SMTP server that keeps every mail in a folder and delivers none; for tests and local use.

`python -m recital_testing.mail_catcher FOLDER SMTP_PORT VIEW_PORT`. What it keeps is shown over HTTP on the view port:
`/` to read, `/mails` as JSON. An address at bounced.example is refused for good, one at busy.example for now.
"""

import asyncio
import email
import email.policy
import html
import itertools
import json
import re
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from recital_testing.ports import LOOPBACK

ANSWERS = {
    "bounced.example": "550 5.1.1 no such mailbox",
    "busy.example": "451 4.3.0 try again later",
}
LARGEST = 1 << 20


class Keeper:
    """Keeps mails as numbered files, in the order they came."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made if need be; what lies in it stays."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._numbers = itertools.count(len(list(folder.glob("*.eml"))) + 1)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names the hook and what it is given
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept a recipient, unless its domain stands for one that refuses."""
        refusal = ANSWERS.get(address.rpartition("@")[2].lower())
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd names the hook
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail: the answer follows when the file is whole."""
        number = next(self._numbers)
        being_written = self.folder / f".{number}"
        content = envelope.original_content or b""
        being_written.write_bytes(f"X-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n".encode() + content)
        being_written.replace(self.folder / f"{number:06}.eml")
        return "250 kept"


def kept(folder: Path) -> list[dict[str, Any]]:
    """Return every mail of a folder, oldest first: to, subject, text, html, headers."""
    return [_shown(file) for file in sorted(folder.glob("*.eml"))]


def _shown(file: Path) -> dict[str, Any]:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    return {
        "number": int(file.stem),
        "to": str(message["X-Envelope-To"]).split(", "),
        "subject": str(message["Subject"]),
        "text": _body(message, "plain"),
        "html": _body(message, "html"),
        "headers": {name.lower(): str(value) for name, value in message.items()},
    }


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return None if part is None else str(part.get_content())


def _page(mails: list[dict[str, Any]]) -> str:
    shown = "".join(
        f"<article><h2>{html.escape(each['subject'])}</h2><p>{html.escape(', '.join(each['to']))}</p>"
        f"<pre>{html.escape(each['text'] or each['html'] or '')}</pre></article><hr>"
        for each in reversed(mails)
    )
    return f"<!doctype html><meta charset=utf-8><title>Mails</title><h1>{len(mails)} mails, newest first</h1>{shown}"


async def _view(folder: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one HTTP GET and close."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        asked = re.match(r"GET (/|/mails) HTTP", head)
        mails = kept(folder)
        if asked is None:
            status, kind, body = "404 Not Found", "text/plain", "Here are / and /mails.\n"
        elif asked[1] == "/":
            status, kind, body = "200 OK", "text/html", _page(mails)
        else:
            status, kind, body = "200 OK", "application/json", json.dumps(mails)
        data = body.encode()
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {len(data)}\r\n"
            "Content-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n".encode()
        )
        writer.write(data)
        await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        pass
    finally:
        writer.close()


async def catch(folder: Path, smtp_port: int, view_port: int) -> None:
    """Serve until cancelled."""
    keeper = Keeper(folder)
    loop = asyncio.get_running_loop()
    smtp = await loop.create_server(
        lambda: SMTP(keeper, enable_SMTPUTF8=True, data_size_limit=LARGEST, ident="Recital's catcher"),
        LOOPBACK,
        smtp_port,
    )
    view = await asyncio.start_server(lambda reader, writer: _view(folder, reader, writer), LOOPBACK, view_port)
    async with smtp, view:
        await asyncio.gather(smtp.serve_forever(), view.serve_forever())


if __name__ == "__main__":
    asyncio.run(catch(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
