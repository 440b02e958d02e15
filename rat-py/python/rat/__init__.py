"""rat: the lakehouse pipeline engine that lives inside your program.

>>> import rat
>>> lake = rat.open("./shop")
>>> lake.build()
>>> lake.query("select count(*) as n from silver.orders").to_pylist()
"""

from ._rat import Lake, Result, __version__, open
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
from .reports import BuildReport, CheckReport, RunReport

__all__ = [
    "BuildReport",
    "CancelledError",
    "CheckReport",
    "ConflictError",
    "CorruptError",
    "DeniedError",
    "Diagnostic",
    "InternalError",
    "InvalidError",
    "Lake",
    "NotFoundError",
    "RatError",
    "RejectedError",
    "Result",
    "RunFailedError",
    "RunReport",
    "TimeoutError",
    "UnavailableError",
    "__version__",
    "open",
]
