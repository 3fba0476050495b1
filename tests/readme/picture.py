"""The README's pictures: each screen of the console at 80×24, from one store whose clock stands at three at night."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from sagewai import Actor, InMemoryStore
from sagewai.core.transitions import Operation
from sagewai.models.approval import DecisionRequest
from sagewai.models.status import Verdict
from tests.readme.page import ROOT
from tests.tui.stage import Stage
from tui.app import ConsoleApp

PICTURES = ROOT / ".github" / "pictures"
NOW = datetime(2025, 11, 22, 3, 7, 12, tzinfo=UTC)
WIDTH, HEIGHT = 80, 24
OPERATOR = Actor("ada@ops1", source="console", assurance="os")

_TEXT = re.compile(r'<text class="terminal-r(\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')
_CELL = 12.2
_LINE = 24.4
"""The size of a character cell in a picture drawn by rich."""


@dataclass(slots=True)
class Clock:
    """The store's clock, set by hand."""

    at: float = NOW.timestamp()

    def __call__(self) -> float:
        return self.at

    def ago(self, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        self.at = NOW.timestamp() - 3_600 * hours - 60 * minutes - seconds


REFUND = ("look-up", "ask", "pay")
LETTER = ("research", "write", "ask", "send")

SCENES: Mapping[str, tuple[tuple[str, ...], str]] = MappingProxyType(
    {
        "runs": ((), "refund-a03"),
        "approvals": (("3",), "never arrived"),
        "workers": (("4",), "lapsed"),
        "dead-letters": (("5",), "the bank closed the connection"),
        "overview": (("6",), "action log"),
        "run": (("colon", *"run letter-mq3v", "enter", "tab", "tab", "tab"), "gpt-4o-mini"),
    }
)
"""By the picture's name, the keys that lead there from the one before, and what shows that it is whole."""


async def a_night_on_call(clock: Clock) -> InMemoryStore:
    """Runs in the states that an operator meets."""
    store = InMemoryStore(clock=clock)
    stage = Stage(store)
    clock.ago(hours=9)
    gpu = await stage.worker("letter", name="gpu-1", pool="gpu", lease=40_000, steps=LETTER)
    bank = await stage.worker("refund", name="w1", lease=40_000, steps=REFUND)
    for number, hours in enumerate((8.2, 7.5, 6.1, 5.8, 4.4), 3):
        clock.ago(hours=hours)
        await stage.running(f"refund-a{number:02}", workflow="refund", steps=REFUND, done=2)
        clock.ago(hours=hours - 0.001 * number)
        if number in (4, 6):
            await stage.die(f"refund-a{number:02}", "IBAN is 3 digits short", kind="shop.errors.WrongAccount")
        else:
            await stage.finish_step(f"refund-a{number:02}")
    clock.ago(hours=3.2)
    await stage.running("refund-a09", workflow="refund", steps=REFUND, done=1)
    order = {"order": "A-09", "customer": "Grace", "cents": 120_000, "why": "never arrived"}
    await stage.ask("refund-a09", "Refund 120000 cents to Grace?", order)
    clock.ago(hours=2.4)
    await stage.submit("refund-a10", "refund", steps=REFUND)
    await store.operate("refund-a10", Operation.CANCEL, OPERATOR, "entered twice")
    stage.session = gpu
    clock.ago(minutes=132)
    await stage.running("letter-mq3v", workflow="letter", pool="gpu", steps=LETTER)
    await stage.called("letter-mq3v", "It went to Kiel, not to Köln.", "reader", request="Where is A-17?")
    clock.ago(minutes=125)
    await stage.finish_step("letter-mq3v", {"customers": 412, "order": "A-17"})
    clock.ago(minutes=118)
    await stage.fail_attempt("letter-mq3v", "rate limited")
    clock.ago(minutes=103)
    await store.lapse_sessions([gpu])
    await store.tick()
    clock.ago(minutes=98)
    other = stage.session = await stage.worker("letter", name="gpu-2", pool="gpu", lease=40_000, steps=LETTER)
    await stage.hold("letter-mq3v")
    answer = "Dear customer, order A-17 went astray and is on its way again."
    await stage.called("letter-mq3v", answer, request="Tell 412 customers about A-17.", cost=0.0124)
    stage.session = bank
    clock.ago(minutes=95)
    await stage.running("refund-a12", workflow="refund", steps=REFUND, done=2)
    clock.ago(minutes=94.9)
    await stage.finish_step("refund-a12")
    clock.ago(minutes=33.4)
    await stage.running("refund-a13", workflow="refund", steps=REFUND, done=2)
    clock.ago(minutes=33)
    await stage.die("refund-a13", "the bank closed the connection", kind="builtins.ConnectionError")
    stage.session = other
    clock.ago(minutes=26)
    await stage.running("letter-h71c", workflow="letter", pool="gpu", steps=LETTER, done=2)
    await stage.ask("letter-h71c", "Send this to 412 customers?")
    await store.decide(DecisionRequest("letter-h71c", Verdict.REJECT, OPERATOR, "names the wrong customer"))
    stage.session = bank
    clock.ago(minutes=12)
    await stage.running("refund-a14", workflow="refund", steps=REFUND, done=2)
    await stage.back_off("refund-a14", delay=1_800)
    clock.ago(minutes=9.2)
    await stage.running("refund-a15", workflow="refund", steps=REFUND, done=2)
    clock.ago(minutes=9)
    await stage.finish_step("refund-a15")
    clock.ago(minutes=7)
    await stage.submit("month-end", "export", pool="reports", steps=("collect", "write"))
    clock.ago(minutes=4)
    await stage.running("refund-a17", workflow="refund", steps=REFUND, done=1)
    order = {"order": "A-17", "customer": "Ada", "cents": 4_200, "why": "never arrived"}
    await stage.ask("refund-a17", "Refund 4200 cents to Ada?", order, timeout=3_630)
    stage.session = other
    clock.ago(seconds=40)
    await stage.running("letter-w02k", workflow="letter", pool="gpu", steps=LETTER)
    clock.ago(seconds=10)
    await stage.submit("refund-b02", "refund", steps=REFUND)
    clock.ago()
    for session in (bank, other):
        await store.heartbeat(session)
    return store


async def draw(clock: Clock) -> dict[str, str]:
    """By name, as rich draws them but for what would change without a reason, or be fetched from elsewhere."""
    store = await a_night_on_call(clock)
    app = ConsoleApp(
        "postgresql://db1/sagewai",
        actor=OPERATOR,
        environ={"TERM": "xterm-256color"},
        opener=lambda _: store,
    )
    app.gateway.door.now = lambda: NOW  # type: ignore[method-assign] # it stands still, as the store's does
    drawn: dict[str, str] = {}
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot, asyncio.timeout(40):
        for name, (keys, whole) in SCENES.items():
            await pilot.press(*keys)
            before, picture = "", steady(app.export_screenshot())
            while picture != before or whole not in picture.replace("&#160;", " "):
                await pilot.pause(0.2)
                before, picture = picture, steady(app.export_screenshot())
            drawn[name] = picture
    return drawn


def steady(svg: str) -> str:
    """Without the picture's own random name, and without fonts from elsewhere."""
    svg = re.sub(r"terminal-\d+-", "terminal-", svg)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\s*<!-- .*? -->", "", svg)
    svg = svg.replace("font-family: Fira Code, monospace", "font-family: monospace")
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


def marks(svg: str) -> Iterator[tuple[int, int, str, str]]:
    """Line, column, style and text of everything that is written in a picture."""
    styles = dict(re.findall(r"\.terminal-r(\d+) \{([^}]*)\}", svg))
    for name, x, y, text in _TEXT.findall(svg):
        yield int(float(y) / _LINE), round(float(x) / _CELL), styles[name].strip(), html.unescape(text)


def frame(svg: str) -> list[str]:
    """The same picture as lines of text."""
    lines = [""] * HEIGHT
    for line, column, _, text in sorted(marks(svg)):
        lines[line] = lines[line].ljust(column) + text.replace("\N{NO-BREAK SPACE}", " ")
    return [line.rstrip() for line in lines]
