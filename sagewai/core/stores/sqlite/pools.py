"""Pools: what is queued in each and who serves it; paused, resumed and drained by operators."""

from __future__ import annotations

from sagewai.core.stores import words
from sagewai.core.stores.base import check_pool_ask
from sagewai.core.stores.sqlite import names
from sagewai.core.stores.sqlite.events import Events
from sagewai.core.stores.sqlite.reads import counts
from sagewai.core.stores.sqlite.rows import maybe_time, read_time
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.session import NEWEST, Counts, Glance, PoolOverview
from sagewai.models.status import TERMINAL, Ask, RunStatus

STALE_FOR = 3600 * 1_000_000
"""Microseconds for which a worker that lost its lease counts as stale."""


def ask_pool(tx: Transaction, pool: str, ask: Ask, actor: Actor, reason: str) -> int:
    check_pool_ask(pool, ask)
    if ask is Ask.DRAIN:
        tx.change(f"update sessions set asked = ?3 where {_LIVE}", pool, tx.now, words.ASK_CODE[ask])
    elif ask is Ask.PAUSE:
        tx.change(
            "insert or ignore into paused_pools (pool, paused_at) values (?, ?)",
            names.pool_id(tx, pool),
            tx.now,
        )
    elif tx.change("delete from paused_pools where pool = (select id from pools where name = ?)", pool):
        tx.change("update arrivals set n = n + 1 where status = 0")  # its workers hear that there is work
    events = Events(tx)
    detail = {"pool": pool, "ask": ask.value}
    events.note(None, EventKind.POOL_ASKED, detail, actor=actor, reason=reason)
    events.write()
    workers: int = tx.value(f"select count(*) from sessions where {_LIVE}", pool, tx.now)
    return workers


def glance(tx: Transaction) -> Glance:
    counted = counts(tx)
    newest, running = tx.rows(_BULKS)[0]
    return Glance(
        now=read_time(tx.now),
        counts=counted,
        pools=tuple(_pools(tx, counted)),
        newest_bulk=newest,
        running_bulks=running,
        newest_approvals=tuple(number for (number,) in tx.rows(_NEWEST_APPROVALS, NEWEST)),
        newest_dead_letters=tuple(number for (number,) in tx.rows(_NEWEST_DEAD_LETTERS, NEWEST)),
    )


def list_pools(tx: Transaction) -> list[PoolOverview]:
    return _pools(tx, counts(tx))


def _pools(tx: Transaction, counted: Counts) -> list[PoolOverview]:
    by_pool = counted.by_pool
    workers = {pool: rest for pool, *rest in tx.rows(_WORKERS, tx.now, tx.now - STALE_FOR)}
    live = {pool for pool, (alive, _, _) in workers.items() if alive}
    unfinished = {pool for pool, its in by_pool.items() if not its.keys() <= TERMINAL}
    paused = {pool for (pool,) in tx.rows(_PAUSED)}
    pools = []
    for pool in sorted(unfinished | live | paused):
        its = by_pool.get(pool, {})
        alive, stale, capacity = workers.get(pool, (0, 0, 0))
        pools.append(
            PoolOverview(
                pool=pool,
                pending=its.get(RunStatus.PENDING, 0),
                running=its.get(RunStatus.RUNNING, 0),
                waiting=its.get(RunStatus.WAITING, 0),
                live_workers=alive,
                stale_workers=stale,
                capacity=capacity,
                oldest_pending_at=maybe_time(tx.value(_OLDEST, pool)),
                paused=pool in paused,
            )
        )
    return pools


_LIVE = "pool = ?1 and kind = 'worker' and status <= 3 and lease_until > ?2"

_PAUSED = "select n.name from paused_pools p join pools n on n.id = p.pool"

_WORKERS = """
select pool, sum(live), sum(stale), sum(case when live and status = 1 then max_concurrent else 0 end)
from (
  select pool, status, max_concurrent, lease_until > ?1 as live, lease_until <= ?1 as stale
  from sessions where status <= 3 and kind = 'worker' and lease_until > ?2
  union all
  select pool, status, max_concurrent, 0, 1
  from sessions where ended_at > ?2 and status = 5 and kind = 'worker' and lease_until > ?2
) group by pool
"""

_BULKS = "select ifnull(max(id), 0), (select count(*) from bulk_jobs where status = 1) from bulk_jobs"

_NEWEST_APPROVALS = """
select id from (select id, status from approvals order by id desc limit ?) where status = 1 order by id desc
"""
_NEWEST_DEAD_LETTERS = "select id from dead_letters order by id desc limit ?"

_OLDEST = "select min(changed_at) from runs where status = 1 and pool = (select id from pools where name = ?)"
