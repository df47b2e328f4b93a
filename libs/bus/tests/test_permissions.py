"""Who may do what: asked of the server itself, as a service that has been taken over would."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import nats
import nats.errors
import pytest
from nats.aio.client import Client
from recital_bus import PROVISIONER, Bus, BusSettings, Message, new_user, permissions_of, server_configuration
from recital_events import CATALOGUE, SERVICES, subject_of
from recital_testing import eventually
from recital_testing.servers.nats import Nats

BusOf = Callable[[str], Awaitable[Bus]]
Consuming = Callable[..., asyncio.Event]
Numbered = Callable[..., list[Message]]

EVERY_SUBJECT = {subject_of(producer, event) for event in CATALOGUE.values() for producer in event.producers}
MANAGEMENT = {
    "$JS.API.INFO",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.INFO.RECITAL",
    "$JS.API.STREAM.CREATE.OTHER",
    "$JS.API.STREAM.UPDATE.RECITAL",
    "$JS.API.STREAM.DELETE.RECITAL",
    "$JS.API.STREAM.PURGE.RECITAL",
    "$JS.API.STREAM.SNAPSHOT.RECITAL",
    "$JS.API.STREAM.RESTORE.RECITAL",
    "$JS.API.STREAM.MSG.GET.RECITAL",
    "$JS.API.STREAM.MSG.DELETE.RECITAL",
    "$JS.API.DIRECT.GET.RECITAL",
    "$JS.API.CONSUMER.NAMES.RECITAL",
    "$JS.API.CONSUMER.CREATE.RECITAL",
    "$JS.API.CONSUMER.CREATE.RECITAL.spy",
    "$JS.API.CONSUMER.DURABLE.CREATE.RECITAL.spy",
    "$JS.API.ACCOUNT.PURGE.X",
    "$SYS.REQ.SERVER.PING",
}


def of_others(service: str) -> set[str]:
    others = [other for other in SERVICES if other != service]
    return {
        subject
        for other in others
        for subject in (
            f"$JS.API.CONSUMER.MSG.NEXT.RECITAL.{other}",
            f"$JS.API.CONSUMER.INFO.RECITAL.{other}",
            f"$JS.API.CONSUMER.DELETE.RECITAL.{other}",
            f"$JS.ACK.RECITAL.{other}.1.1.1.1700000000000000000.0",
            f"_INBOX_{other}.answer",
        )
    }


class Intruder:
    """A plain client with a user's key, which notes what the server denies."""

    def __init__(self) -> None:
        self.client = Client()
        self.denials: list[str] = []

    async def open(self, url: str, seed_file: object, prefix: str) -> None:
        async def note(error: Exception) -> None:
            self.denials.append(str(error))

        await self.client.connect(
            url, nkeys_seed=str(seed_file), inbox_prefix=prefix, error_cb=note, allow_reconnect=False
        )

    async def denied_to_publish(self, subjects: set[str]) -> set[str]:
        for subject in sorted(subjects):
            await self.client.publish(subject, b"{}")
        return await self._denied("publish", subjects)

    async def denied_to_subscribe(self, subjects: set[str]) -> set[str]:
        for subject in sorted(subjects):
            await self.client.subscribe(subject)
        return await self._denied("subscription", subjects)

    async def _heard_the_last_word(self) -> bool:
        return any("the.last.word" in denial for denial in self.denials)

    async def _denied(self, action: str, subjects: set[str]) -> set[str]:
        # The server denies in the order it is asked: when it has denied this, it has judged all before.
        await self.client.publish("the.last.word", b"")
        await eventually(self._heard_the_last_word)
        heard = "\n".join(self.denials)
        # The client library gives the server's words in lower case.
        return {subject for subject in subjects if f'{action} to "{subject.lower()}"' in heard}


IntruderAs = Callable[[str], Awaitable[Intruder]]


