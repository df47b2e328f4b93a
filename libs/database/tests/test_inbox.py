"""Each event takes effect once and in order; what is held back hurts no other aggregate."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from recital_database import (
    Database,
    NotYet,
    Together,
    Transaction,
    alarms,
    announce,
    dead_letters,
    drop_letter,
    replay_letter,
)
from recital_database.inbox import (
    Handlers,
    Position,
    Standing,
    alarm_overdue,
    bury,
    go_on,
    held_back,
    held_back_counts,
    receive,
    received_by_hour,
    standing_of,
    tenants_held_back,
)
from recital_database.outbox import sent_by_hour, unpublished
from recital_errors import Conflict, NotFound, PermanentError
from recital_events import ClockExpired, Envelope, Event

ALPHA, BETA = UUID(int=0xA), UUID(int=0xB)
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def expired(recording: int = 1, key: str = "quality") -> ClockExpired:
    return ClockExpired(recording=UUID(int=recording), purpose=UUID(int=9), key=key, expired_at=AT)


class Effects:
    """Handlers whose behaviour a test sets; `seen` is what took effect, from the database."""

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.poison: set[str] = set()

    @property
    def handlers(self) -> Handlers:
        return {ClockExpired: self.on_expired}

    async def on_expired(self, tx: Transaction, event: ClockExpired) -> NotYet | None:
        if event.key in self.poison:
            raise PermanentError("poison", "It cannot be.")
        if event.key in self.missing:
            return NotYet("purpose:9")
        await tx.execute(
            "insert into things (tenant_id, name) values (:tenant, :key)", {"tenant": tx.tenant, "key": event.key}
        )
        return None


async def events(producer: Database, *told: Event, tenant: UUID = ALPHA) -> list[Envelope]:
    async with producer.transaction(tenant) as tx:
        for each in told:
            await announce(tx, each)
    async with producer.work() as tx:
        return [Envelope.parse(each.payload) for each in await unpublished(tx, 1000)]


async def take(consumer: Database, envelopes: Sequence[Envelope], effects: Effects) -> None:
    async with consumer.transaction(envelopes[0].tenant) as tx:
        await receive(tx, envelopes, effects.handlers)


async def seen(consumer: Database, tenant: UUID = ALPHA) -> list[str]:
    async with consumer.transaction(tenant) as tx:
        return [row.name for row in await tx.execute("select name from things order by id")]


async def drain(consumer: Database, effects: Effects) -> None:
    moved = True
    while moved:
        async with consumer.transaction(ALPHA) as tx:
            waiting = await held_back(tx)
        moved = False
        for each in waiting:
            async with consumer.transaction(ALPHA) as tx:
                moved |= await go_on(tx, each, effects.handlers)


async def test_events_take_effect_in_order_and_once(retention: Database, ingest: Database) -> None:
    told = await events(retention, expired(1, "a"), expired(2, "b"), expired(1, "c"))
    effects = Effects()
    await take(ingest, told, effects)
    await take(ingest, told, effects)
    await take(ingest, told[1:], effects)
    assert await seen(ingest) == ["a", "b", "c"]


async def test_a_gap_parks_its_own_aggregate_only_until_it_is_filled(retention: Database, ingest: Database) -> None:
    first, second, other, third = await events(
        retention, expired(1, "first"), expired(1, "second"), expired(2, "other"), expired(1, "third")
    )
    effects = Effects()
    await take(ingest, [third, second, other], effects)
    assert await seen(ingest) == ["other"]
    async with ingest.work() as tx:
        assert [(state, number) for state, number, _ in await held_back_counts(tx)] == [("parked", 2)]
        assert await tenants_held_back(tx) == [ALPHA]
    await take(ingest, [first], effects)
    await drain(ingest, effects)
    assert await seen(ingest) == ["other", "first", "second", "third"]


async def test_an_event_waits_for_a_fact_and_those_after_it_wait_with_it(retention: Database, ingest: Database) -> None:
    told = await events(retention, expired(1, "early"), expired(1, "late"))
    effects = Effects()
    effects.missing = {"early"}
    await take(ingest, told, effects)
    await take(ingest, told, effects)
    await drain(ingest, effects)
    assert await seen(ingest) == []
    effects.missing = set()
    await drain(ingest, effects)
    assert await seen(ingest) == ["early", "late"]


async def test_what_is_held_back_for_long_raises_an_alarm_once(retention: Database, ingest: Database) -> None:
    effects = Effects()
    effects.missing = {"early"}
    await take(ingest, await events(retention, expired(1, "early")), effects)
    for minutes, expected in ((0, []), (11, ["event_held_back"]), (11, ["event_held_back"])):
        async with ingest.transaction(ALPHA) as tx:
            await tx.execute(
                "update inbox set received_at = received_at - make_interval(mins => :minutes)", {"minutes": minutes}
            )
            await alarm_overdue(tx)
            assert [each.kind for each in await alarms(tx, after=None, most=10)] == expected


async def test_a_poison_event_replayed_ends_as_if_it_had_never_failed(retention: Database, ingest: Database) -> None:
    before, poison, after = await events(retention, expired(1, "before"), expired(1, "poison"), expired(1, "after"))
    effects = Effects()
    effects.poison = {"poison"}
    await take(ingest, [before], effects)
    with pytest.raises(PermanentError) as fault:
        await take(ingest, [poison, after], effects)
    async with ingest.transaction(ALPHA) as tx:
        await bury(tx, "recital.retention.clock.expired", poison.to_bytes(), fault.value, poison)
    await take(ingest, [after], effects)
    await take(ingest, [poison], effects)
    await drain(ingest, effects)
    assert await seen(ingest) == ["before"]
    async with ingest.work() as tx:
        [letter] = await dead_letters(tx)
    async with ingest.transaction(ALPHA) as tx:
        assert [each.kind for each in await alarms(tx, after=None, most=10)] == ["dead_letter"]
    async with ingest.transaction(ALPHA) as tx:
        with pytest.raises(PermanentError):
            await replay_letter(tx, letter, effects.handlers)
        await tx.connection.rollback()
    effects.poison = set()
    async with ingest.transaction(ALPHA) as tx:
        assert await replay_letter(tx, letter, effects.handlers)
    await drain(ingest, effects)
    assert await seen(ingest) == ["before", "poison", "after"]
    async with ingest.transaction(ALPHA) as tx:
        assert await alarms(tx, after=None, most=10) == []
        with pytest.raises(Conflict):
            await replay_letter(tx, letter, effects.handlers)


async def test_a_dropped_event_lets_the_later_ones_go_on(retention: Database, ingest: Database) -> None:
    poison, after = await events(retention, expired(1, "poison"), expired(1, "after"))
    effects = Effects()
    async with ingest.transaction(ALPHA) as tx:
        await bury(tx, "subject", poison.to_bytes(), PermanentError("poison"), poison)
    await take(ingest, [after], effects)
    async with ingest.work() as tx:
        [letter] = await dead_letters(tx)
    async with ingest.transaction(ALPHA) as tx:
        await drop_letter(tx, letter, "it was a test")
    await drain(ingest, effects)
    assert await seen(ingest) == ["after"]


async def test_what_cannot_be_read_is_buried_without_a_tenant_and_can_be_dropped(ingest: Database) -> None:
    nobody = UUID(int=0)
    async with ingest.transaction(nobody) as tx:
        await bury(tx, "recital.retention.clock.expired", b"{", PermanentError("event_malformed"), None)
    async with ingest.work() as tx:
        [letter] = await dead_letters(tx)
    assert (letter.tenant, letter.event, letter.payload) == (nobody, None, b"{")
    async with ingest.transaction(nobody) as tx:
        await drop_letter(tx, letter, "noise")
    async with ingest.work() as tx:
        assert await dead_letters(tx) == []


async def test_another_event_under_a_known_version_contradicts(retention: Database, ingest: Database) -> None:
    [first] = await events(retention, expired(1, "true"))
    effects = Effects()
    await take(ingest, [first], effects)
    forged = first.model_copy(update={"id": UUID(int=7)})
    with pytest.raises(PermanentError, match="version_contradicted"):
        await take(ingest, [forged], effects)
    assert await seen(ingest) == ["true"]


async def test_an_event_that_nobody_follows_is_refused(retention: Database, ingest: Database) -> None:
    told = await events(retention, expired())
    async with ingest.transaction(ALPHA) as tx:
        with pytest.raises(PermanentError, match="event_unexpected"):
            await receive(tx, told, {})
        await tx.connection.rollback()


async def test_an_event_that_is_only_followed_advances_the_version(retention: Database, ingest: Database) -> None:
    first, second = await events(retention, expired(1, "a"), expired(1, "b"))
    async with ingest.transaction(ALPHA) as tx:
        await receive(tx, [first], {ClockExpired: None})
    await take(ingest, [second], Effects())
    assert await seen(ingest) == ["b"]


async def test_events_taken_together_come_in_order_and_once(retention: Database, ingest: Database) -> None:
    told = await events(retention, expired(1, "a"), expired(2, "b"), expired(1, "c"))
    calls: list[list[str]] = []

    async def note(_tx: Transaction, several: Sequence[ClockExpired]) -> None:
        calls.append([each.key for each in several])

    for part in (told, told, told[1:]):
        async with ingest.transaction(ALPHA) as tx:
            await receive(tx, part, {ClockExpired: Together(note)})
    assert calls == [["a", "b", "c"]]


async def test_one_that_fails_among_events_taken_together_leaves_nothing(retention: Database, ingest: Database) -> None:
    told = await events(retention, expired(1, "a"), expired(2, "b"))

    async def fail(tx: Transaction, several: Sequence[ClockExpired]) -> None:
        for each in several:
            await tx.execute(
                "insert into things (tenant_id, name) values (:tenant, :key)", {"tenant": ALPHA, "key": each.key}
            )
        raise PermanentError("poison", "It cannot be.")

    with pytest.raises(PermanentError):
        async with ingest.transaction(ALPHA) as tx:
            await receive(tx, told, {ClockExpired: Together(fail)})
    assert await seen(ingest) == []
    await take(ingest, told, Effects())
    assert await seen(ingest) == ["a", "b"]


async def test_one_among_several_that_must_wait_is_taken_by_itself_and_waits(
    retention: Database, ingest: Database
) -> None:
    told = await events(retention, expired(1, "early"), expired(2, "b"))

    async def together(_tx: Transaction, several: Sequence[ClockExpired]) -> None:
        if any(each.key == "early" for each in several):
            raise PermanentError("not_together", "One of these must wait.")

    async def alone(_tx: Transaction, event: ClockExpired) -> NotYet | None:
        return NotYet("fact:1") if event.key == "early" else None

    handlers: Handlers = {ClockExpired: Together(together, alone)}
    with pytest.raises(PermanentError):
        async with ingest.transaction(ALPHA) as tx:
            await receive(tx, told, handlers)
    states = []
    for each in told:
        async with ingest.transaction(ALPHA) as tx:
            await receive(tx, [each], handlers)
    async with ingest.transaction(ALPHA) as tx:
        states = [row.state for row in await tx.execute("select state from inbox order by id")]
        assert not await go_on(tx, told[0], handlers)
    assert states == ["waiting", "done"]


async def test_tenants_with_equal_ids_do_not_meet(retention: Database, ingest: Database) -> None:
    await events(retention, expired(1, "alpha"))
    told = await events(retention, expired(1, "beta"), tenant=BETA)
    effects = Effects()
    for tenant in (ALPHA, BETA):
        await take(ingest, [each for each in told if each.tenant == tenant], effects)
    assert (await seen(ingest), await seen(ingest, BETA)) == (["alpha"], ["beta"])


async def test_sender_and_receiver_count_the_same(retention: Database, ingest: Database) -> None:
    told = await events(retention, expired(1, "a"), expired(1, "b"), expired(2, "c"))
    effects = Effects()
    effects.missing = {"a"}
    await take(ingest, told, effects)
    async with retention.work() as mine, ingest.work() as theirs:
        long_ago = mine.now - timedelta(days=1)
        assert await sent_by_hour(mine, long_ago) == await received_by_hour(theirs, "retention", long_ago) != {}
        assert await received_by_hour(theirs, "consent", long_ago) == {}
        assert await received_by_hour(theirs, "retention", mine.now + timedelta(hours=1)) == {}


@pytest.mark.parametrize(
    ("position", "epoch", "version", "known", "standing"),
    [
        (Position(1, 0), 1, 1, False, Standing.NEXT),
        (Position(1, 4), 1, 5, True, Standing.SEEN),
        (Position(1, 4), 1, 6, False, Standing.AHEAD),
        (Position(1, 4), 1, 4, False, Standing.CONTRADICTS),
        (Position(1, 4), 2, 5, False, Standing.AHEAD),
        (Position(2, 4), 1, 5, False, Standing.CONTRADICTS),
    ],
)
async def test_where_an_event_stands(
    retention: Database, position: Position, epoch: int, version: int, known: bool, standing: Standing
) -> None:
    [envelope] = await events(retention, expired())
    judged = envelope.model_copy(update={"epoch": epoch, "version": version})
    assert standing_of(position, judged, known=known) is standing


async def test_an_unknown_dead_letter_is_not_found(ingest: Database) -> None:
    from recital_database import dead_letter  # noqa: PLC0415 - only here

    async with ingest.work() as tx:
        with pytest.raises(NotFound):
            await dead_letter(tx, UUID(int=1))
