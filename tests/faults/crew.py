"""Worker processes that a test starts, hurts and ends; none of them outlives it."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sagewai.core.failpoints import VARIABLE as FAILPOINTS
from sagewai.core.stores.base import Store
from sagewai.models.session import Session
from tests.engine.helpers import until
from tests.faults.ledger import PATH, WORKER, Ledger

ROOT = Path(__file__).parents[2]


class Hand:
    """One worker process."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.killed_at: float | None = None
        """By the monotonic clock; None while it wasn't killed by us."""
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """How it ended (minus the signal's number where one killed it); None while it lives."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        self.killed_at = time.monotonic()
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    async def frozen(self, timeout: float = 30.0) -> None:
        """Until it is stopped, by us or by itself."""

        async def stopped() -> bool:
            assert self.code is None, f"{self.name} ended with {self.code}:\n{self.log()}"
            return await _state(self.pid) == "T"

        await until(stopped, timeout=timeout)

    async def ended(self, timeout: float = 20.0) -> int:
        """Its exit code, once it has ended by itself or by a signal that was sent."""

        async def over() -> bool:
            return self.code is not None

        await until(over, timeout=timeout)
        assert self.code is not None
        return self.code

    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text(errors="replace")


class Crew:
    """The processes of one test, all working on one store. ``lease`` is what they get unless they are told another."""

    def __init__(self, url: str, ledger: Ledger, folder: Path, *, lease: float) -> None:
        self.lease = lease
        self.hands: dict[str, Hand] = {}
        self._url = url
        self._ledger = ledger
        self._folder = folder
        self._numbers = itertools.count(1)

    def start(
        self,
        name: str = "",
        *,
        failpoints: str = "",
        machine: str | None = None,
        environment: dict[str, str] | None = None,
        url: str | None = None,
        **options: Any,
    ) -> Hand:
        """A worker process; it may take a moment until it claims. ``options`` as in :mod:`tests.faults.worker`; names
        are used once, so that a name stands for one process. ``url`` is its own way to the store."""
        name = name or f"w{next(self._numbers)}"
        assert name not in self.hands, f"{name} was started before"
        lease = options.pop("lease_ttl", self.lease)
        told = {
            "name": name,
            "machine": f"machine-of-{name}" if machine is None else machine,
            "lease_ttl": lease,
            "heartbeat_interval": lease / 4,
            "poll_interval": 0.4,  # and so often it sweeps; ten of them that do it more often fill a small machine
            **options,
        }
        log = self._folder / f"{name}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.worker", json.dumps(told)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "SAGEWAI_STORE": url or self._url,
                    PATH: str(self._ledger.path),
                    WORKER: name,
                    FAILPOINTS: failpoints,
                    **(environment or {}),
                },
            )
        self.hands[name] = hand = Hand(name, process, log)
        return hand

    async def session(self, hand: Hand, store: Store) -> Session:
        """The session under which it works, once it has one."""

        async def opened() -> Session | None:
            assert hand.code is None, f"{hand.name} ended with {hand.code}:\n{hand.log()}"
            return next(
                (each for each in await store.list_sessions(live_only=True) if each.name == hand.name), None
            )

        session: Session = await until(opened, timeout=30)
        return session

    async def seen(
        self,
        hand: Hand,
        step: str | None = None,
        *,
        run: str | None = None,
        times: int = 1,
        timeout: float = 30.0,
    ) -> None:
        """Until a body (of that step, of that run) ran in it, so many times."""

        async def ran() -> bool:
            return len(self._ledger.of(run, step, hand.name)) >= times

        await until(ran, timeout=timeout)

    def logs(self) -> str:
        """What every one of them logged."""
        return "\n".join(
            f"-- {hand.name}, ended with {hand.code}\n{hand.log()}" for hand in self.hands.values()
        )

    def close(self) -> None:
        for hand in self.hands.values():
            if hand.code is None:
                hand.kill()  # a frozen one too


async def _state(pid: int) -> str:
    """The letter that the system shows for a process: T for a stopped one."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        return stat.read_text().rpartition(")")[2].split()[0]
    shown = await asyncio.create_subprocess_exec(
        *("ps", "-o", "stat=", "-p", str(pid)), stdout=asyncio.subprocess.PIPE
    )
    return (await shown.communicate())[0].decode()[:1]
