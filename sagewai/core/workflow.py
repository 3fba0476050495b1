"""DurableWorkflow: steps are declared on it; run, submit and attach start and follow its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from sagewai.core import commands
from sagewai.core.actors import as_actor, current_actor
from sagewai.core.budget import check_budget
from sagewai.core.commands import MAX_NAME, a_run_id, check_priority, check_text
from sagewai.core.defaults import store_in_use
from sagewai.core.labels import check_tags, encode_labels
from sagewai.core.retry import MAX_DELAY, MAX_RETRIES, RetryPolicy, check_count, check_number
from sagewai.core.runner import attach, execute
from sagewai.core.signature import StepDeclaration, WorkflowPlan, plan
from sagewai.core.stores.base import Store
from sagewai.core.worker.committer import Submits
from sagewai.errors import (
    DefinitionError,
    DuplicateStepError,
    InvalidOptionError,
    RunInputMismatch,
    RunNotFound,
)
from sagewai.models.actor import Actor
from sagewai.models.call import Budget
from sagewai.models.run import LabelValue, Run, RunSpec
from sagewai.models.wait import Signal

__all__ = ["MAX_NAME", "DurableWorkflow", "RunHandle"]

F = TypeVar("F", bound=Callable[..., Any])

LONGEST = 10 * MAX_DELAY
"""Seconds that a delay or a deadline may lie ahead."""


class DurableWorkflow:
    """A named, ordered list of steps whose results are checkpointed in a store.

    ``store`` may be set later; without one the store of the surrounding run is used, else ``SAGEWAI_STORE``, else the
    user's SQLite file. ``version`` is recorded with each run, which then goes to code of that version only; runs
    without one go to any whose first steps are those they have recorded. ``deadline`` is how many seconds after its
    submission a run fails (RunDeadlineExceeded) unless it is over. ``budget`` is what the model calls of each run
    may cost, taken from here when it is submitted.
    """

    def __init__(
        self,
        name: str,
        store: Store | None = None,
        *,
        version: str = "",
        deadline: float | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.name = check_text("the workflow's name", name, limit=MAX_NAME, empty=False)
        self.version = check_text("version", version, limit=MAX_NAME)
        self.deadline = None if deadline is None else _check_deadline(deadline, None)
        self.budget = None if budget is None else check_budget(budget)
        self.store = store
        self._declarations: list[StepDeclaration] = []
        self._plan: WorkflowPlan | None = None

    def __repr__(self) -> str:
        return f"DurableWorkflow({self.name!r}, {len(self._declarations)} steps)"

    # -- declaring ------------------------------------------------------------------------------------------------

    def step(
        self,
        name: str,
        *,
        retries: int = 0,
        retry_delay: float = 1.0,
        timeout: float | None = None,
        retry_policy: RetryPolicy | None = None,
    ) -> Callable[[F], F]:
        """Declare the next step. ``retries`` counts tries after the first; ``retry_delay`` seconds lie between them
        (``retry_policy`` for growing or jittered ones); ``timeout`` in seconds bounds each attempt.

        The function may be async or sync (it then runs in a thread). Raises DuplicateStepError, InvalidOptionError.
        """
        check_text("a step's name", name, limit=MAX_NAME, empty=False)
        if any(declaration.name == name for declaration in self._declarations):
            raise DuplicateStepError(
                f"workflow {self.name!r} has a step {name!r} already: step names are unique"
            )
        declared = f"of step {name!r}"
        check_count(f"retries {declared}", retries, low=0, high=MAX_RETRIES)
        check_number(f"retry_delay {declared}", retry_delay, low=0.0, high=MAX_DELAY)
        if timeout is not None:
            check_number(f"timeout {declared}", timeout, low=0.001, high=MAX_DELAY)
        policy = retry_policy or RetryPolicy(delay=retry_delay, max_delay=max(retry_delay, 300.0))

        def declare(function: F) -> F:
            if not callable(function):
                raise DefinitionError(f"@{self.name}.step({name!r}) must decorate a function")
            self._declarations.append(StepDeclaration(name, function, retries, policy, timeout))
            self._plan = None
            return function

        return declare

    @property
    def plan(self) -> WorkflowPlan:
        """Where every parameter comes from. Raises StepParameterError, naming the one that nothing fills."""
        if self._plan is None:
            self._plan = replace(plan(self.name, self.version, self._declarations), budget=self.budget)
        return self._plan

    # -- running --------------------------------------------------------------------------------------------------

    async def run(self, /, run_id: str | None = None, **values: Any) -> Any:
        """Execute here, or attach, and return the last step's output.

        However many callers name one ``run_id``, in whatever processes, lead to one execution and get its result; a
        completed run's is returned at once. An existing run keeps its stored input: leave it out, or repeat it
        (RunInputMismatch otherwise). Cancelling the caller hands the run back for others to take.

        Waits through timers, retries and signals that have a time-out. Raises WorkflowSuspended when the run waits for
        an approval, or for a signal without end; DefinitionChanged when its recorded steps aren't this code's, or it is
        of another version; RunPaused; RunFailed (its ``__cause__`` is the step's exception where it failed here);
        ApprovalRejected with the reason; RunCancelled.
        """
        store = self._store()
        if run_id is not None:
            check_text("run_id", run_id, limit=MAX_NAME, empty=False)
        if run_id is not None and not values and (self.plan.required or await self._exists(store, run_id)):
            return await attach(store, self.plan, run_id)
        return await execute(store, self.plan, self._spec(store, run_id, values))

    async def submit(
        self,
        /,
        run_id: str | None = None,
        *,
        pool: str | None = None,
        labels: Mapping[str, LabelValue] | None = None,
        priority: int = 0,
        delay: float | None = None,
        tags: Mapping[str, str] | None = None,
        deadline: float | None = None,
        budget: Budget | None = None,
        **values: Any,
    ) -> RunHandle:
        """Record a pending run for a worker of ``pool`` that has ``labels``; ``delay`` in seconds postpones it.
        ``deadline`` seconds from now it fails unless it is over; ``budget`` is what its model calls may cost. Without
        them the workflow's hold.

        Submitting the same run_id with the same input again gives a handle on the run that exists.
        """
        store = self._store()
        spec = self._spec(
            store,
            run_id,
            values,
            pool=pool,
            labels=labels,
            priority=priority,
            delay=delay,
            tags=tags,
            deadline=deadline,
            budget=budget,
        )
        await store.companion(Submits).insert(spec)
        return RunHandle(self, store, spec.run_id)

    async def submit_many(
        self,
        inputs: Iterable[Mapping[str, Any]],
        *,
        run_ids: Iterable[str] | None = None,
        pool: str | None = None,
        labels: Mapping[str, LabelValue] | None = None,
        priority: int = 0,
        delay: float | None = None,
        tags: Mapping[str, str] | None = None,
        deadline: float | None = None,
        budget: Budget | None = None,
    ) -> list[RunHandle]:
        """Record one pending run for each input, in order and in one transaction: all of them or none."""
        items = [dict(item) for item in inputs]
        ids: list[str | None] = [None] * len(items) if run_ids is None else list(run_ids)
        if len(ids) != len(items):
            raise InvalidOptionError(f"{len(ids)} run_ids for {len(items)} inputs")
        store = self._store()
        specs = [
            self._spec(
                store,
                run_id,
                item,
                pool=pool,
                labels=labels,
                priority=priority,
                delay=delay,
                tags=tags,
                deadline=deadline,
                budget=budget,
            )
            for run_id, item in zip(ids, items, strict=True)
        ]
        await store.insert_runs(specs)
        return [RunHandle(self, store, spec.run_id) for spec in specs]

    def handle(self, run_id: str) -> RunHandle:
        """A handle on a run that exists, or will."""
        return RunHandle(self, self._store(), run_id)

    async def signal(
        self, run_id: str, name: str, payload: object = None, *, actor: Actor | str | None = None
    ) -> Signal:
        """Send a signal to a run that isn't over, from any process; ``wait_signal(name)`` in one of its steps gives the
        payload, whether it is called later or waits already. ``payload`` is plain JSON values. Raises RunNotFound,
        InvalidTransition for a run that is over."""
        return await commands.signal(self._store(), run_id, name, payload, actor=as_actor(actor))

    async def fork(
        self,
        run_id: str,
        *,
        from_step: str | None = None,
        input: Mapping[str, Any] | None = None,  # noqa: A002 - what it is called wherever runs are started
        new_run_id: str | None = None,
        actor: Actor | str | None = None,
        reason: str = "",
    ) -> RunHandle:
        """Start a new run from a copy of another's checkpoints, and leave that one as it is.

        Recorded steps before ``from_step`` are copied (all, without it) and don't run again; ``input`` replaces the
        source's, and is checked as ``submit`` checks it. Forking into the same ``new_run_id`` again gives the run that
        exists. Raises RunNotFound, RunExists, InvalidOptionError for a step that the source hasn't or hasn't reached,
        RunInputMismatch for a run of another workflow.
        """
        store = self._store()
        plain = None if input is None else self.plan.plain_input(input)
        source = await store.get_run(run_id)
        if source.workflow != self.name:
            raise RunInputMismatch(
                f"run {run_id!r} belongs to workflow {source.workflow!r}, not to {self.name!r}", run_id=run_id
            )
        forked = await commands.fork(
            store,
            run_id,
            actor=as_actor(actor),
            reason=reason,
            from_step=from_step,
            input=plain,
            new_run_id=new_run_id,
        )
        return RunHandle(self, store, forked.run_id)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _store(self) -> Store:
        return self.store if self.store is not None else store_in_use()

    async def _exists(self, store: Store, run_id: str) -> bool:
        try:
            await store.get_outcome(run_id)
        except RunNotFound:
            return False
        return True

    def _spec(
        self,
        store: Store,
        run_id: str | None,
        values: Mapping[str, Any],
        *,
        pool: str | None = None,
        labels: Mapping[str, LabelValue] | None = None,
        priority: int = 0,
        delay: float | None = None,
        tags: Mapping[str, str] | None = None,
        deadline: float | None = None,
        budget: Budget | None = None,
    ) -> RunSpec:
        if run_id is not None:
            check_text("run_id", run_id, limit=MAX_NAME, empty=False)
        if delay is not None:
            check_number("delay", delay, low=0.0, high=LONGEST)
        deadline = self.deadline if deadline is None else deadline
        if deadline is not None:
            _check_deadline(deadline, delay)
        encode_labels(labels)
        text, digest = self.plan.encode_input(values, limit=store.payload_limit)
        return RunSpec(
            run_id=run_id or a_run_id(self.name),
            workflow=self.name,
            input=text,
            input_digest=digest,
            definition=self.plan.definition,
            version=self.version,
            pool="default" if pool is None else check_text("pool", pool, limit=MAX_NAME, empty=False),
            labels=dict(labels or {}),
            priority=check_priority(priority),
            delay=delay,
            tags=check_tags(tags),
            actor=current_actor("api"),
            deadline=deadline,
            budget=self.budget if budget is None else check_budget(budget),
        )


def _check_deadline(deadline: float, delay: float | None) -> float:
    check_number("deadline", deadline, low=0.001, high=LONGEST)
    if delay is not None and deadline <= delay:
        raise InvalidOptionError(
            f"deadline is {deadline:g} s and delay {delay:g} s: the run would fail before it begins"
        )
    return float(deadline)


class RunHandle:
    """A submitted run, to be asked and waited for."""

    def __init__(self, workflow: DurableWorkflow, store: Store, run_id: str) -> None:
        self._workflow = workflow
        self._store = store
        self.run_id = run_id

    def __repr__(self) -> str:
        return f"RunHandle({self.run_id!r})"

    async def status(self) -> Run:
        """The run as it stands (``.status``, ``.step``, ``.steps_done`` ...). Raises RunNotFound."""
        return await self._store.get_run(self.run_id)

    async def signal(self, name: str, payload: object = None, *, actor: Actor | str | None = None) -> Signal:
        """Send a signal to the run, as :meth:`DurableWorkflow.signal` does."""
        return await commands.signal(self._store, self.run_id, name, payload, actor=as_actor(actor))

    async def cancel(self, reason: str = "", *, actor: Actor | str | None = None) -> Run:
        """End the run unless it is over; a running one stops at its next heartbeat. Raises RunNotFound,
        InvalidTransition."""
        return await commands.cancel(self._store, self.run_id, actor=as_actor(actor), reason=reason)

    async def result(self, timeout: float | None = None) -> Any:
        """Wait until the run ends, executing nothing here, and return the last step's output; waits through approvals,
        timers, signals and pauses. Raises RunFailed, ApprovalRejected, RunCancelled as ``run`` does; TimeoutError after
        ``timeout`` seconds."""
        if timeout is not None:
            check_number("timeout", timeout, low=0.0, high=10 * MAX_DELAY)
        return await attach(
            self._store, self._workflow.plan, self.run_id, execute_here=False, timeout=timeout
        )