@pytest.fixture
async def intruder_as(server: Nats) -> AsyncIterator[Callable[[str], Awaitable[Intruder]]]:
    opened: list[Intruder] = []

    async def open_as(user: str) -> Intruder:
        intruder = Intruder()
        await intruder.open(server.url, server.seed_file(user), f"_INBOX_{user}")
        opened.append(intruder)
        return intruder

    yield open_as
    for intruder in opened:
        await intruder.client.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_can_publish_its_own_events_and_no_other_services(
    service: str, intruder_as: IntruderAs
) -> None:
    own = {subject for subject in EVERY_SUBJECT if subject.startswith(f"recital.{service}.")}
    assert own
    denied = await (await intruder_as(service)).denied_to_publish(EVERY_SUBJECT)
    assert denied == EVERY_SUBJECT - own


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_cannot_publish_under_its_own_name_what_the_catalogue_does_not_give_it(
    service: str, intruder_as: IntruderAs
) -> None:
    invented = {f"recital.{service}.tenant.invented", f"recital.{service}", "recital.tenant.opened", "other.subject"}
    assert await (await intruder_as(service)).denied_to_publish(invented) == invented


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_cannot_manage_the_stream_or_look_into_it(service: str, intruder_as: IntruderAs) -> None:
    assert await (await intruder_as(service)).denied_to_publish(MANAGEMENT) == MANAGEMENT


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_cannot_take_or_answer_what_is_delivered_to_another(
    service: str, intruder_as: IntruderAs
) -> None:
    assert await (await intruder_as(service)).denied_to_publish(of_others(service)) == of_others(service)


@pytest.mark.parametrize("user", [*SERVICES, PROVISIONER])
async def test_nobody_can_listen_to_events_or_to_anothers_answers(user: str, intruder_as: IntruderAs) -> None:
    others = {f"_INBOX_{other}.>" for other in (*SERVICES, PROVISIONER) if other != user}
    spied = others | EVERY_SUBJECT | {">", "recital.>", "recital.consent.>", "_INBOX.>", "*.>", "$JS.>", "$SYS.>"}
    assert await (await intruder_as(user)).denied_to_subscribe(spied) == spied


async def test_the_provisioner_publishes_no_event_reads_none_and_deletes_nothing(intruder_as: IntruderAs) -> None:
    forbidden = EVERY_SUBJECT | {subject for subject in of_others(PROVISIONER) if "CONSUMER.INFO" not in subject}
    forbidden |= {f"$JS.API.STREAM.{what}.RECITAL" for what in ("DELETE", "PURGE", "MSG.GET", "MSG.DELETE", "SNAPSHOT")}
    assert await (await intruder_as(PROVISIONER)).denied_to_publish(forbidden) == forbidden


async def test_who_is_not_listed_does_not_get_in(server: Nats, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.seed"
    stranger.write_text(new_user()[0])
    for credentials in ({}, {"nkeys_seed": str(stranger)}, {"user": "consent", "password": "consent"}):
        client = Client()
        with pytest.raises(nats.errors.Error, match="Authorization Violation"):
            await client.connect(server.url, allow_reconnect=False, error_cb=_ignore, **_untyped(credentials))
        await client.close()


async def test_a_denied_publish_is_false_and_shows_in_denied_until_the_next_connection(
    bus_of: BusOf, server: Nats
) -> None:
    ingest = await bus_of("ingest")
    assert not ingest.denied
    assert await ingest.publish([Message("recital.consent.tenant.opened", "forged", b"{}")]) == [False]
    assert "recital.consent.tenant.opened" in str(ingest.denied)
    assert ingest.connected
    await server.stop()
    await server.start()

    async def well_again() -> bool:
        return ingest.connected and ingest.denied is None

    await eventually(well_again)


async def test_a_denied_fetch_shows_in_denied(
    server: Nats, consuming: Consuming, inbox: Any, messages: Numbered, bus_of: BusOf
) -> None:
    misnamed = await Bus.connect(BusSettings(server.url, server.seed_file("ingest"), "retention"))
    stop = consuming(misnamed, inbox)
    await (await bus_of("ingest")).publish(messages(1))

    async def denied() -> bool:
        return misnamed.denied is not None

    await eventually(denied)
    assert inbox.taken == []
    stop.set()
    await misnamed.close()


async def test_a_user_who_is_not_let_in_shows_in_denied(server: Nats, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.seed"
    stranger.write_text(new_user()[0])
    bus = await Bus.connect(BusSettings(server.url, stranger, "consent"))

    async def denied() -> bool:
        return bus.denied is not None

    await eventually(denied)
    assert not bus.connected
    await bus.close()


def test_the_permissions_of_a_user_the_catalogue_does_not_know_are_refused() -> None:
    with pytest.raises(ValueError, match="neither publishes nor follows"):
        permissions_of("billing")


@pytest.mark.parametrize("path", ['/tmp/"; authorization: {}', "/tmp/a\nb", "/tmp/back\\slash"])
def test_a_path_that_could_say_something_else_in_the_configuration_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in"):
        server_configuration({}, store_dir=Path(path), port=4222)


async def _ignore(_: Exception) -> None:
    pass


def _untyped(arguments: dict[str, str]) -> Any:
    return arguments
