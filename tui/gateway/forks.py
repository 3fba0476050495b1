"""What a fork of a run would copy and run again, before it is made, and with which input. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sagewai.models.history import Attempt
from sagewai.models.run import Run, StepInfo
from sagewai.models.status import Outcome
from tui.format import Role, plural, size
from tui.gateway.shape import Shaper
from tui.payload import Line, readable
from tui.views import Ref


@dataclass(frozen=True, slots=True)
class ForkPlan:
    """A fork, as its sheet shows it. ``step`` is where the new run begins, None: at its first step without a result.

    ``input`` is the recorded input's JSON text, None where this console may not see it; ``edited`` is what was made of
    it, and ``values`` what that means. ``refused`` says why it can't be made.
    """

    run: Ref
    new: Ref
    step: Ref | None
    lines: tuple[Line, ...]
    input: str | None
    refused: str = ""
    edited: str | None = None
    values: Mapping[str, object] | None = None

    @property
    def from_step(self) -> str | None:
        return None if self.step is None else self.step.raw


def fork_plan(
    run: Run,
    steps: Sequence[StepInfo],
    attempts: Sequence[Attempt],
    text: str | None,
    new_run_id: str,
    step: str | None,
    shaper: Shaper,
) -> ForkPlan:
    """What a fork of ``run`` from ``step`` would be."""
    done = {each.step: each for each in attempts if each.outcome is Outcome.COMPLETED}
    names = [each.name for each in steps]
    undone = next((at for at, name in enumerate(names) if name not in done), len(names))
    at = undone if step is None else names.index(step) if step in names else -1
    refused = ""
    if not names:
        refused = "no code of it has been seen yet: nobody knows its steps"
    elif at < 0:
        refused = f"{shaper.short(step or '')} is no step of its code any more"
    elif at > undone:
        refused = f"{shaper.short(names[undone])} has no result yet: choose that step, or one before it"
    elif at == len(names):
        refused = "every step has a result: choose the one to begin at"
    glyphs = shaper.glyphs
    lines = [Line("copied, and not run again", Role.STRONG)]
    for name in names[: max(0, at)]:
        if name in done:
            lines.append(Line(shaper.short(name), head=f"  {glyphs.done} ", hang="    "))
            lines[-1] = replace(lines[-1], text=f"{lines[-1].text}  {size(done[name].result_bytes or 0)}")
    if len(lines) == 1:
        lines.append(Line("nothing: it begins anew", Role.DIM, head="  "))
    lines += [Line(), Line("runs", Role.STRONG)]
    lines += [
        Line(shaper.short(name), head=f"  {glyphs.pending} ", hang="    ") for name in names[max(0, at) :]
    ]
    lines += [
        Line(),
        Line(
            "not copied: approvals, timers, signals, model calls, the deadline; the old run stays as it is",
            Role.DIM,
        ),
    ]
    return ForkPlan(
        run=shaper.ref(run.run_id),
        new=shaper.ref(new_run_id),
        step=None if step is None else shaper.ref(step),
        lines=tuple(lines),
        input=text,
        refused=refused,
    )


def input_lines(plan: ForkPlan, shaper: Shaper) -> tuple[Line, ...]:
    """The new run's input, and whether it was edited."""
    if plan.input is None:
        return (
            Line("input", Role.STRONG),
            Line("the old run's; this role may not see it", Role.DIM, head="  "),
        )
    shown = plan.input if plan.edited is None else plan.edited
    title = "input, the old run's" if plan.edited is None else "input, edited"
    about = f"{title}, {plural(len(shown), 'character')}"
    told = readable(shown, shaper.scribe, shaper.glyphs)
    return (
        Line(about, Role.STRONG if plan.edited is None else Role.WAITING),
        *(Line(line.text, line.role, f"  {line.head}", f"  {line.hang}") for line in told),
    )


def with_input(plan: ForkPlan, text: str) -> ForkPlan:
    """The plan with an edited input. Raises InvalidOptionError where it is no JSON object."""
    # As the command reads its --input: the console takes what it takes, and nothing else.
    from sagewai.cli.parse import json_object

    values = json_object(text, "the input")
    if plan.input is not None and values == json.loads(plan.input):
        return replace(plan, edited=None, values=None)
    return replace(plan, edited=json.dumps(values, ensure_ascii=False), values=values)
