"""rat: the lakehouse pipeline engine that lives inside your program.

>>> import rat
>>> lake = rat.open("./shop")
>>> lake.build()
>>> lake.query("select count(*) as n from silver.orders").to_pylist()
"""

from ._rat import Batch, Result, Stream, __version__
from .lake import Lake, init, init_async, open, open_async

# `typing` is half of what an import of rat would cost; type checkers know this name without it.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from .errors import (
        CancelledError,
        ConflictError,
        CorruptError,
        DeniedError,
        Diagnostic,
        InternalError,
        InvalidError,
        NotFoundError,
        RatError,
        RejectedError,
        RunFailedError,
        TimeoutError,
        UnavailableError,
    )
    from .graph import Graph
    from .handle import RunHandle
    from .logs import log_events
    from .reports import BuildReport, CheckReport, MaintenanceReport, Preview, RunReport, Table, TestResult, WritePlan

__all__ = [
    "Batch",
    "BuildReport",
    "CancelledError",
    "CheckReport",
    "ConflictError",
    "CorruptError",
    "DeniedError",
    "Diagnostic",
    "Graph",
    "InternalError",
    "InvalidError",
    "Lake",
    "MaintenanceReport",
    "NotFoundError",
    "Preview",
    "RatError",
    "RejectedError",
    "Result",
    "RunFailedError",
    "RunHandle",
    "RunReport",
    "Stream",
    "Table",
    "TestResult",
    "TimeoutError",
    "UnavailableError",
    "WritePlan",
    "__version__",
    "init",
    "init_async",
    "log_events",
    "open",
    "open_async",
]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # Dataclasses are most of what an import costs: the modules that have them are read when a name of theirs is first needed.
        if name in __all__:
            from . import errors, graph, handle, logs, reports

            for module in (errors, graph, handle, logs, reports):
                if name in vars(module):
                    return globals().setdefault(name, vars(module)[name])
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: object) -> None:
    """``%load_ext rat``: the cell magic ``%%rat``."""
    from . import magic

    magic.load(ipython)
