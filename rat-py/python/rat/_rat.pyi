"""The native half of the package. Everything here is documented as part of `rat`."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal

import pandas
import polars
import pyarrow

from .reports import BuildReport, CheckReport, RunReport

__version__: str

def open(
    path: str,
    *,
    namespace: str = "default",
    settings: dict[str, Any] | None = None,
    read_only: bool = False,
) -> Lake:
    """Opens the lake in a folder that exists: ``./shop``, ``file:///data/shop`` or ``memory://``.

    ``settings`` go over those of ``rat.toml``, in its shape. With ``read_only`` every verb that writes raises ``DeniedError``.
    """

class Lake:
    """A lake: a folder of pipelines and the tables they make. A context manager; every verb releases the GIL."""

    def check(self, select: str | list[str] | None = None) -> CheckReport:
        """Compiles and types the whole project: templates, settings, references, and every query against what it reads."""

    def run(
        self,
        pipeline: str,
        *,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        timeout: float | None = None,
        allow_data_loss: bool = False,
        on_event: Callable[[dict[str, Any]], None] | None = None,
        raise_on_failure: bool = True,
    ) -> RunReport:
        """Runs one pipeline. ``timeout`` is in seconds. Raises ``RunFailedError`` with the report when it failed."""

    def build(
        self,
        select: str | list[str] | None = None,
        *,
        exclude: str | list[str] | None = None,
        publish: Literal["each", "together"] = "each",
        full_refresh: bool = False,
        allow_data_loss: bool = False,
        force: bool = False,
        fail_fast: bool = False,
        concurrency: int | None = None,
        vars: dict[str, Any] | None = None,
        on_event: Callable[[dict[str, Any]], None] | None = None,
        raise_on_failure: bool = True,
    ) -> BuildReport:
        """Runs many pipelines in dependency order, independent ones at the same time; unchanged ones are skipped."""

    def query(
        self,
        sql: str,
        *,
        limit: int | None = None,
        timeout: float | None = None,
        namespaces: list[str] | None = None,
    ) -> Result:
        """Answers one read-only statement. ``timeout`` is in seconds; 60 unless ``rat.toml`` says otherwise."""

    def close(self) -> None:
        """Every verb of this handle raises ``InvalidError`` (``CLOSED``) from now on."""

    def __enter__(self) -> Lake: ...
    def __exit__(self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None) -> None: ...

class Result:
    """The rows of a query, as Arrow: anything that speaks the Arrow PyCapsule protocol takes it without a copy."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
    @property
    def num_rows(self) -> int:
        """How many rows there are."""
    @property
    def duration_ms(self) -> float:
        """How long the query took, in milliseconds."""

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows as plain Python values; needs no other package."""
    def to_arrow(self) -> pyarrow.Table:
        """A ``pyarrow.Table``."""
    def to_polars(self) -> polars.DataFrame:
        """A ``polars.DataFrame``."""
    def to_pandas(self) -> pandas.DataFrame:
        """A ``pandas.DataFrame``, by way of pyarrow."""
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
