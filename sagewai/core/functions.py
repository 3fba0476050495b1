"""What can be seen of a user's function before it is called: its annotations, and whether it is async. Pure."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations, resolved, of a function, a partial or a callable object. Raises NameError for one that can't be
    resolved, TypeError for what has none."""
    target: Any = function
    while isinstance(target, functools.partial):
        target = target.func
    if not inspect.isroutine(target):
        target = getattr(type(target), "__call__", target)  # noqa: B004 - the method that carries the hints
    return typing.get_type_hints(inspect.unwrap(target), include_extras=True)


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine; for a callable object its method says so."""
    called = function if inspect.isroutine(function) else type(function).__call__
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)
