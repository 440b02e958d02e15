"""rat: the lakehouse pipeline engine that lives inside your program.

>>> import rat
>>> lake = rat.open("./shop")
>>> lake.build()
>>> lake.query("select count(*) as n from silver.orders").to_pylist()
"""

from ._rat import Batch, Result, RunEvents, Stream, __version__
from .lake import Lake, init, init_async, open, open_async

# `typing` is half of what an import of rat would cost; type checkers know this name without it.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from . import errors as errors
    from . import events as events
    from . import graph as graph
    from . import handle as handle
    from . import hints as hints
    from . import logs as logs
    from . import nouns as nouns
    from . import reports as reports
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
    from .events import Event
    from .graph import Graph
    from .handle import RunHandle
    from .logs import log_events
    from .reports import (
        BuildReport,
        CheckedPipeline,
        CheckReport,
        Column,
        Compiled,
        LogLine,
        MaintainedTable,
        MaintenanceReport,
        Phase,
        Preview,
        Reports,
        Restored,
        RunPage,
        RunRecord,
        RunReport,
        Snapshot,
        Table,
        TableEntry,
        TestLine,
        TestResult,
        WritePlan,
        Zone,
        ZoneFile,
    )

__all__ = [
    "Batch",
    "BuildReport",
    "CancelledError",
    "CheckReport",
    "CheckedPipeline",
    "Column",
    "Compiled",
    "ConflictError",
    "CorruptError",
    "DeniedError",
    "Diagnostic",
    "Event",
    "Graph",
    "InternalError",
    "InvalidError",
    "Lake",
    "LogLine",
    "MaintainedTable",
    "MaintenanceReport",
    "NotFoundError",
    "Phase",
    "Preview",
    "RatError",
    "RejectedError",
    "Reports",
    "Restored",
    "Result",
    "RunEvents",
    "RunFailedError",
    "RunHandle",
    "RunPage",
    "RunRecord",
    "RunReport",
    "Snapshot",
    "Stream",
    "Table",
    "TableEntry",
    "TestLine",
    "TestResult",
    "TimeoutError",
    "UnavailableError",
    "WritePlan",
    "Zone",
    "ZoneFile",
    "__version__",
    "init",
    "init_async",
    "log_events",
    "open",
    "open_async",
]

# What is imported when a name of it is first needed: dataclasses are most of what an import costs.
_LATER = ("errors", "events", "graph", "handle", "hints", "logs", "nouns", "reports")

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in _LATER:
            from importlib import import_module

            return import_module(f".{name}", __name__)
        if name in __all__:
            from . import errors, events, graph, handle, logs, reports

            for module in (errors, events, graph, handle, logs, reports):
                if name in vars(module):
                    return globals().setdefault(name, vars(module)[name])
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_LATER})


def load_ipython_extension(ipython: object) -> None:
    """``%load_ext rat``: the cell magic ``%%rat``."""
    from . import magic

    magic.load(ipython)
