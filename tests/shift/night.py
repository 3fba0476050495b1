"""The night before the shift: a server of its own, logins, workers as processes, and what waits for the operator."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from sagewai import Actor, open_store
from sagewai.core import commands
from sagewai.core.stores.base import Store
from sagewai.core.stores.postgres import PostgresStore
from tests.postgres.local import LocalServer, local_server
from tests.shift import flows
from tests.shift.desk import ROOT

T = TypeVar("T")

REFUNDS, BROKEN_LINES, EMPTY_MONTHS = 20, 14, 15
TYPING_ERROR = "export-typo"
DATABASE = "shop"
BOB = Actor("bob", source="cli", assurance="os")
LOGINS = {
    "ada": ("viewer", "operator", "approver"),
    "bob": ("viewer", "operator", "approver"),
    "crew": ("worker", "operator"),
}
"""Who is on call, a colleague, and the workers; groups of `sagewai db roles`."""

PATIENCE = 60.0


class Night:
    """The shop's database and processes."""

    def __init__(self, server: LocalServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def url(self, login: str) -> str:
        return self.server.url(DATABASE).replace("://postgres@", f"://{login}@", 1)

    def do(self, act: Callable[[Store], Awaitable[T]], login: str = "bob") -> T:
        """Something that another client does, in one go."""

        async def run() -> T:
            async with open_store(self.url(login)) as store:
                return await act(store)

        return asyncio.run(run())

    def until(self, act: Callable[[Store], Awaitable[bool]], what: str) -> None:
        """Ask until it is so."""

        async def ask(store: Store) -> None:
            end = time.monotonic() + PATIENCE
            while not await act(store):
                assert time.monotonic() < end, f"waited for {what}"
                await asyncio.sleep(0.05)

        self.do(ask)

    def worker(self, name: str, target: str, *options: str) -> None:
        """A worker as a process of its own, once it has a session."""
        command = [
            sys.executable,
            "-m",
            "sagewai.cli",
            "worker",
            f"tests.shift.flows:{target}",
            "--name",
            name,
        ]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.workers[name] = subprocess.Popen(
                [*command, *options],
                cwd=ROOT,
                env={**os.environ, "SAGEWAI_STORE": self.url("crew"), flows.FOLDER: str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

        async def lives(store: Store) -> bool:
            return any(each.name == name for each in await store.list_sessions(live_only=True))

        self.until(lives, f"worker {name}")

    async def submit(
        self, store: Store, workflow: Any, pool: str, runs: list[tuple[str, dict[str, Any]]]
    ) -> None:
        """One after the other: the order of their numbers is that of the lists."""
        workflow.store = store
        for run_id, given in runs:
            await workflow.submit(run_id, pool=pool, **given)
        workflow.store = None

    def fall(self) -> None:
        """Let it become night: everything has happened that the operator will find."""
        self.server.execute(f"create database {DATABASE}")

        async def found(store: Store) -> None:
            assert isinstance(store, PostgresStore)
            await store.apply_roles("sagewai_")

        self.do(found, "postgres")
        for login, groups in LOGINS.items():
            self.server.execute(f"create role {login} login")
            for group in groups:
                self.server.execute(f"grant sagewai_{group} to {login}")
        self.worker("paper-1", "report", "--pool=exports", "--heartbeat-interval=1", "--lease-ttl=3")
        self.do(self._first, "crew")
        self.until(self._is_held, "the report to be held")
        self.worker("bank-1", "refund", "--pool=bank", "--max-concurrent=1")
        self.worker("exports-1", "exports", "--pool=exports", "--max-concurrent=1")
        self.do(self._rest, "crew")
        self.until(self._has_fallen, "what the operator finds")

    async def _first(self, store: Store) -> None:
        await self.submit(store, flows.report, "exports", [("report-may", {"title": "May"})])

    async def _is_held(self, store: Store) -> bool:
        return (await store.get_run("report-may")).worker == "paper-1"

    async def _rest(self, store: Store) -> None:
        lines = [(f"export-l{n:02}", {"month": "May", "rows": n}) for n in range(1, BROKEN_LINES + 1)]
        months = [(f"export-m{n:02}", {"month": "never", "rows": n}) for n in range(1, EMPTY_MONTHS + 1)]
        typo = (TYPING_ERROR, {"month": "May", "rows": -70})
        await self.submit(store, flows.export, "exports", [*lines, *months, typo])
        refunds = [(f"refund-a{n:02}", {"order": f"A-{n}", "cents": 1000 + n}) for n in range(1, REFUNDS + 1)]
        await self.submit(store, flows.refund, "bank", refunds)
        await self.submit(store, flows.train, "gpu", [(f"train-{n}", {"model": f"m{n}"}) for n in (1, 2)])

    async def _has_fallen(self, store: Store) -> bool:
        counts = await store.counts()
        return counts.pending_approvals == REFUNDS and counts.dead_letters == BROKEN_LINES + EMPTY_MONTHS + 1

    def reject(self, run_id: str, reason: str) -> None:
        """A colleague decides first."""

        async def act(store: Store) -> None:
            await commands.reject(store, run_id, actor=BOB, reason=reason)

        self.do(act)

    def ask_anew(self, run_id: str, order: str, cents: int) -> None:
        """Something else is owed by now, and a colleague lets the run ask again."""
        (self.folder / f"owed-{order}").write_text(str(cents))

        async def act(store: Store) -> None:
            await commands.pause(store, run_id, actor=BOB)
            await commands.resume(store, run_id, actor=BOB)

        async def asked(store: Store) -> bool:
            return len(await store.approvals_of(run_id)) == 2

        self.do(act)
        self.until(asked, "the other content")

    def lose(self, name: str) -> None:
        """kill -9 of a worker."""
        self.workers[name].kill()
        self.workers[name].wait()

    @contextmanager
    def somebody_holds(self, run_id: str) -> Iterator[None]:
        """Another client's transaction has the run's row, and takes its time."""
        held, leave = threading.Event(), threading.Event()

        async def hold() -> None:
            connection = await asyncpg.connect(self.server.url(DATABASE))
            async with connection.transaction():
                await connection.execute("select from sagewai.runs where run_id = $1 for update", run_id)
                held.set()
                await asyncio.to_thread(leave.wait, PATIENCE)
            await connection.close()

        with ThreadPoolExecutor(1) as apart:
            holding = apart.submit(asyncio.run, hold())
            try:
                assert held.wait(PATIENCE)
                yield
            finally:
                leave.set()
            holding.result()

    def happens(self, what: str) -> None:
        """Something outside: the bank answers, there is paper."""
        (self.folder / what).touch()

    def letters(self) -> int:
        """Dead letters there are."""

        async def count(store: Store) -> int:
            return (await store.counts()).dead_letters

        return self.do(count)

    def end(self) -> None:
        for worker in self.workers.values():
            if worker.poll() is None:
                worker.kill()
            worker.wait()


@contextmanager
def night(folder: Path) -> Iterator[Night]:
    with local_server() as server:
        made = Night(server, folder)
        try:
            made.fall()
            yield made
        finally:
            made.end()
