"""A store with a history: runs that ended, wait and run, with all that belongs to them, written without being lived.

The rows are what the store's own methods leave behind, made inside the database: by the methods themselves it would
take far longer. Routes and definitions are submitted, sessions opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sagewai.core.codec import digest
from sagewai.core.stores.base import Store
from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.models.actor import Actor
from sagewai.models.run import Definition, RunSpec, StepInfo
from sagewai.models.session import ProcessIdentity, SessionSpec

BENCH = Actor("bench", source="api", assurance="api")
WORKFLOWS = tuple(f"flow-{number:02}" for number in range(20))
POOLS = ("default", "eu", "us", "gpu")
STEPS = ("fetch", "judge", "file")
CHUNK = 50_000
DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
"""As in a run's id, whose first two say when it was made."""

FAILED_EACH = 100
"""Of so many that ended, one failed and is a dead letter."""


@dataclass(frozen=True, slots=True)
class Stock:
    """How many runs are made; of those that ended ``days`` days pass between the oldest and the newest."""

    ended: int = 1_000_000
    pending: int = 100_000
    running: int = 10_000
    days: int = 30


def definition(workflow: str) -> Definition:
    steps = tuple(StepInfo(step, max_attempts=1, timeout=None) for step in STEPS)
    return Definition(workflow, "1", steps, fingerprint=digest(workflow))


def spec(run_id: str, workflow: str = WORKFLOWS[0], pool: str = POOLS[0], **fields: object) -> RunSpec:
    text = '{"order": 1, "note": "' + "x" * 160 + '"}'
    return RunSpec(
        run_id,
        workflow,
        text,
        digest(text),
        definition=definition(workflow),
        pool=pool,
        tags={"customer": "c1"},
        actor=BENCH,
        **fields,  # type: ignore[arg-type]
    )


async def open_session(store: Store, pool: str = POOLS[0], *, lease: float = 36_000.0) -> int:
    return await store.open_session(
        SessionSpec(
            name="bench",
            kind="worker",
            pool=pool,
            definitions=tuple(map(definition, WORKFLOWS)),
            max_concurrent=1_000,
            lease_ttl=lease,
            process=ProcessIdentity(host="bench", boot_id="b", pid_namespace="n", pid=7, started="1"),
        )
    )


async def fill(store: Store, stock: Stock, *, say: Callable[[str], None] = lambda _: None) -> None:
    """Make the runs: the ended ones first, by age, then those that run, then those that wait for a worker."""
    names = [(workflow, pool) for workflow in WORKFLOWS for pool in POOLS]
    await store.insert_runs([spec(f"first-{w}-{p}", w, p) for w, p in names])
    sessions = [await open_session(store, POOLS[number % len(POOLS)]) for number in range(20)]
    parts = (("ended", stock.ended, stock.days), ("running", stock.running, 0), ("pending", stock.pending, 0))
    for kind, total, days in parts:
        for start in range(0, total, CHUNK):
            count = min(CHUNK, total - start)
            await add(store, kind, count, days * (1 - start / total), days / total, sessions)
            say(f"{kind}: {start + count:,} of {total:,}")
    if isinstance(store, PostgresStore):
        database = await store._open()
        async with database.unhurried(1_800) as connection:
            await connection.execute("analyze")


async def add(
    store: Store, kind: str, count: int, days: float, apart: float, sessions: Sequence[int] = (1,)
) -> None:
    """More runs of a kind, the oldest so many days ago and each younger by so many than the one before."""
    age = days * 86_400, apart * 86_400
    if isinstance(store, PostgresStore):
        await _fill_postgres(store, kind, count, age, sessions)
    elif isinstance(store, SQLiteStore):
        await _fill_sqlite(store, kind, count, age, sessions)
    else:
        raise TypeError(f"{store!r} can't be filled")


# -- PostgreSQL ---------------------------------------------------------------------------------------------------

_MOMENT = "now() - ($2::float8 - n * $3::float8) * interval '1 s'"

_NAMED = f"""route.workflow || '-' || substr('{DIGITS}', 1 + made.minute / 32, 1)
         || substr('{DIGITS}', 1 + made.minute % 32, 1) || substr(md5(random()::text), 1, 10),
       route.workflow, route.pool
  from (select n, {_MOMENT} as at, floor(extract(epoch from {_MOMENT}) / 64)::int4 % 1024 as minute,
               $4::int8[] as sessions
          from generate_series(1, $1::int) as n) as made
  join sagewai.routes as route on route.id = 1 + made.n % (select count(*) from sagewai.routes)
  join sagewai.definitions as definition on definition.workflow = route.workflow"""

