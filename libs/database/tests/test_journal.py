"""Ledgers: sequenced in order, provable, append-only, independent of other tenants and of who sequences."""

import asyncio
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from recital_database import Database, Recorded, Writing, record, record_all
from recital_database.journal import BATCH, consistency, entries, latest_checkpoint, receipt, sequence, unsequenced
from recital_errors import NotFound
from recital_ledger import (
    Checkpoint,
    commitment,
    leaf_hash,
    read_checkpoint,
    root_of,
    sign_checkpoint,
    verify_consistency,
    verify_inclusion,
)

ALPHA, BETA = UUID(int=0xA), UUID(int=0xB)


KEY = Ed25519PrivateKey.generate()


def sign(checkpoint: Checkpoint) -> str:
    return sign_checkpoint(checkpoint, KEY, name="test")


async def write(database: Database, *kinds: str, tenant: UUID = ALPHA) -> list[Recorded]:
    async with database.transaction(tenant) as tx:
        return [
            await record(tx, "access", kind, facts={"n": index}, details={"secret": kind})
            for index, kind in enumerate(kinds)
        ]


async def sequenced(database: Database, tenant: UUID = ALPHA) -> Checkpoint:
    async with database.transaction(tenant) as tx:
        await sequence(tx, "access", sign, "recital/test")
        note = await latest_checkpoint(tx, "access")
    assert note is not None
    return read_checkpoint(note, {"test": KEY.public_key()})


async def test_every_entry_is_proven_under_the_signed_checkpoint(ingest: Database) -> None:
    written = await write(ingest, "a", "b", "c", "d", "e")
    head = await sequenced(ingest)
    async with ingest.transaction(ALPHA) as tx:
        listed = await entries(tx, "access", start=0, most=10)
        assert head.root == root_of([leaf_hash(each.entry.data()) for each in listed])
        for recorded in written:
            proof = await receipt(tx, "access", recorded.entry)
            assert proof is not None
            assert verify_inclusion(leaf_hash(proof.entry.data()), proof.position, proof.size, proof.proof, head.root)
    assert listed[1].entry.commitment == commitment(written[1].salt, {"secret": "b"})


async def test_a_grown_log_continues_the_old_one(ingest: Database) -> None:
    await write(ingest, "a", "b", "c")
    old = await sequenced(ingest)
    await write(ingest, "d", "e", "f", "g")
    new = await sequenced(ingest)
    async with ingest.transaction(ALPHA) as tx:
        proof = await consistency(tx, "access", old=old.size, new=new.size)
        assert verify_consistency(old.size, old.root, new.size, new.root, proof)
        with pytest.raises(NotFound):
            await consistency(tx, "access", old=3, new=8)


async def test_an_entry_has_no_receipt_before_it_is_sequenced(ingest: Database) -> None:
    [recorded] = await write(ingest, "a")
    async with ingest.transaction(ALPHA) as tx:
        assert await receipt(tx, "access", recorded.entry) is None
        assert await latest_checkpoint(tx, "access") is None
        with pytest.raises(NotFound):
            await receipt(tx, "access", UUID(int=5))


async def test_tenants_have_logs_of_their_own(ingest: Database) -> None:
    await write(ingest, "a", "b")
    await write(ingest, "c", tenant=BETA)
    async with ingest.work() as tx:
        assert sorted(await unsequenced(tx)) == [(ALPHA, "access"), (BETA, "access")]
    assert ((await sequenced(ingest)).size, (await sequenced(ingest, BETA)).size) == (2, 1)
    async with ingest.work() as tx:
        assert await unsequenced(tx) == []


async def test_an_idle_log_is_not_signed_again(ingest: Database) -> None:
    await write(ingest, "a")
    first = await sequenced(ingest)
    assert await sequenced(ingest) == first


async def test_sequencing_at_the_same_time_gives_each_entry_one_place(ingest: Database) -> None:
    for _ in range(5):
        await write(ingest, *("abcd"))

    async def one() -> None:
        async with ingest.transaction(ALPHA) as tx:
            await sequence(tx, "access", sign, "recital/test")

    await asyncio.gather(*(one() for _ in range(6)))
    head = await sequenced(ingest)
    async with ingest.transaction(ALPHA) as tx:
        listed = await entries(tx, "access", start=0, most=100)
    assert head.size == len({each.entry.id for each in listed}) == 20


async def test_a_large_queue_is_taken_in_batches(ingest: Database) -> None:
    async with ingest.transaction(ALPHA) as tx:
        await tx.execute(
            "with made as (insert into ledger_entries (tenant_id, log, kind, facts, commitment)"
            " select :tenant, 'access', 'x', '{}', repeat('0', 64) from generate_series(1, :number) returning id)"
            " insert into ledger_queue select :tenant, 'access', id from made",
            {"tenant": ALPHA, "number": BATCH + 5},
        )
    async with ingest.transaction(ALPHA) as tx:
        assert await sequence(tx, "access", sign, "recital/test")
    assert (await sequenced(ingest)).size == BATCH + 5


async def test_rolled_back_work_leaves_no_entry(ingest: Database) -> None:
    with pytest.raises(RuntimeError):
        async with ingest.transaction(ALPHA) as tx:
            await record(tx, "access", "never", facts={})
            raise RuntimeError
    async with ingest.work() as tx:
        assert await unsequenced(tx) == []


async def test_many_entries_are_written_at_once_and_come_back_in_their_order(ingest: Database) -> None:
    async with ingest.transaction(ALPHA) as tx:
        assert await record_all(tx, "access", []) == []
        written = await record_all(
            tx, "access", [Writing(f"kind_{n}", {"n": n}, {"secret": n}) for n in range(50)] + [Writing("bare", {})]
        )
    await sequenced(ingest)
    async with ingest.transaction(ALPHA) as tx:
        listed = {each.entry.id: each.entry for each in await entries(tx, "access", start=0, most=99)}
    assert len(listed) == 51
    assert [(listed[each.entry].kind, listed[each.entry].facts) for each in written[:50]] == [
        (f"kind_{n}", {"n": n}) for n in range(50)
    ]
    assert listed[written[7].entry].commitment == commitment(written[7].salt, {"secret": 7})
    assert listed[written[50].entry].commitment == commitment(written[50].salt, {})
