-- What every service's database has. Statements are separated by a line that holds --; alone.
create table recital_clock (
    only_row boolean primary key default true check (only_row),
    ahead interval not null default '0',
    high_water timestamptz not null default 'epoch'
)
--;
insert into recital_clock default values
--;
create table recital_epoch (
    only_row boolean primary key default true check (only_row),
    epoch integer not null default 1
)
--;
insert into recital_epoch default values
--;
-- Recital's time: the database's, plus what a local test has moved it ahead. Constant within a transaction.
create function recital_now() returns timestamptz language sql stable parallel safe
    as $$ select now() + ahead from recital_clock $$
--;
-- Every id: a UUIDv7 on Recital's time, so that ids sort and partition by time.
create function recital_id() returns uuid language sql volatile parallel safe
    as $$ select uuidv7(ahead) from recital_clock $$
--;
-- The smallest id of an instant: the border of a partition.
create function recital_id_at(instant timestamptz) returns uuid language sql immutable
    as $$ select (lpad(to_hex((extract(epoch from instant) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid $$
--;
-- For local use: moves Recital's time ahead, never back. Only the owner may.
create function recital_advance_clock(further interval) returns timestamptz language plpgsql as $$
begin
    if further < interval '0' then raise exception 'Recital''s clock only moves ahead'; end if;
    update recital_clock set ahead = ahead + further, high_water = greatest(high_water, now() + ahead + further);
    return (select now() + ahead from recital_clock);
end $$
--;
revoke execute on function recital_advance_clock(interval) from public
--;
create function recital_partitioned() returns text[] language sql stable
    as $$ select coalesce(array_agg(c.relname::text), '{}') from pg_class c
          where c.relkind = 'p' and c.relnamespace = 'public'::regnamespace $$
--;
-- Makes the partitions of the month that is now, or will be `further` on, and of the next two. A month whose rows already
-- lie in the default partition is left there: it is still found, only not dropped as a whole. The refusal itself tells
-- that there are such rows: row-level security shows none of them to the owner. The table is locked first, as making a
-- partition would lock it anyway, so that nobody waits for us halfway.
create function recital_grow_partitions(parent text, further interval default '0') returns void language plpgsql as $$
declare
    first_day timestamptz; partition text;
begin
    for ahead in 0..2 loop
        first_day := date_trunc('month', (recital_now() + further) at time zone 'UTC') at time zone 'UTC'
            + make_interval(months => ahead);
        partition := parent || '_' || to_char(first_day at time zone 'UTC', 'YYYYMM');
        continue when to_regclass(partition) is not null;
        execute format('lock table only %I, only %I in access exclusive mode', parent, parent || '_default');
        begin
            execute format('create table %I partition of %I for values from (%L) to (%L)', partition, parent,
                recital_id_at(first_day), recital_id_at(first_day + interval '1 month'));
        exception when check_violation then
            continue;
        end;
    end loop;
end $$
--;
revoke execute on function recital_grow_partitions(text, interval) from public
--;
create table aggregate_versions (
    tenant_id uuid not null, aggregate text not null, aggregate_id uuid not null,
    version bigint not null,
    primary key (tenant_id, aggregate, aggregate_id)
)
--;
create table outbox (
    tenant_id uuid not null, id uuid not null default recital_id(),
    name text not null, schema_version integer not null,
    aggregate text not null, aggregate_id uuid not null, version bigint not null, epoch integer not null,
    occurred_at timestamptz not null default recital_now(), traceparent text, data jsonb not null,
    published_at timestamptz,
    primary key (tenant_id, id)
) partition by range (id)
--;
create index outbox_unpublished on outbox (tenant_id, id) where published_at is null
--;
create table inbox (
    tenant_id uuid not null, id uuid not null,
    producer text not null, name text not null,
    aggregate text not null, aggregate_id uuid not null, version bigint not null, epoch integer not null,
    state text not null check (state in ('done', 'waiting', 'parked', 'dead', 'dropped')),
    fact text, received_at timestamptz not null default recital_now(),
    envelope bytea,
    primary key (tenant_id, id),
    check ((state in ('done', 'dropped')) = (envelope is null)),
    check ((state = 'waiting') = (fact is not null))
) partition by range (id)
--;
create index inbox_open on inbox (tenant_id, state) where state in ('waiting', 'parked', 'dead')
--;
-- Until when rows are settled: `edge:<consumer>` has confirmed all it was sent, `outbox` is confirmed by every consumer,
-- `inbox` has nothing open.
create table settled (name text primary key, until timestamptz not null)
--;
-- Drops the partitions of outbox and inbox that lie wholly before what is settled and are older than 35 days; returns
-- their names. The inbox keeps a month longer, so that whoever compares still finds there what it has itself.
create function recital_drop_settled() returns text[] language plpgsql as $$
declare
    old record; dropped text[] := '{}';
begin
    for old in
        select s.name, c.relname, (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month') at time zone 'UTC' as ends_at, s.until
        from settled s join pg_inherits i on i.inhparent = to_regclass(s.name) join pg_class c on c.oid = i.inhrelid
        where s.name in ('outbox', 'inbox') and c.relname ~ '_[0-9]{6}$' order by c.relname
    loop
        continue when old.ends_at > old.until or old.ends_at > recital_now() - interval '35 days'
            - case old.name when 'inbox' then interval '1 month' else interval '0' end;
        execute format('drop table %I', old.relname);
        dropped := dropped || old.relname::text;
    end loop;
    return dropped;
end $$
--;
revoke execute on function recital_drop_settled() from public
--;
create table inbox_positions (
    tenant_id uuid not null, producer text not null, aggregate text not null, aggregate_id uuid not null,
    epoch integer not null, version bigint not null,
    primary key (tenant_id, producer, aggregate, aggregate_id)
)
--;
create table dead_letters (
    tenant_id uuid not null, id uuid not null default recital_id(),
    event_id uuid, subject text not null, code text not null, detail text not null,
    payload bytea not null, failed_at timestamptz not null default recital_now(),
    state text not null default 'open' check (state in ('open', 'replayed', 'dropped')), closed_because text,
    primary key (tenant_id, id)
)
--;
create unique index dead_letters_once on dead_letters (tenant_id, event_id) where state = 'open'
--;
create table alarms (
    tenant_id uuid not null, id uuid not null default recital_id(),
    kind text not null, about uuid not null, detail text not null, raised_at timestamptz not null default recital_now(),
    acknowledged_at timestamptz, acknowledged_because text,
    primary key (tenant_id, id)
)
--;
create unique index alarms_open on alarms (tenant_id, kind, about) where acknowledged_at is null
--;
-- Of the caller's key only a hash, and of the request a hash under that key: neither can be guessed from the other.
create table idempotency (
    tenant_id uuid not null, key_sha256 bytea not null,
    fingerprint bytea not null, result uuid, claimed_at timestamptz not null default recital_now(),
    primary key (tenant_id, key_sha256)
)
--;
create index idempotency_by_age on idempotency (claimed_at)
--;
create table ledger_entries (
    tenant_id uuid not null, id uuid not null default recital_id(),
    log text not null, kind text not null, at timestamptz not null default recital_now(),
    facts jsonb not null, commitment text not null,
    primary key (tenant_id, id)
) partition by range (id)
--;
create table ledger_queue (
    tenant_id uuid not null, log text not null, id uuid not null,
    primary key (tenant_id, log, id)
)
--;
create table ledger_nodes (
    tenant_id uuid not null, log text not null, level smallint not null, position bigint not null,
    hash bytea not null, entry_id uuid,
    primary key (tenant_id, log, level, position),
    check ((level = 0) = (entry_id is not null))
)
--;
create unique index ledger_nodes_entry on ledger_nodes (tenant_id, log, entry_id) where level = 0
--;
create table ledger_checkpoints (
    tenant_id uuid not null, log text not null, size bigint not null,
    root bytea not null, frontier bytea[] not null, signed_at timestamptz not null, note text not null,
    primary key (tenant_id, log, size)
)
