"""One definition of a verb, two ways to use it: waited for, and awaited."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Concatenate, ParamSpec, TypeVar

    from ._rat import Call

    Owner = TypeVar("Owner")
    P = ParamSpec("P")
    T = TypeVar("T")
    V = TypeVar("V")


def waits(begin: Callable[Concatenate[Owner, P], Call[T]]) -> Callable[Concatenate[Owner, P], T]:
    """The verb as a method that releases the GIL and returns when it is done. Ctrl-C cancels it."""

    def verb(self: Owner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return begin(self, *args, **kwargs).wait()

    return _named(verb, begin, "")


def awaits(begin: Callable[Concatenate[Owner, P], Call[T]]) -> Callable[Concatenate[Owner, P], Coroutine[Any, Any, T]]:
    """The verb as a coroutine for asyncio. Cancelling the task cancels it."""

    async def verb(self: Owner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await begin(self, *args, **kwargs)

    return _named(verb, begin, "_async")


def _named(verb: Callable[P, V], begin: Callable[..., Any], suffix: str) -> Callable[P, V]:
    # What functools.wraps does, without what importing functools costs.
    verb.__module__, verb.__doc__, verb.__wrapped__ = begin.__module__, begin.__doc__, begin  # type: ignore[attr-defined]
    owner, _, name = begin.__qualname__.rpartition(".")
    # Python says this name of whose arguments are wrong.
    begin.__qualname__ = f"{owner}.{name.lstrip('_')}"
    verb.__name__ = name.lstrip("_") + suffix
    verb.__qualname__ = f"{owner}.{verb.__name__}"
    return verb
