"""rat: the lakehouse pipeline engine that lives inside your program.

>>> import rat
>>> lake = rat.open("./shop")
>>> lake.build()
>>> lake.query("select count(*) as n from silver.orders").to_pylist()
"""

from ._rat import Batch, Result, Stream, __version__
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
from .lake import Lake, init, init_async, open, open_async
from .reports import BuildReport, CheckReport, RunReport, Table, TestResult

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
    "NotFoundError",
    "RatError",
    "RejectedError",
    "Result",
    "RunFailedError",
    "RunReport",
    "Stream",
    "Table",
    "TestResult",
    "TimeoutError",
    "UnavailableError",
    "__version__",
    "init",
    "init_async",
    "open",
    "open_async",
]


def load_ipython_extension(ipython: object) -> None:
    """``%load_ext rat``: the cell magic ``%%rat``."""
    from . import magic

    magic.load(ipython)