_POSTGRES_RUNS = {
    "ended": f"""
insert into sagewai.runs (created_at, changed_at, step_started, route, priority, definition, token, rev, seq, status,
                          step, run_id, workflow, pool)
select made.at, made.at + interval '1 s', made.at + interval '0.5 s', route.id, 0, definition.id, 1, 4,
       case when made.n % {FAILED_EACH} = 0 then 2 else 3 end, case when made.n % {FAILED_EACH} = 0 then 6 else 5 end,
       case when made.n % {FAILED_EACH} = 0 then 'file' end,
       {_NAMED}
 order by made.n
""",
    "running": f"""
insert into sagewai.runs (created_at, changed_at, step_started, route, priority, definition, token, rev, seq, status,
                          step, session, run_id, workflow, pool)
select now(), now(), now(), route.id, 0, definition.id, 1, 1, 0, 2, 'fetch',
       made.sessions[1 + made.n % cardinality(made.sessions)],
       {_NAMED}
 order by made.n
""",
    "pending": f"""
insert into sagewai.runs (created_at, changed_at, route, priority, definition, status, step, run_id, workflow, pool)
select now(), now(), route.id, 0, definition.id, 1, 'fetch',
       {_NAMED}
 order by made.n
""",
}

_POSTGRES_REST = (
    """
insert into sagewai.inputs (run, submitted_by, digest, version, tags, input)
select id, 'bench', md5(id::text) || md5(run_id), '', jsonb_build_object('customer', 'c' || id % 1000),
       '{"order": ' || id || ', "note": "' || repeat('x', 160) || '"}'
  from sagewai.runs where id > $1
""",
    "insert into sagewai.run_tags select 'customer', 'c' || id % 1000, id from sagewai.runs where id > $1",
    """
insert into sagewai.attempts (run, seq, attempt, token, outcome, session, started_at, finished_at, step, result, error)
select run.id, made.seq, 1, 1, case when run.status = 6 and made.seq = 2 then 2 else 1 end, 1, run.created_at,
       run.changed_at, (array['fetch', 'judge', 'file'])[made.seq + 1],
       case when run.status = 5 or made.seq < 2 then '"' || repeat('y', 198) || '"' end,
       case when run.status = 6 and made.seq = 2
            then '{"type": "builtins.ValueError", "message": "boom", "traceback": ""}' end
  from sagewai.runs as run
 cross join generate_series(0, 2) as made (seq)
 where run.id > $1 and run.status in (5, 6)
""",
    """
insert into sagewai.events (run, at, kind, actor, source, assurance, detail)
select run.id, run.created_at, kind, case rank when 1 then 'bench' end, case rank when 1 then 'api' end,
       case rank when 1 then 'api' end, case rank when 2 then '{"token": 1, "worker": "bench"}' end
  from sagewai.runs as run
 cross join lateral (
   values (1, 'submitted'), (2, 'claimed'), (3, case run.status when 6 then 'failed' else 'completed' end)
 ) as event (rank, kind)
 where run.id > $1 and (run.status <> 1 or rank = 1) and (run.status in (5, 6) or rank < 3)
 order by run.id, rank
""",
    """
insert into sagewai.endings (run, actor, reason, error)
select id, 'sagewai', '', '{"type": "builtins.ValueError", "message": "boom", "traceback": ""}'
  from sagewai.runs where id > $1 and status = 6
""",
    """
insert into sagewai.dead_letters (run, failed_at, attempts, takeovers, workflow, error_type, step)
select id, changed_at, 1, 0, workflow, 'errors.Kind' || id / 100 % 20, 'file'
  from sagewai.runs
 where id > $1 and status = 6
 order by id
""",
)


async def _fill_postgres(
    store: PostgresStore, kind: str, count: int, age: tuple[float, float], sessions: Sequence[int]
) -> None:
    database = await store._open()
    async with database.unhurried(1_800) as connection:
        last = await connection.fetchval("select coalesce(max(id), 0) from sagewai.runs")
        await connection.execute(_POSTGRES_RUNS[kind], count, *age, list(sessions))
        for statement in _POSTGRES_REST:
            await connection.execute(statement, last)


# -- SQLite -------------------------------------------------------------------------------------------------------

