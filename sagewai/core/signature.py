"""How a step's parameters are filled, decided once per workflow: from earlier steps or from the run's input."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagewai.core.codec import MAX_PAYLOAD, decode, encode, input_digest
from sagewai.core.functions import hints_of, is_async
from sagewai.core.payloads import Payload
from sagewai.core.retry import RetryPolicy
from sagewai.errors import StepParameterError
from sagewai.models.call import Budget
from sagewai.models.run import Definition, StepInfo

StepFunction = Callable[..., Awaitable[Any]] | Callable[..., Any]


@dataclass(frozen=True, slots=True)
class StepDeclaration:
    """What ``@wf.step`` was given. ``timeout`` in seconds, per attempt."""

    name: str
    function: StepFunction
    retries: int
    policy: RetryPolicy
    timeout: float | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """Where one parameter comes from: the result of ``step``, else the run's input, else its default. ``place`` names
    it in errors."""

    name: str
    place: str
    payload: Payload
    step: str | None
    has_default: bool
    positional: bool


@dataclass(frozen=True, slots=True)
class StepPlan:
    """A step ready to be executed."""

    name: str
    function: StepFunction
    is_async: bool
    parameters: tuple[Parameter, ...]
    takes_rest: bool
    result: Payload
    retries: int
    policy: RetryPolicy
    timeout: float | None
    reads_input: bool

    @property
    def max_attempts(self) -> int:
        return self.retries + 1

    def arguments(self, input_text: str, results: Mapping[str, str]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments of one call, from the run's input and recorded results (JSON texts). Every
        call gets values of its own. Raises StepInputError naming step and parameter."""
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        run_input = decode(input_text) if self.reads_input else {}
        for parameter in self.parameters:
            if parameter.step is not None:
                value = parameter.payload.load(results[parameter.step], what=parameter.place)
            elif parameter.name in run_input:
                value = parameter.payload.load_plain(run_input.pop(parameter.name), what=parameter.place)
            else:
                continue
            if parameter.positional:
                args.append(value)
            else:
                kwargs[parameter.name] = value
        if self.takes_rest:
            kwargs.update(run_input)
        return args, kwargs


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """A workflow whose parameters are all accounted for. ``budget`` is that of runs which were given none, as they are
    by whoever submits without this code."""

    steps: tuple[StepPlan, ...]
    required: frozenset[str]
    accepted: frozenset[str]
    takes_rest: bool
    definition: Definition
    budget: Budget | None = None

    def mismatch(self, recorded: Sequence[str]) -> str | None:
        """What is wrong where a run's recorded steps aren't the first ones of this code, in order, and nothing else:
        a clause about the run."""
        for place, name in enumerate(recorded):
            if place >= len(self.steps) or self.steps[place].name != name:
                here = repr(self.steps[place].name) if place < len(self.steps) else "none"
                return (
                    f"recorded {name!r} as step {place + 1} of workflow {self.definition.workflow!r}, where this code "
                    f"has {here}"
                )
        if len(recorded) >= len(self.steps):
            steps = "the one step" if len(recorded) == 1 else f"all {len(recorded)} steps"
            return f"recorded {steps} that this code has, and isn't completed"
        return None

    def routes(self, workflow: str) -> tuple[str, ...]:
        """The versions of runs that this code may take, submitted as ``workflow``: those of no version and of its own,
        and refused ones whose recorded steps are its first ones, with at least one left to run."""
        versions = dict.fromkeys(("", self.definition.version))
        names = tuple(step.name for step in self.steps)
        prefixes = [names[:length] for length in range(1, len(names))]
        hashes = [prefix_route(workflow, version, prefix) for version in versions for prefix in prefixes]
        return (*versions, *hashes)

    def encode_input(self, values: Mapping[str, Any], *, limit: int = MAX_PAYLOAD) -> tuple[str, str]:
        """The input's JSON text and its digest. Raises StepParameterError or PayloadError, naming the parameter."""
        plain = self.plain_input(values)
        return encode(plain, what="input", limit=limit), input_digest(plain)

    def plain_input(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The input in plain types. Raises as :meth:`encode_input`."""
        self.check_input(values)
        payloads = {
            p.name: p.payload for step in reversed(self.steps) for p in step.parameters if p.step is None
        }
        return {
            name: payloads[name].plain(value, what=f"input {name!r}") if name in payloads else value
            for name, value in values.items()
        }

    def check_input(self, values: Mapping[str, Any]) -> None:
        """Raise StepParameterError, naming the parameter, when input is missing or nobody takes it."""
        missing = sorted(self.required - values.keys())
        if missing:
            step = next(
                step.name for step in self.steps if any(p.name == missing[0] for p in step.parameters)
            )
            raise StepParameterError(
                f"step {step!r} of workflow {self.definition.workflow!r} needs {missing[0]!r}: pass {missing[0]}=..."
            )
        unknown = sorted(values.keys() - self.accepted)
        if unknown and not self.takes_rest:
            takes = ", ".join(sorted(self.accepted)) or "no input"
            raise StepParameterError(
                f"no step of workflow {self.definition.workflow!r} takes {unknown[0]!r}; it takes {takes}"
            )


def prefix_route(workflow: str, version: str, recorded: Sequence[str]) -> str:
    """The ``route_version`` of a refused run: whoever has code with exactly these first steps computes the same."""
    shape = "\0".join([workflow, version, *recorded])
    return f"steps:{hashlib.sha256(shape.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def plan(workflow: str, version: str, declarations: Sequence[StepDeclaration]) -> WorkflowPlan:
    """Decide where every parameter comes from. Raises StepParameterError, naming step and parameter, where nothing can
    fill it."""
    if not declarations:
        raise StepParameterError(f"workflow {workflow!r} has no steps: declare one with @wf.step")
    steps: list[StepPlan] = []
    required: set[str] = set()
    accepted: set[str] = set()
    takes_rest = False
    for index, declaration in enumerate(declarations):
        earlier = [step.name for step in steps]
        step = _plan_step(workflow, declaration, earlier, steps)
        for parameter in step.parameters:
            if parameter.step is None:
                accepted.add(parameter.name)
                if not parameter.has_default:
                    required.add(parameter.name)
        takes_rest = takes_rest or step.takes_rest
        if step.takes_rest and index > 0:
            raise StepParameterError(
                f"step {step.name!r} of workflow {workflow!r} takes **kwargs: only the first step can take the rest "
                "of the input"
            )
        steps.append(step)
    infos = tuple(StepInfo(step.name, step.max_attempts, step.timeout) for step in steps)
    shape = "\n".join([workflow, version, *(step.name for step in steps)])
    fingerprint = hashlib.sha256(shape.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return WorkflowPlan(
        tuple(steps),
        frozenset(required),
        frozenset(accepted),
        takes_rest,
        Definition(workflow, version, infos, fingerprint),
    )


def _plan_step(
    workflow: str, declaration: StepDeclaration, earlier: Sequence[str], steps: Sequence[StepPlan]
) -> StepPlan:
    where = f"step {declaration.name!r} of workflow {workflow!r}"
    function = declaration.function
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise StepParameterError(f"{where} has no readable signature: wrap it in a function") from None
    hints = _hints(function, where)
    by_name = {_as_identifier(name): name for name in earlier}
    results = {step.name: step.result for step in steps}
    parameters: list[Parameter] = []
    takes_rest = False
    for position, parameter in enumerate(signature.parameters.values()):
        if parameter.kind is parameter.VAR_KEYWORD:
            takes_rest = True
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            raise StepParameterError(f"{where} takes *{parameter.name}: parameters are filled by name")
        source: str | None = None
        if earlier and position == 0:
            source = earlier[-1]
        elif parameter.name in by_name:
            source = by_name[parameter.name]
        positional = parameter.kind is parameter.POSITIONAL_ONLY
        if positional and source is None and parameter.default is not parameter.empty:
            raise StepParameterError(
                f"{where}: {parameter.name!r} is positional-only with a default; name it"
            )
        payload = Payload(hints.get(parameter.name))
        if not payload.readable:
            raise StepParameterError(
                f"{where}: {parameter.name!r} is annotated as {payload.annotation!r}, which can't be read from JSON: "
                "what a step is given comes from the store"
            )
        if source is not None and not payload.typed:
            payload = results[
                source
            ]  # an unannotated parameter takes what the producing step says it returns
        parameters.append(
            Parameter(
                parameter.name,
                f"step {declaration.name!r}, parameter {parameter.name!r}",
                payload,
                source,
                parameter.default is not parameter.empty,
                positional,
            )
        )
    returned = Payload(hints.get("return"))
    return StepPlan(
        declaration.name,
        function,
        is_async(function),
        tuple(parameters),
        takes_rest,
        returned if returned.readable else Payload(),  # a plain result needs no annotation
        declaration.retries,
        declaration.policy,
        declaration.timeout,
        takes_rest or any(parameter.step is None for parameter in parameters),
    )


def _hints(function: StepFunction, where: str) -> dict[str, Any]:
    try:
        return hints_of(function)
    except NameError as error:
        raise StepParameterError(f"{where} has an annotation that can't be resolved: {error}") from None
    except TypeError:
        return {}


def _as_identifier(name: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in name)
