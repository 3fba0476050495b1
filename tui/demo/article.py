"""The workflow `article`: a text is read, rewritten by a model, checked by two more calls, and published if a person
says so."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from sagewai import ApprovalGate, DurableWorkflow, ParallelAgent, UniversalAgent, current_step
from tui.demo import texts

MODEL = "offline/stand-in"
"""What the agents ask for; a worker's credentials may name another model."""

log = logging.getLogger("tui.demo")

writer = UniversalAgent(
    "writer", MODEL, "You write short notices for visitors, from the material you are given."
)
checker = UniversalAgent("fact-checker", MODEL, "You list what a notice claims, so that it can be checked.")
editor = UniversalAgent("editor", MODEL, "You say in a few words how a notice could be clearer.")
readers = ParallelAgent("readers", [checker, editor])

article = DurableWorkflow(name="article")
gate = ApprovalGate(workflow=article)


@dataclass(frozen=True, slots=True)
class Material:
    """What the writer gets to see."""

    title: str
    words: int
    text: str


@article.step("read")
def read(source: str) -> Material:
    step = current_step()
    log.info("run %s reads %s", step.run_id if step else "-", Path(source).name)
    text = Path(source).read_text(encoding="utf-8")
    return Material(title=texts.headings(text)[0], words=len(texts.words(text)), text=text)


@article.step("draft", retries=2)
async def draft(material: Material) -> str:
    return await writer.chat(f"Write a notice about {material.title!r} from this:\n\n{material.text}")


@article.step("check", retries=2)
async def check(draft: str) -> str:
    return await readers.chat(draft)


@article.step("review")
async def review(remarks: str, read: Material, draft: str) -> str:
    await gate.request_approval(
        prompt=f"Publish the notice about {read.title!r}?",
        context={"notice": draft, "remarks": remarks, "made_from": f"{read.words} words"},
    )
    return draft


@article.step("publish")
def publish(notice: str, folder: str) -> str:
    step = current_step()
    target = Path(folder) / f"{step.run_id if step else 'notice'}.txt"
    target.write_text(notice + "\n", encoding="utf-8")
    return f"published as {target.name}"
