"""Workflows for worker processes that the tests start: quick, asking, failing, lingering."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from sagewai import ApprovalGate, DurableWorkflow, wait_signal

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202egnp\u200b\n\rfake: approved \x9b1m"

greeting = DurableWorkflow("greeting")


@greeting.step("draft")
async def draft(topic: str, times: int = 1) -> str:
    return f"On {topic}. " * times


@greeting.step("publish")
async def publish(text: str) -> dict[str, object]:
    return {"published": text, "characters": len(text)}


review = DurableWorkflow("review")
gate = ApprovalGate(review)


@review.step("write")
async def write(topic: str) -> str:
    return f"All about {topic}"


@review.step("ask")
async def ask(text: str) -> str:
    await gate.request_approval(
        f"Publish {text!r}?{HOSTILE}", context={"content": f"{text}\n{HOSTILE}", "words": 3}
    )
    return text


panel = DurableWorkflow("panel")
panel_gate = ApprovalGate(panel)


@panel.step("ask")
async def ask_two(topic: str) -> str:
    await asyncio.gather(
        panel_gate.request_approval(f"{topic}: legal?", key="legal"),
        panel_gate.request_approval(f"{topic}: tasteful?", key="taste"),
        return_exceptions=True,
    )
    return topic


needy = DurableWorkflow("needy")


@needy.step("prepare")
async def prepare(needs: str) -> str:
    return needs


@needy.step("read")
def read(needs: str) -> str:
    """Fails for good until the file is there."""
    if not Path(needs).exists():
        raise FileNotFoundError(f"no {needs}{HOSTILE}")
    return Path(needs).read_text()


lingering = DurableWorkflow("lingering")


@lingering.step("linger")
async def linger(started: str, go: str) -> str:
    """Says that it has begun, and ends when it is told to."""
    await asyncio.to_thread(Path(started).touch)
    while not await asyncio.to_thread(Path(go).exists):  # noqa: ASYNC110 - another process makes the file
        await asyncio.sleep(0.01)
    return "done"


patient = DurableWorkflow("patient")


@patient.step("listen")
async def listen(topic: str) -> object:
    return {"topic": topic, "heard": await wait_signal("news")}


@patient.step("tell")
async def tell(heard: object, tone: str = "plain") -> object:
    return [heard, tone]


board = DurableWorkflow("board")
board_gate = ApprovalGate(board)


@dataclass
class Offer:
    to: str
    cents: int


@board.step("ask")
async def ask_board(cents: int) -> Offer:
    decision = await board_gate.request_approval(
        "Make this offer?", context={"to": "Ada", "cents": cents}, required=2, allow_edit=Offer
    )
    assert isinstance(decision.payload, Offer)
    return decision.payload


workflows = [greeting, review, panel, needy, lingering, patient, board]


def made() -> list[DurableWorkflow]:
    return workflows
