"""What the signatures of the package speak of. ``typing.get_type_hints`` and ``help`` look here; ``import rat`` does not need it."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal

from . import _rat
from ._rat import Result, RunEvents, Stream
from .events import Event
from .graph import Graph
from .handle import RunHandle
from .lake import Lake
from .nouns import Landing, Namespaces, Runs, Tables
from .reports import (
    BuildReport,
    CheckReport,
    Compiled,
    LogLine,
    MaintenanceReport,
    Preview,
    Reports,
    Restored,
    RunPage,
    RunRecord,
    RunReport,
    RunStatus,
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
    "BuildReport",
    "Callable",
    "CheckReport",
    "Compiled",
    "Coroutine",
    "Event",
    "Example",
    "Graph",
    "Lake",
    "Landing",
    "Literal",
    "LogLine",
    "MaintenanceReport",
    "Mapping",
    "Names",
    "Namespaces",
    "OnEvent",
    "Params",
    "Preview",
    "Reports",
    "Restored",
    "Result",
    "RunEvents",
    "RunHandle",
    "RunPage",
    "RunRecord",
    "RunReport",
    "RunStatus",
    "Runs",
    "Sequence",
    "Snapshot",
    "Statuses",
    "Strategy",
    "Stream",
    "Table",
    "TableEntry",
    "Tables",
    "TestLine",
    "TestResult",
    "TracebackType",
    "WritePlan",
    "Zone",
    "ZoneFile",
    "_rat",
    "datetime",
    "os",
]

Params = Sequence[Any] | Mapping[str, Any]
Example = Literal["shop", "flights"]
Strategy = Literal["full_refresh", "append_only", "incremental", "delete_insert", "scd2", "snapshot"]
Statuses = RunStatus | Sequence[RunStatus]
OnEvent = Callable[[Event], object]
# Inside of the nouns `list` is a verb.
Names = list[str]
