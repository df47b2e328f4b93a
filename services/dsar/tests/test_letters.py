"""Letters go out over a real mail server, are kept when they bounce, and wait visibly for hands (R16)."""

import asyncio
import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from recital_dsar.actions.carrying import MailCarrier, MailSettings, Outgoing, TextCarrier
from recital_errors import Malformed, Unavailable
from recital_identity import Role
from recital_testing import eventually

MESSAGE = Outgoing(UUID(int=1), "person@one.example", "Één brief", "Goedendag.", "<p>Goedendag.</p>")


def by_mail(address: str) -> dict[str, Any]:
    return {"channel": {"kind": "email", "address": address}}


async def letters(office: Any, request: str) -> list[dict[str, Any]]:
    answer = await office.get(f"/{request}/letters")
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, Any]] = answer.json()
    return listed


async def blocks(office: Any, request: str) -> set[str]:
    return {each["code"] for each in (await office.show(request))["blocked_by"]}


async def test_the_person_is_told_at_once_that_the_request_came_and_when_it_is_due(office: Any) -> None:
    for language, subject in (("nl", "Wij hebben uw verzoek"), ("en", "We have received your")):
        to = f"confirm.{language}@one.example"
        request = await office.receive(language=language, **by_mail(to))
        mail = await office.mail.mail(to)
        assert mail["subject"].startswith(subject)
        assert request in mail["text"]
        assert (await office.show(request))["due_on"][:4] in mail["text"]
        assert mail["headers"]["auto-submitted"] == "auto-generated"
        assert "<script" not in mail["html"]


async def test_a_mail_that_is_refused_for_good_is_kept_as_bounced_and_goes_by_hand(office: Any) -> None:
    request = await office.receive(**by_mail("gone@bounced.example"))

    async def bounced() -> bool:
        return bool((await letters(office, request))[0]["state"] == "bounced")

    await eventually(bounced)
    assert "letter_bounced" in await office.alarms()
    assert "letter_bounced" in await blocks(office, request)
    letter = (await letters(office, request))[0]["id"]
    posted = await office.post(f"/{request}/letters/{letter}/sent")
    assert (posted.json()["state"], posted.json()["trouble"]) == ("sent", None)
    assert "letter_bounced" not in await blocks(office, request)
    back = await office.post(f"/{request}/letters/{letter}/returned", {"reason": "Moved."})
    assert back.json()["state"] == "returned"
    assert "letter_returned" in await blocks(office, request)


async def test_a_mail_server_that_is_busy_is_tried_again_and_shows(office: Any) -> None:
    request = await office.receive(**by_mail("later@busy.example"))

    async def shown() -> bool:
        return "mail_not_now" in await blocks(office, request)

    await eventually(shown)
    assert (await letters(office, request))[0]["state"] == "waiting"


async def test_a_letter_by_post_waits_for_an_officer_and_is_printed_inert(office: Any) -> None:
    evil = "<script>alert(1)</script> \u202e=1+1 ../../etc"
    request = await office.receive(channel={"kind": "letter", "address": evil})
    (letter,) = await letters(office, request)
    assert "letter_to_send" in await blocks(office, request)
    page = await office.get(f"/{request}/letters/{letter['id']}")
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert f"<bdi>{evil.replace('<', '&lt;').replace('>', '&gt;')}</bdi>" in page.text
    assert "sandbox" in page.headers["content-security-policy"]
    other = await office.receive()
    assert (await office.get(f"/{other}/letters/{letter['id']}")).status_code == 404
    assert (await office.post(f"/{other}/letters/{letter['id']}/sent")).status_code == 404
    await office.post(f"/{request}/letters/{letter['id']}/sent")
    assert "letter_to_send" not in await blocks(office, request)


async def test_what_a_letter_says_and_to_whom_lies_sealed(office: Any) -> None:
    await office.receive(**by_mail("secret.person@one.example"))
    dump = str(await office.rows("select t::text from letters t")) + str(
        await office.rows("select t::text from outbox t")
    )
    assert "secret.person" not in dump
    assert b"secret.person".hex() not in dump


