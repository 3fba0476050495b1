"""Fault 12: the disk is full, for longer than a lease, and then has room again; on both databases."""

from __future__ import annotations

import asyncio
import os
import random
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.stores.url import open_store
from sagewai.errors import StoreError
from sagewai.models.status import RunStatus
from tests.engine.helpers import until
from tests.faults.crew import Crew
from tests.faults.disk import SEGMENT, Disk, Limited, Mounted, family, files_in, mounted
from tests.faults.ending import RESUME, first_body, judged
from tests.faults.invariants import Acknowledged
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.traffic import Traffic
from tests.faults.waiting import all_over
from tests.faults.workload import ledger_workflow
from tests.postgres.account import serving_account
from tests.postgres.binaries import find_binaries
from tests.postgres.local import LocalServer

CLEAR = re.compile("no space is left|No space left|File too large", re.IGNORECASE)
"""What somebody has to read who wants to know what is wrong."""

HEAVY = 600_000
"""Characters of a run's input where files have to grow longer than a segment of the server's log."""

BALLAST = 40_000_000
"""Bytes that lie on a small disk from the beginning, beside which a small database is nothing."""


@pytest.fixture
def own_disk() -> Iterator[Mounted | None]:
    with mounted() as disk:
        yield disk


@pytest.fixture
def server(own_disk: Mounted | None) -> Iterator[LocalServer]:
    """A server of this test, on a small disk where there is one."""
    account = serving_account()
    server = LocalServer(find_binaries(account), account, None if own_disk is None else own_disk.folder)
    yield server
    server.close()


@pytest.fixture
def store_url(request: pytest.FixtureRequest, own_disk: Mounted | None, tmp_path: Path) -> Iterator[str]:
    with ExitStack() as scope:
        if request.param == "postgres":
            server: LocalServer = request.getfixturevalue("server")
            yield server.url(scope.enter_context(server.database()))
        else:
            folder = own_disk.folder if own_disk else tmp_path
            (folder / "ballast").write_bytes(bytes(BALLAST))
            yield f"sqlite:///{folder}/runs.db"


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    async with open_store(store_url) as opened:
        yield opened


async def test_nothing_acknowledged_is_lost_and_room_is_enough_to_go_on(
    request: pytest.FixtureRequest,
    fault: Fault,
    long: bool,
    rng: random.Random,
    store: Store,
    own_disk: Mounted | None,
    crew: Crew,
    ledger: Ledger,
    acknowledged: Acknowledged,
) -> None:
    hands = [crew.start() for _ in range(2)]
    server: LocalServer | None = None if isinstance(store, SQLiteStore) else request.getfixturevalue("server")
    limited = limited_clients(crew, store) if server is None else limited_server(server)
    disks: list[Disk] = [own_disk or limited, *([limited] if long and own_disk else [])]
    restarts, resumed = 0, list[float]()
    async with Traffic(store, ledger_workflow(store), acknowledged, rng, every=0.1) as traffic:
        for hand in hands:
            await crew.seen(hand)
        for disk in disks * (3 if long else 1):
            traffic.weight = HEAVY if disk is limited and server is not None else 0
            before = traffic.unanswered
            disk.fill()
            await refused(traffic, more_than=before)
            if server is not None and disk is own_disk:
                await begin_another_segment(store)
            await asyncio.sleep(2 * crew.lease)
            disk.make_room()
            if server is not None and not is_alive(
                server.postmaster_pid
            ):  # it gives up where it can't even recover
                await asyncio.to_thread(server.start)
                restarts += 1
            resumed.append(await first_body(ledger, since=time.monotonic()))
        await traffic.enough()
        await judged(fault, store, ledger, acknowledged, lease=crew.lease)

    said = [each for each in traffic.complaints if CLEAR.search(each)]
    ways = " and ".join(disk.way for disk in disks)
    fault.figure(
        f"{ways}: lost 0 of {len(acknowledged.runs)} runs, {traffic.unanswered} calls refused, "
        f"server restarted {restarts} times, recovery {max(resumed):.2f} s"
    )
    assert max(resumed) < RESUME
    assert all(hand.code is None for hand in hands)
    assert said, f"nobody was told that the disk is full: {traffic.complaints}"
    assert acknowledged.decisions


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_worker_claims_nothing_before_the_disk_is_full(
    fault: Fault, store: Store, own_disk: Mounted | None, crew: Crew, acknowledged: Acknowledged
) -> None:
    """What it holds can still be recorded then."""
    if own_disk is None:
        fault.figure("no disk to watch: mounting isn't allowed")
        return
    flow = ledger_workflow(store)
    worker = crew.start()
    held = await flow.submit(pace=0.5)
    await crew.seen(worker, run=held.run_id)
    own_disk.fill(spare=own_disk.used // 30)  # less than 5 % of what there is then
    await logged(lambda: "claims nothing" in worker.log())
    left = [await flow.submit() for _ in range(3)]
    fault.check(await all_over(store, [held.run_id], within=20))
    await asyncio.sleep(1)  # ten polls
    assert all([(await each.status()).status is RunStatus.PENDING for each in left])

    own_disk.make_room()
    await logged(lambda: "goes on" in worker.log())
    fault.check(await all_over(store, [each.run_id for each in left], within=20))
    fault.figure("claims stop below 5 % and go on")


async def refused(traffic: Traffic, *, more_than: int) -> None:
    """Until some client was."""

    async def heard() -> bool:
        return traffic.unanswered > more_than

    await until(heard, timeout=30)


async def begin_another_segment(store: Store) -> None:
    """Let the server need room for its log too, without which it can only stop at once and recover later."""
    assert isinstance(store, PostgresStore)
    with suppress(StoreError):
        async with store._database.connection() as connection:
            for _ in range(5):
                await connection.execute("select pg_logical_emit_message(false, '', 'x'), pg_switch_wal()")


async def logged(condition: Callable[[], bool]) -> None:
    async def holds() -> bool:
        return condition()

    await until(holds, timeout=20)


def limited_server(server: LocalServer) -> Limited:
    """The server's processes may write as long files as there are, which is a segment of its log at least."""
    return Limited(
        lambda: family(server.postmaster_pid),
        lambda: files_in(server.folder / "data" / "base"),
        least=SEGMENT,
    )


def limited_clients(crew: Crew, store: Store) -> Limited:
    """Nor may the workers and this process make the database's files any longer."""
    assert isinstance(store, SQLiteStore)
    return Limited(
        lambda: [os.getpid(), *(hand.pid for hand in crew.hands.values())],
        lambda: list(store.path.parent.glob(f"{store.path.name}*")),
    )


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
