"""What is measured: a workflow of trivial steps, how large their results are, and the count of those that began."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import asdict, dataclass, field
from string import ascii_letters
from typing import Any


@dataclass(frozen=True, slots=True)
class Work:
    """``steps`` of a run; each gives ``size`` bytes of JSON text after up to ``sleep`` seconds."""

    steps: int = 10
    size: int = 200
    sleep: float = 0.0

    def result(self) -> str:
        """What a step gives: letters by chance, which no store can make smaller."""
        return "".join(random.choices(ascii_letters, k=self.size - 2))


@dataclass(frozen=True, slots=True)
class Task:
    """What one fresh process does. ``place`` is a store's URL; ``seconds`` are those that are measured."""

    scene: str
    contender: str
    place: str
    work: Work = field(default_factory=Work)
    lanes: int = 1
    runs: int = 0
    seconds: float = 1.0
    absurd_sql: str = ""

    def text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Task:
        plain: dict[str, Any] = json.loads(text)
        return cls(**plain | {"work": Work(**plain["work"])})


Tick = tuple[float, int, float]
"""A moment by the machine's monotonic clock, steps begun until then, and seconds of CPU this process had used."""


class Tally:
    """The body of every step in this process. A step begins when the one before it was recorded, so in steady state
    as many are recorded as begin."""

    def __init__(self, work: Work) -> None:
        self.begun = 0
        self.last = 0.0
        self._sleep = work.sleep
        self._result = work.result()
        self._waiting: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def body(self) -> str:
        self.count()
        if self._sleep:
            await asyncio.sleep(random.uniform(0, self._sleep))
        return self._result

    def count(self, steps: int = 1) -> None:
        self.begun += steps
        self.last = time.monotonic()
        for wanted, loop, reached in self._waiting:
            if self.begun >= wanted:
                loop.call_soon_threadsafe(reached.set)  # a peer may run its steps in a thread of its own

    async def reach(self, steps: int, patience: float) -> bool:
        """Wait until so many have begun; False when ``patience`` seconds didn't do."""
        reached = asyncio.Event()
        entry = (steps, asyncio.get_running_loop(), reached)
        self._waiting.append(entry)
        if self.begun >= steps:
            reached.set()
        try:
            async with asyncio.timeout(patience):
                await reached.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting.remove(entry)
        return True

    def tick(self) -> Tick:
        return (time.monotonic(), self.begun, time.process_time())
