"""Carrying letters out: mail over SMTP and text messages over an HTTP gateway, both behind one small interface.

A carrier says one of three things: accepted, refused for good (a bounce, kept with the letter), or not now.
"""

import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Literal, Protocol
from uuid import UUID

import aiosmtplib
import httpx
from recital_errors import Malformed, Unavailable

TIMEOUT = 20.0  # seconds
PERMANENT = range(500, 600)
# An account, a token or a pace that is not accepted says nothing about the receiver.
OURS_TO_MEND = frozenset({401, 403, 407, 408, 425, 429})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message: `id` makes a second sending of it recognisable; a text message has no `html`."""

    id: UUID
    to: str
    subject: str
    text: str
    html: str | None = None


class Carrier(Protocol):
    """What takes a message on."""

    async def carry(self, message: Outgoing) -> None:
        """Return when it was accepted. Raises Malformed `address_refused` for good, Unavailable for now."""


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How mail leaves: `security` is TLS from the first byte, STARTTLS that is insisted on, or (locally) none."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    sender: str
    user: str | None = None
    password_file: Path | None = None
    authorities_file: Path | None = None


class MailCarrier:
    """SMTP (RFC 5321): one connection per mail, the server's certificate always checked."""

    def __init__(self, settings: MailSettings) -> None:
        """Nothing is opened here."""
        self._settings = settings

    async def carry(self, message: Outgoing) -> None:
        """Return when the server took the mail."""
        settings = self._settings
        try:
            await aiosmtplib.send(
                self._mail(message),
                sender=settings.sender,
                recipients=[message.to],
                hostname=settings.host,
                port=settings.port,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                tls_context=self._tls(),
                username=settings.user,
                password=_secret(settings.password_file),
                timeout=TIMEOUT,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            answer = refused.recipients[0]
            if answer.code in PERMANENT:
                raise Malformed("address_refused", f"The receiver's server answered {answer.code}.") from None
            raise Unavailable("mail_not_now", "The mail server does not take this now.") from None
        except (aiosmtplib.SMTPException, OSError, ValueError):
            raise Unavailable("mail_not_now", "The mail server does not take this now.") from None

    def _mail(self, message: Outgoing) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._settings.sender, message.to, message.subject
        mail["Message-ID"] = f"<{message.id}@{self._settings.sender.rpartition('@')[2]}>"
        # Nobody's holiday notice is an answer to a request (RFC 3834).
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        if message.html is not None:
            mail.add_alternative(message.html, subtype="html")
        return mail

    def _tls(self) -> ssl.SSLContext | None:
        if self._settings.security == "none":
            return None
        return ssl.create_default_context(cafile=self._settings.authorities_file)


class TextCarrier:
    """Text messages over an HTTP gateway: POST {to, from, text, reference} as JSON with a bearer token."""

    def __init__(self, url: str, *, sender: str, token_file: Path | None) -> None:
        """Nothing is opened here."""
        self._url, self._sender, self._token_file = url, sender, token_file

    async def carry(self, message: Outgoing) -> None:
        """Return when the gateway took the message."""
        token = _secret(self._token_file)
        told = {"to": message.to, "from": self._sender, "text": message.text, "reference": str(message.id)}
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
                answer = await client.post(self._url, json=told, headers=headers)
        except httpx.HTTPError:
            raise Unavailable("gateway_not_now", "The gateway does not answer.") from None
        if answer.is_success:
            return
        if answer.is_client_error and answer.status_code not in OURS_TO_MEND:
            raise Malformed("address_refused", f"The gateway answered {answer.status_code}.")
        raise Unavailable("gateway_not_now", "The gateway does not take this now.")


def _secret(file: Path | None) -> str | None:
    """Return what a secret's file holds, read anew each time, so that it can be changed."""
    if file is None:
        return None
    try:
        return file.read_text().strip()
    except OSError:
        raise Unavailable("secret_missing", "A secret of the carrier cannot be read.") from None
