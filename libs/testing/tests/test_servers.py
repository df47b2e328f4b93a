import secrets
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import aiosmtplib
import asyncpg
import pytest
from recital_testing.loopback import loopback_client
from recital_testing.ports import OBJECT_PORTS, choose_ports
from recital_testing.servers import Mail, Nats, Objects, Postgres, Servers
from recital_testing.servers.objects import minio_command, seaweedfs_command
from recital_testing.servers.postgres import LONGEST_SOCKET_FOLDER, socket_folder

if TYPE_CHECKING:
    from recital_testing.plugin import BusOf, VaultOf
    from recital_vault import ObjectStore


async def test_postgresql_is_version_18_keeps_fsync_and_listens_on_its_socket_alone(postgres: Postgres) -> None:
    connection = await postgres.connect()
    try:
        assert (await connection.fetchval("show server_version")).startswith("18.")
        assert await connection.fetchval("show fsync") == "on"
        assert await connection.fetchval("show full_page_writes") == "on"
        assert await connection.fetchval("show listen_addresses") == ""
    finally:
        await connection.close()


async def test_postgresql_lets_nobody_in_without_the_password(postgres: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await postgres.connect_as("postgres", "guessed", "postgres")


async def test_postgresql_keeps_what_was_committed_when_it_is_killed_with_clients_connected(tmp_path: Path) -> None:
    server = Postgres.in_folder(tmp_path / "cluster")
    await server.start()
    try:
        client = await server.connect()
        await client.execute("create table kept (id int); insert into kept values (1)")
        await server.kill()
        await server.start()
        again = await server.connect()
        assert await again.fetchval("select id from kept") == 1
        await again.close()
        client.terminate()
    finally:
        await server.stop()
    assert server.process.pid is None


def test_the_path_of_the_socket_never_becomes_too_long() -> None:
    deep = Path("/" + "x" * 200)
    assert len(bytes(socket_folder(deep))) <= LONGEST_SOCKET_FOLDER
    assert socket_folder(deep) == socket_folder(deep)
    assert socket_folder(deep) != socket_folder(deep / "other")
    assert socket_folder(Path("/run/x")) == Path("/run/x/s")


async def test_nats_knows_its_users_alone_and_hides_the_seeds(nats_server: Nats) -> None:
    seed = nats_server.seed_file("consent")
    assert seed.stat().st_mode & 0o077 == 0
    assert seed.read_text() not in (nats_server.folder / "nats.conf").read_text()
    assert "sync_interval: always" in (nats_server.folder / "nats.conf").read_text()


async def test_nats_keeps_its_users_over_a_restart(tmp_path: Path) -> None:
    port = choose_ports(["nats"])["nats"]
    server = Nats.in_folder(tmp_path, port=port, users=("consent",))
    await server.start()
    first = server.seed_file("consent").read_text()
    await server.kill()
    await server.start()
    await server.stop()
    assert server.seed_file("consent").read_text() == first


async def test_a_service_connects_to_the_bus_with_its_own_seed(bus_of: "BusOf") -> None:
    bus = await bus_of("consent")
    assert bus.denied is None


async def test_the_object_store_takes_and_gives_back(object_store: "ObjectStore") -> None:
    key = f"testing/{secrets.token_hex(8)}"
    await object_store.put(key, b"some bytes")
    assert [chunk async for chunk in object_store.get(key)] == [b"some bytes"]
    await object_store.erase(key)


async def test_the_object_store_lets_nobody_in_without_credentials(object_server: Objects) -> None:
    async with loopback_client() as stranger:
        for name in ("objects",) if object_server.kind == "minio" else ("objects", "objects_filer", "objects_volume"):
            address = f"http://127.0.0.1:{object_server.ports[name]}/{object_server.bucket}"
            assert (await stranger.get(address)).is_client_error
            assert (await stranger.put(f"{address}/x", content=b"x")).is_client_error
            assert (await stranger.delete(f"{address}/x")).is_client_error


async def test_the_object_store_leaves_no_process_and_no_socket(tmp_path: Path) -> None:
    server = Objects.in_folder(tmp_path / "objects", ports=choose_ports(OBJECT_PORTS))
    await server.start()
    await server.kill()
    assert server.process.pid is None
    assert not sockets_left_by(server)
    await server.start()  # with the data of the crash
    await server.stop()
    assert server.process.pid is None
    assert not sockets_left_by(server)


def sockets_left_by(server: Objects) -> list[Path]:
    return [left for port in server.ports.values() for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock")]


def test_both_stores_are_told_to_listen_on_the_loopback_address_alone(tmp_path: Path) -> None:
    ports = choose_ports(OBJECT_PORTS)
    said = [str(word) for word in seaweedfs_command(tmp_path, ports)]
    assert {"-ip.bind=127.0.0.1", "-s3.allowDeleteBucketNotEmpty=false", "-webdav=false"} <= set(said)
    assert f"-s3.port={ports['objects']}" in said
    said = [str(word) for word in minio_command(tmp_path / "minio", tmp_path, ports)]
    assert f"127.0.0.1:{ports['objects']}" in said


async def test_two_vaults_of_a_service_share_its_keys(vault_of: "VaultOf", postgres: Postgres) -> None:
    connection = await postgres.connect()
    tenant = await connection.fetchval("select uuidv7()")
    await connection.close()
    first, second = await vault_of("ingest"), await vault_of("ingest")
    tenant_key = await first.keys.create_tenant_key(tenant)
    made = await first.keys.new_key(tenant, tenant, tenant_key)
    assert await second.keys.key(tenant, made.id) == made.secret


def test_the_servers_are_the_ones_of_the_run(servers: Servers, postgres: Postgres) -> None:
    assert servers.postgres is postgres


async def test_the_mail_catcher_keeps_what_it_is_sent_and_refuses_as_its_domains_say(mail_catcher: Mail) -> None:
    async with aiosmtplib.SMTP(hostname=mail_catcher.host, port=mail_catcher.port) as client:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "a@recital.example", "b@one.example", "Één <b>brief</b>"
        message.set_content("Goedendag.")
        await client.send_message(message)
        for domain, code in (("bounced.example", 550), ("busy.example", 451)):
            with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
                await client.sendmail("a@recital.example", [f"x@{domain}"], "Subject: x\n\nx")
            assert refused.value.recipients[0].code == code
    caught = await mail_catcher.mail("b@one.example", "Goedendag")
    assert caught["subject"] == "Één <b>brief</b>"
    async with loopback_client() as view:
        page = (await view.get(f"{mail_catcher.view}/")).text
        assert "Één &lt;b&gt;brief&lt;/b&gt;" in page
        assert (await view.get(f"{mail_catcher.view}/other")).status_code == 404
