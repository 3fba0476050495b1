"""What an operator is shown before steering one run: the fork it would be, the signals it waits for."""

from __future__ import annotations

from sagewai.errors import SagewaiError
from sagewai.models.status import WaitStatus
from tui.format import Role
from tui.gateway.door import Door
from tui.gateway.forks import ForkPlan, fork_plan, input_lines, with_input
from tui.payload import Line
from tui.views import Ref


async def plan_fork(door: Door, run: Ref, step: Ref | None) -> ForkPlan:
    """The fork of ``run`` from ``step`` (None: its first step without a result), under an id of its own."""
    from sagewai.core.commands import a_run_id

    found = await door.read(lambda store: store.get_run(run.raw))
    steps = await door.read(lambda store: store.get_steps(run.raw))
    attempts = await door.read(lambda store: store.get_attempts(run.raw))
    text = await door.read(lambda store: store.get_input(run.raw)) if door.sees_payloads else None
    new = a_run_id(found.workflow)
    return fork_plan(found, steps, attempts, text, new, None if step is None else step.raw, door.shaper)


def fork_lines(door: Door, plan: ForkPlan) -> tuple[Line, ...]:
    """All that the sheet shows of a fork."""
    refused = (Line(plan.refused, Role.FAILED), Line()) if plan.refused else ()
    return (*refused, *plan.lines, Line(), *input_lines(plan, door.shaper))


def edit_input(door: Door, plan: ForkPlan, text: str) -> tuple[ForkPlan, str]:
    """The plan with an edited input, and '' or, safe, what is wrong with that: then the plan is as it was."""
    try:
        return with_input(plan, text), ""
    except SagewaiError as error:
        return plan, door.said(error)


def payload_of(door: Door, text: str) -> tuple[object, str]:
    """The value of a signal's payload as it was typed, and '' or, safe, what is wrong with it."""
    from sagewai.cli.parse import json_value

    try:
        return json_value(text, "the payload"), ""
    except SagewaiError as error:
        return None, door.said(error)


async def awaited_signals(door: Door, run: Ref) -> tuple[str, ...]:
    """Names that the run waits for, then those it waited for before. Names that would not be drawn as they are are left
    out: what is offered is what is sent."""
    waits = await door.read(lambda store: store.waits_of(run.raw))
    names = [wait.name for wait in waits if wait.kind == "signal" and wait.status is WaitStatus.PENDING]
    names += [wait.name for wait in waits if wait.kind == "signal"]
    return tuple(name for name in dict.fromkeys(names) if door.shaper.short(name) == name)
