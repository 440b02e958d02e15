"""One definition of a verb, two ways to use it: waited for, and awaited."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
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
    # `Call[T]` is what the caller gets a `T` out of.
    given = begin.__annotations__["return"]
    begin.__annotations__["return"] = given[len("Call[") : -1] if given.startswith("Call[") else given
    verb.__annotations__ = begin.__annotations__
    verb.__name__ = name.lstrip("_") + suffix
    verb.__qualname__ = f"{owner}.{verb.__name__}"
    return verb


class _Hints(dict[str, object]):
    """The annotations of a function as what they mean, which is found out when somebody asks: most of it is not imported before."""

    def _meant(self) -> dict[str, Any]:
        from . import hints

        for name, text in super().items():
            if isinstance(text, str):
                self[name] = eval(text, vars(hints))
        return self

    def keys(self) -> Any:
        return super(_Hints, self._meant()).keys()

    def items(self) -> Any:
        return super(_Hints, self._meant()).items()

    def values(self) -> Any:
        return super(_Hints, self._meant()).values()

    def __iter__(self) -> Iterator[str]:
        return super(_Hints, self._meant()).__iter__()

    def __getitem__(self, name: str) -> Any:
        return super(_Hints, self._meant()).__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        return super(_Hints, self._meant()).get(name, default)


def hinted(*functions: Any) -> None:
    """Has those who ask for the types of these functions, or of those of a class, find them."""
    for function in functions:
        if isinstance(function, type):
            hinted(*(member for member in vars(function).values() if hasattr(member, "__annotations__") and callable(member)))
        else:
            function.__annotations__ = _Hints(function.__annotations__)
