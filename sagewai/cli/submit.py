"""``sagewai submit``: record a run for a worker to take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sagewai.cli import parse, shape
from sagewai.cli.invocation import Invocation, JsonOption, StoreOption
from sagewai.cli.output import emit, emit_json, note
from sagewai.cli.safe import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sagewai.core.signature import WorkflowPlan
    from sagewai.core.stores.base import Store
    from sagewai.core.workflow import DurableWorkflow
    from sagewai.models.call import Budget
    from sagewai.models.run import Run, RunSpec


def submit(
    context: typer.Context,
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW", show_default=False)],
    input_: Annotated[
        str,
        typer.Option("--input", metavar="JSON|@FILE|-", help="One JSON object: the run's input; - is stdin."),
    ] = "{}",
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODULE:NAME",
            help="The workflow's code: checks the input against its steps. Without it any input is recorded.",
            show_default=False,
        ),
    ] = None,
    run_id: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Submitting an id again with the same input changes nothing.",
            show_default=False,
        ),
    ] = None,
    pool: Annotated[str, typer.Option(metavar="NAME", help="Whose workers may take it.")] = "default",
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="KEY=VALUE", help=parse.LABEL_HELP, show_default=False),
    ] = None,
    priority: Annotated[int, typer.Option(metavar="N", help="-1000 to 1000; higher is claimed first.")] = 0,
    delay: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Not before: 90, 1.5s, 10m, 2h, 1d.", show_default=False),
    ] = None,
    deadline: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="It fails unless it is over by then, counted from now: 90, 10m, 2h, 1d.",
            show_default=False,
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget",
            metavar="USD",
            help="What its model calls may cost; then a person is asked.",
            show_default=False,
        ),
    ] = None,
    budget_tokens: Annotated[
        int | None,
        typer.Option("--budget-tokens", metavar="N", help="The same, counted in tokens.", show_default=False),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag", metavar="KEY=VALUE", help="Text to find runs by. Repeatable.", show_default=False
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a pending run and print its id. With --json: the run, and whether it was ``created`` by this call.

    A run of a workflow whose code no worker has brought yet is recorded too, with a warning: it waits for one.
    """
    call = Invocation.of(context, store, as_json)
    code = None if source is None else _code(source, workflow)
    own = code.deadline if code is not None else None
    spec = replace(
        _spec(workflow, None if code is None else _plan(code, workflow), run_id, parse.read_input(input_)),
        pool=pool,
        labels=parse.labels(label or ()),
        priority=priority,
        delay=None if delay is None else parse.duration(delay),
        deadline=own if deadline is None else parse.duration(deadline),
        budget=_budget(budget, budget_tokens) or (None if code is None else code.budget),
        tags=parse.tags(tag or ()),
        actor=call.actor,
    )
    _check_routing(spec)

    async def record(opened: Store) -> tuple[bool, Run]:
        [inserted] = await opened.insert_runs([spec])
        return inserted.created, await opened.get_run(inserted.run_id)

    created, run = call.call(record)
    if call.json:
        emit_json({**shape.model(run), "created": created})
    else:
        emit([visible(run.run_id)])
    if run.steps_total == 0:
        note(
            f"sagewai: warning: no worker has brought the code of workflow {workflow!r} yet: the run waits for one"
        )


def _budget(usd: float | None, tokens: int | None) -> Budget | None:
    """None where neither is given. Raises InvalidOptionError."""
    from sagewai.core.budget import check_budget
    from sagewai.models.call import Budget

    return None if usd is None and tokens is None else check_budget(Budget(usd=usd, tokens=tokens))


def _code(source: str, workflow: str) -> DurableWorkflow:
    """The workflow's code. Raises DefinitionError, UnknownWorkflow."""
    from sagewai.cli.loading import load
    from sagewai.core.loading import find

    return find(load(source), workflow)


def _plan(code: DurableWorkflow, workflow: str) -> WorkflowPlan:
    """Its plan, under the name runs are submitted to."""
    return replace(code.plan, definition=replace(code.plan.definition, workflow=workflow))


def _spec(workflow: str, plan: WorkflowPlan | None, run_id: str | None, values: Mapping[str, Any]) -> RunSpec:
    from sagewai.core.codec import encode, input_digest
    from sagewai.core.commands import MAX_NAME, a_run_id, check_text
    from sagewai.models.run import RunSpec

    check_text("the workflow's name", workflow, limit=MAX_NAME, empty=False)
    if run_id is not None:
        check_text("--run-id", run_id, limit=MAX_NAME, empty=False)
    if plan is None:
        text, digest = encode(dict(values), what="input"), input_digest(dict(values))
    else:
        text, digest = plan.encode_input(values)
        _check_types(plan, values)
    return RunSpec(
        run_id=run_id or a_run_id(workflow),
        workflow=workflow,
        input=text,
        input_digest=digest,
        definition=None if plan is None else plan.definition,
        version="" if plan is None else plan.definition.version,
    )


def _check_types(plan: WorkflowPlan, values: Mapping[str, Any]) -> None:
    """Raise StepInputError, naming the step and the parameter, for a value that its annotation will not take."""
    for step in plan.steps:
        for parameter in step.parameters:
            if parameter.step is None and parameter.name in values:
                what = f"input {parameter.name!r} of step {step.name!r}"
                parameter.payload.load_plain(values[parameter.name], what=what)


def _check_routing(spec: RunSpec) -> None:
    """Raise InvalidOptionError for what the option's own syntax lets through."""
    from sagewai.core.commands import check_priority, check_text
    from sagewai.core.retry import MAX_DELAY, check_number
    from sagewai.core.workflow import MAX_NAME

    check_text("--pool", spec.pool, limit=MAX_NAME, empty=False)
    check_priority(spec.priority)
    if spec.delay is not None:
        check_number("--delay", spec.delay, low=0.0, high=10 * MAX_DELAY)
    if spec.deadline is not None:
        check_number("--deadline", spec.deadline, low=0.001, high=10 * MAX_DELAY)