_MADE = """
with recursive made (n) as (select 1 union all select n + 1 from made where n < ?1),
made_at (n, at, route) as (
  select n, ?4 - cast((?2 - n * ?3) * 1e6 as integer), 1 + n % (select count(*) from routes) from made
)
"""
_NAMES = f"""
       w.name || '-' || substr('{DIGITS}', 1 + m.at / 64000000 % 1024 / 32, 1)
         || substr('{DIGITS}', 1 + m.at / 64000000 % 32, 1) || lower(hex(randomblob(5))), r.pool, r.workflow
  from made_at m join routes r on r.id = m.route join workflows w on w.id = r.workflow
  join definitions d on d.workflow = r.workflow
 order by m.n
"""
_SQLITE_RUNS = {
    "ended": f"""
insert into runs (status, seq, created_at, changed_at, step_started, route, priority, definition, token, rev, step,
                  run_id, pool, workflow)
{_MADE}
select case when m.n % {FAILED_EACH} = 0 then 6 else 5 end, case when m.n % {FAILED_EACH} = 0 then 2 else 3 end, m.at,
       m.at + 1000000, m.at + 500000, r.id, 0, d.id, 1, 4, case when m.n % {FAILED_EACH} = 0 then 'file' end, {_NAMES}
""",
    "running": f"""
insert into runs (status, seq, created_at, changed_at, step_started, route, priority, definition, token, rev, step,
                  session, run_id, pool, workflow)
{_MADE}
select 2, 0, ?4, ?4, ?4, r.id, 0, d.id, 1, 1, 'fetch', 1 + m.n % ?5, {_NAMES}
""",
    "pending": f"""
insert into runs (status, seq, created_at, changed_at, route, priority, definition, token, rev, step,
                  run_id, pool, workflow)
{_MADE}
select 1, 0, ?4, ?4, r.id, 0, d.id, 0, 0, 'fetch', {_NAMES}
""",
}
_SQLITE_REST = (
    """
insert into run_inputs (run, submitted_by, tags, digest, input)
select id, 'bench', json_object('customer', 'c' || (id % 1000)), printf('%064d', id),
       '{"order": ' || id || ', "note": "' || printf('%.160c', 'x') || '"}' from runs where id > ?
""",
    "insert or ignore into tags (key, value) select 'customer', 'c' || (id % 1000) from runs where id > ?",
    """
insert into run_tags (tag, run)
select t.id, r.id from runs r join tags t on t.key = 'customer' and t.value = 'c' || (r.id % 1000) where r.id > ?
""",
    """
insert into attempts (run, seq, attempt, token, outcome, session, started_at, finished_at, step, error, result)
select r.id, s.value, 1, 1, case when r.status = 6 and s.value = 2 then 2 else 1 end, 1, r.created_at, r.changed_at,
       json_array('fetch', 'judge', 'file') ->> s.value,
       case when r.status = 6 and s.value = 2
            then '{"type": "builtins.ValueError", "message": "boom", "traceback": ""}' end,
       case when r.status = 5 or s.value < 2 then '"' || printf('%.198c', 'y') || '"' end
  from runs r, json_each('[0, 1, 2]') s where r.id > ? and r.status in (5, 6)
""",
    """
insert into events (run, at, kind, actor, source, assurance, reason, detail)
select r.id, r.created_at, case e.value when 1 then 'submitted' when 2 then 'claimed' else
         case r.status when 6 then 'failed' else 'completed' end end,
       case e.value when 1 then 'bench' else 'sagewai' end, case e.value when 1 then 'api' else 'worker' end,
       case e.value when 1 then 'api' else 'os' end, '',
       case e.value when 2 then '{"token": 1, "worker": "bench"}' end
  from runs r, json_each('[1, 2, 3]') e
 where r.id > ? and (r.status <> 1 or e.value = 1) and (r.status in (5, 6) or e.value < 3)
""",
    """
insert into dead_letters (run, workflow, error_type, attempts, takeovers, failed_at, step, error)
select id, workflow, 'errors.Kind' || (id / 100 % 20), 1, 0, changed_at, 'file',
       '{"type": "builtins.ValueError", "message": "boom", "traceback": ""}' from runs where id > ? and status = 6
""",
)


async def _fill_sqlite(
    store: SQLiteStore, kind: str, count: int, age: tuple[float, float], sessions: Sequence[int]
) -> None:
    def write(tx: Transaction) -> None:
        last = tx.value("select ifnull(max(id), 0) from runs")
        values = (count, *age, tx.now, len(sessions))
        tx.change(_SQLITE_RUNS[kind], *values[: 5 if kind == "running" else 4])
        for statement in _SQLITE_REST:
            tx.change(statement, last)

    await store._write(write)