async def test_without_a_mail_server_letters_wait_and_show_why(office_of: Any) -> None:
    office = await office_of(smtp_host=None)
    await office.open_tenant()
    request = await office.receive()

    async def shown() -> bool:
        return "carrier_missing" in await blocks(office, request)

    await eventually(shown)


async def test_the_company_states_what_stands_at_the_head_of_its_letters(office: Any) -> None:
    headers = office.headers(Role.PRIVACY_OFFICER)
    head = {"name": "Company & Sons <b>", "contact": "privacy@company.example"}
    assert (await office.client.get("/v1/letterhead", headers=headers)).json() is None
    assert (await office.client.put("/v1/letterhead", json=head, headers=headers)).status_code == 200
    await office.receive(**by_mail("headed@one.example"))
    mail = await office.mail.mail("headed@one.example")
    assert "Company & Sons <b>" in mail["text"]
    assert "Company &amp; Sons &lt;b&gt;" in mail["html"]


# Carriers


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that signs itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)  # noqa: TID251 - a certificate's dates are the machine's own
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file


class Kept:
    """What a server took."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken.append((session.ssl is not None, envelope.rcpt_tos, envelope.original_content))
        return "250 OK"


async def test_mail_leaves_over_tls_with_the_certificate_checked(certificate: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    kept = Kept()
    loop = asyncio.get_running_loop()
    async with await loop.create_server(
        lambda: SMTP(kept, tls_context=context, require_starttls=True), "127.0.0.1", 0
    ) as server:
        port = server.sockets[0].getsockname()[1]
        trusting = MailSettings("localhost", port, "starttls", "a@company.example", authorities_file=certificate)
        await MailCarrier(trusting).carry(MESSAGE)
        ((secured, to, content),) = kept.taken
        assert (secured, to) == (True, ["person@one.example"])
        assert b"Message-ID: <00000000-0000-0000-0000-000000000001@company.example>" in content
        for refusing in (
            MailSettings("localhost", port, "starttls", "a@company.example"),
            MailSettings("localhost", port, "none", "a@company.example"),
        ):
            with pytest.raises(Unavailable, match="does not take"):
                await MailCarrier(refusing).carry(MESSAGE)
        assert len(kept.taken) == 1


async def test_a_mail_server_that_is_away_is_for_later() -> None:
    with pytest.raises(Unavailable):
        await MailCarrier(MailSettings("127.0.0.1", 1, "none", "a@company.example")).carry(MESSAGE)


@pytest.mark.parametrize(("status", "error"), [(202, None), (400, Malformed), (401, Unavailable), (503, Unavailable)])
async def test_a_text_message_goes_through_the_gateway(
    tmp_path: Path, status: int, error: type[Exception] | None
) -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        asked.append(head + await reader.readexactly(length))
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    token = tmp_path / "token"
    token.write_text("s3cret\n")
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/texts"
        carrier = TextCarrier(url, sender="Recital", token_file=token)
        message = Outgoing(UUID(int=2), "+31612345678", "", "Uw code is 12345678.")
        if error is None:
            await carrier.carry(message)
        else:
            with pytest.raises(error):
                await carrier.carry(message)
    head, _, body = asked[0].partition(b"\r\n\r\n")
    assert b"bearer s3cret" in head.lower()
    assert json.loads(body) == {
        "to": "+31612345678",
        "from": "Recital",
        "text": "Uw code is 12345678.",
        "reference": str(UUID(int=2)),
    }


async def test_a_gateway_that_is_away_or_a_missing_secret_is_for_later(tmp_path: Path) -> None:
    for token_file in (None, tmp_path / "missing"):
        with pytest.raises(Unavailable):
            await TextCarrier("http://127.0.0.1:1/", sender="x", token_file=token_file).carry(MESSAGE)
