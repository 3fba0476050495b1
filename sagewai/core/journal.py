"""once(): a function called inside a step whose result is recorded: the step's next run doesn't call it again."""

from __future__ import annotations

import functools
import json
import time
import typing
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar, overload

from sagewai.core.attempt import called
from sagewai.core.calling import Asked, Made
from sagewai.core.codec import encode, is_plain
from sagewai.core.commands import MAX_NAME, check_text
from sagewai.core.context import StepContext, current_branch, current_step, require_thread
from sagewai.core.failure import without_secrets
from sagewai.core.functions import hints_of
from sagewai.core.payloads import Payload
from sagewai.core.recording import recorded
from sagewai.errors import InvalidOptionError, PayloadError

P = ParamSpec("P")
T = TypeVar("T")


@overload
def once(
    name: str, function: Callable[P, Coroutine[Any, Any, T]], /, *args: P.args, **kwargs: P.kwargs
) -> Coroutine[Any, Any, T]: ...


@overload
def once(
    name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> Coroutine[Any, Any, T]: ...


async def once(name: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """``await once("charge-card", charge, cents, card=card)``: call a function inside a step and record its result.

    When the step runs again, after a crash, an approval, a wait or a failed attempt, the same call (name, arguments,
    and which of the name's calls in its branch it is) gives the recorded result without calling the function; with
    other arguments it is another call. The function is called at least once: a crash between its end and the record
    makes it run again, so hand it an idempotency key. What it raises is raised here and isn't recorded.

    A sync function runs in a thread. Arguments are JSON values or what pydantic makes such of; the result is recorded
    as a step's is, by the function's return annotation. An attempt that fails by AnswerUnusable voids what it
    recorded: the next one calls anew. Outside a step the function is just called.

    Raises InvalidOptionError, PayloadError, PayloadTooLarge, and LeaseLost where the run has another owner.
    """
    step = current_step()
    if step is None:
        return await called(function, *args, **kwargs)
    asked = _asked(step, name, args, kwargs)
    result = _result(function)

    async def make() -> Made:
        return _made(step, name, result, await called(function, *args, **kwargs))

    return result.load((await recorded(step, asked, make)).response, what=_of(name))


def once_sync(name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """The same for sync steps; the function is sync too, and runs in the step's thread. Raises OutsideRun in a
    coroutine."""
    require_thread("once_sync()", "await once()")
    step = current_step()
    if step is None:
        return function(*args, **kwargs)
    asked = _asked(step, name, args, kwargs)
    result = _result(function)
    kept = step.wait_for(step.calls.find(asked))
    if kept is None:
        began = time.monotonic()
        made = _made(step, name, result, function(*args, **kwargs))
        kept = step.wait_for(step.calls.keep(asked, made, time.monotonic() - began))
    return typing.cast(T, result.load(kept.response, what=_of(name)))


def _asked(step: StepContext, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asked:
    check_text("the name given to once()", name, limit=MAX_NAME, empty=False)
    branch = current_branch()
    position = step.next_position(branch, f"once {name}")
    plain = {
        "args": [_plain(value, f"argument {at} of {_of(name)}") for at, value in enumerate(args, 1)],
        "kwargs": {key: _plain(value, f"argument {key!r} of {_of(name)}") for key, value in kwargs.items()},
    }
    content = encode(json.loads(json.dumps(plain, sort_keys=True)), what=f"the arguments of {_of(name)}")
    return Asked("once", branch, name, position, content, without_secrets(content))


def _plain(value: object, what: str) -> Any:
    if is_plain(value):
        return value
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    try:
        return to_jsonable_python(value, by_alias=True)
    except (PydanticSerializationError, ValueError, TypeError):
        raise PayloadError(
            f"{what} is a {type(value).__name__}, which has no form in JSON: hand over what tells the call from "
            "others, and let the function find the rest itself (functools.partial, a closure)"
        ) from None


def _result(function: Callable[..., Any]) -> Payload:
    """How the function's result is written and read."""
    target: Any = function
    while isinstance(target, functools.partial):
        target = target.func
    if not callable(target):
        raise InvalidOptionError(f"once() was given {target!r}: it takes a function, and then its arguments")
    if isinstance(target, type):
        return Payload(target)
    try:
        hints = hints_of(target)
    except (NameError, TypeError):  # a plain result needs no annotation
        return Payload()
    payload = Payload(hints.get("return"))
    return payload if payload.readable else Payload()


def _made(step: StepContext, name: str, result: Payload, value: object) -> Made:
    return Made(result.dump(value, what=f"the result of {_of(name)}", limit=step.calls.limit))


def _of(name: str) -> str:
    return f"once({name!r})"
