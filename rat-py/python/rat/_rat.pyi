"""The native half of the package. `rat.Lake` and its nouns are in `lake.py` and `nouns.py`; results are documented here."""

import datetime
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, final

import pandas
import polars
import pyarrow

from . import graph, handle, reports
from .events import Event

_T = TypeVar("_T")

__version__: str

def open(
    path: str | os.PathLike[str],
    *,
    namespace: str | None = None,
    settings: dict[str, Any] | None = None,
    read_only: bool = False,
) -> Call[Lake]: ...
def init(path: str | os.PathLike[str], *, example: str | None = None) -> Call[Lake]: ...

@final
class Call(Generic[_T]):
    """A verb on its way: `wait()` for it, or `await` it; either once. Dropped before its end, the verb is cancelled."""

    def wait(self) -> _T:
        """Waits with the GIL released. Ctrl-C cancels the verb."""

    def __await__(self) -> Awaited[_T]: ...

@final
class Awaited(Generator[Any, Any, _T]):
    # What `await` steps through: the steps of the event loop, and then the answer.
    def __iter__(self) -> Awaited[_T]: ...
    def __next__(self) -> Any: ...
    def send(self, _value: Any) -> Any: ...
    def throw(self, *exception: Any) -> Any: ...
    def close(self) -> None: ...

@final
class Lake:
    @property
    def tables(self) -> Tables: ...
    @property
    def runs(self) -> Runs: ...
    @property
    def landing(self) -> Landing: ...
    @property
    def namespaces(self) -> Namespaces: ...
    @property
    def url(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    def check(self, select: str | Sequence[str] | None = None) -> Call[reports.CheckReport]: ...
    def compile(
        self, pipeline: str, *, sql: str | None = None, full_refresh: bool = False, vars: dict[str, Any] | None = None
    ) -> Call[reports.Compiled]: ...
    def plan(
        self, pipeline: str, *, full_refresh: bool = False, allow_data_loss: bool = False, vars: dict[str, Any] | None = None
    ) -> Call[reports.WritePlan]: ...
    def preview(
        self,
        pipeline: str | None = None,
        *,
        sql: str | None = None,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        limit: int | None = None,
        count: bool = False,
    ) -> Call[reports.Preview]: ...
    def test(
        self, select: str | Sequence[str] | None = None, *, vars: dict[str, Any] | None = None
    ) -> Call[reports.Reports[reports.TestResult]]: ...
    def graph(self, select: str | Sequence[str] | None = None) -> Call[graph.Graph]: ...
    def run(
        self,
        pipeline: str,
        *,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        timeout: float | datetime.timedelta | None = None,
        allow_data_loss: bool = False,
        on_event: Callable[[Event], object] | None = None,
        raise_on_failure: bool = True,
    ) -> Call[reports.RunReport]: ...
    def submit(
        self,
        pipeline: str,
        *,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        timeout: float | datetime.timedelta | None = None,
        allow_data_loss: bool = False,
    ) -> Call[handle.RunHandle]: ...
    def build(
        self,
        select: str | Sequence[str] | None = None,
        *,
        exclude: str | Sequence[str] | None = None,
        publish: str | None = None,
        full_refresh: bool = False,
        allow_data_loss: bool = False,
        force: bool = False,
        fail_fast: bool = False,
        concurrency: int | None = None,
        vars: dict[str, Any] | None = None,
        on_event: Callable[[Event], object] | None = None,
        raise_on_failure: bool = True,
    ) -> Call[reports.BuildReport]: ...
    def query(
        self,
        sql: str,
        *,
        params: Sequence[Any] | Mapping[str, Any] | None = None,
        limit: int | None = None,
        timeout: float | datetime.timedelta | None = None,
        as_of: datetime.date | int | str | None = None,
        namespaces: str | Sequence[str] | None = None,
    ) -> Call[Result]: ...
    def stream(
        self,
        sql: str,
        *,
        params: Sequence[Any] | Mapping[str, Any] | None = None,
        limit: int | None = None,
        timeout: float | datetime.timedelta | None = None,
        as_of: datetime.date | int | str | None = None,
        namespaces: str | Sequence[str] | None = None,
    ) -> Call[Stream]: ...
    def write(
        self,
        table: str,
        data: Any,
        *,
        strategy: str | None = None,
        unique_key: str | Sequence[str] | None = None,
        settings: dict[str, Any] | None = None,
        timeout: float | datetime.timedelta | None = None,
        on_event: Callable[[Event], object] | None = None,
        raise_on_failure: bool = True,
    ) -> Call[reports.RunReport]: ...
    def maintain(
        self,
        select: str | Sequence[str] | None = None,
        *,
        dry_run: bool = False,
        relocate: bool = False,
        keep_snapshots: int | None = None,
        keep_for: float | datetime.timedelta | None = None,
        orphan_grace: float | datetime.timedelta | None = None,
        raise_on_failure: bool = True,
    ) -> Call[reports.MaintenanceReport]: ...
    def close(self) -> None: ...

@final
class RunHandle:
    @property
    def id(self) -> str: ...
    @property
    def pipeline(self) -> str: ...
    @property
    def status(self) -> reports.RunStatus: ...
    def wait(self, timeout: float | datetime.timedelta | None = None, *, raise_on_failure: bool = True) -> Call[reports.RunReport]: ...
    def cancel(self) -> None: ...
    def events(self) -> RunEvents: ...

@final
class RunEvents:
    """What happens in a run, as dicts, in order: an iterator and an async iterator that end with the run."""

    def __iter__(self) -> RunEvents: ...
    def __next__(self) -> Event: ...
    def __aiter__(self) -> RunEvents: ...
    def __anext__(self) -> Call[Event]: ...

@final
class Graph:
    def order(self) -> list[str]: ...
    def upstream(self, pipeline: str) -> list[str]: ...
    def downstream(self, pipeline: str) -> list[str]: ...
    def to_mermaid(self) -> str: ...

@final
class Tables:
    def list(self) -> Call[reports.Reports[reports.TableEntry]]: ...
    def get(self, name: str) -> Call[reports.Table]: ...
    def history(self, name: str) -> Call[reports.Reports[reports.Snapshot]]: ...
    def rollback(self, name: str, snapshot_id: int) -> Call[reports.Table]: ...
    def tag(self, name: str, tag: str, snapshot_id: int | None = None) -> Call[reports.Table]: ...
    def branch(self, name: str, branch: str, snapshot_id: int | None = None) -> Call[reports.Table]: ...
    def untag(self, name: str, tag: str) -> Call[reports.Table]: ...
    def rename(self, name: str, to: str) -> Call[reports.Table]: ...
    def drop(self, name: str) -> Call[None]: ...

@final
class Runs:
    def list(
        self,
        pipeline: str | None = None,
        *,
        status: str | Sequence[str] | None = None,
        since: datetime.datetime | str | None = None,
        until: datetime.datetime | str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Call[reports.RunPage]: ...
    def get(self, id: str) -> Call[reports.RunRecord]: ...
    def cancel(self, id: str) -> Call[None]: ...
    def report(self, id: str) -> Call[reports.RunReport | None]: ...
    def logs(self, id: str, *, after: int | None = None) -> Call[reports.Reports[reports.LogLine]]: ...
    def tests(self, id: str) -> Call[reports.Reports[reports.TestLine]]: ...

@final
class Landing:
    def zones(self) -> Call[reports.Reports[reports.Zone]]: ...
    def files(self, zone: str) -> Call[reports.Reports[reports.ZoneFile]]: ...
    def samples(self, zone: str) -> Call[reports.Reports[reports.ZoneFile]]: ...
    def put(self, zone: str, name: str, data: bytes | bytearray | memoryview) -> Call[str]: ...
    def remove(self, zone: str, name: str) -> Call[None]: ...
    def preview(self, zone: str, limit: int) -> Call[Result]: ...
    def restore(self, zone: str, run: str | None) -> Call[reports.Restored]: ...

@final
class Namespaces:
    def list(self) -> Call[_Names]: ...

# Inside the classes above `list` is a verb.
_Names = list[str]

@final
class Result:
    """The rows of a query, as Arrow. Anything that speaks the Arrow PyCapsule protocol takes it without a copy."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""

    @property
    def types(self) -> list[str]:
        """The types of the columns, as SQL writes them."""

    @property
    def num_rows(self) -> int:
        """How many rows there are."""

    @property
    def duration_ms(self) -> float:
        """How long the query took, planning included, in milliseconds."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any: ...
    def __arrow_c_schema__(self) -> Any: ...
    def head(self, rows: int) -> Result:
        """The first rows alone."""

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows as dicts of plain Python values; needs no other package.

        Integers, floats, bool, str, bytes, ``Decimal``, ``date``, ``time`` and ``datetime``, in UTC for a ``TIMESTAMP WITH TIME ZONE``;
        lists, and dicts for structs and maps. A map whose keys are lists, structs or maps is a list of tuples. What Python has no value
        for is its text in SQL: an ``INTERVAL``, ``1 month 2 days 00:00:03``; a date or time outside of the years 1 to 9999; a time with
        nanoseconds.
        """

    def to_arrow(self) -> pyarrow.Table:  # pyright: ignore[reportUnknownMemberType] - pyarrow has no types
        """A `pyarrow.Table`, without a copy."""

    def to_polars(self) -> polars.DataFrame:
        """A `polars.DataFrame`, without a copy where polars has the type; a `TypeError` where it has none, as for `INTERVAL`."""

    def to_pandas(self) -> pandas.DataFrame:
        """A `pandas.DataFrame`, by way of pyarrow."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows of :meth:`to_pylist`, which are made at once: for millions of rows, iterate over the batches of ``lake.stream``."""

    def __len__(self) -> int: ...
    def _plain(self) -> list[dict[str, Any]]: ...
    def _repr_html_(self) -> str: ...

@final
class Stream:
    """The batches of a query as they come: an iterator, an async iterator, a context manager and an Arrow stream. Each batch comes once."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""

    @property
    def types(self) -> list[str]:
        """The types of the columns, as SQL writes them."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any: ...
    def __arrow_c_schema__(self) -> Any: ...
    def __iter__(self) -> Stream: ...
    def __next__(self) -> Batch: ...
    def __aiter__(self) -> Stream: ...
    def __anext__(self) -> Call[Batch]: ...
    def __enter__(self) -> Stream: ...
    def __exit__(self, *_exception: object) -> None: ...
    def __aenter__(self) -> Call[Stream]: ...
    def __aexit__(self, *_exception: object) -> Call[None]: ...
    def close(self) -> None:
        """Stops the query, also where another thread waits for it. What was not read is lost."""

@final
class Batch:
    """Some rows of a stream."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""

    @property
    def types(self) -> list[str]:
        """The types of the columns, as SQL writes them."""

    @property
    def num_rows(self) -> int:
        """How many rows there are."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[Any, Any]: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any: ...
    def __arrow_c_schema__(self) -> Any: ...
    def head(self, rows: int) -> Batch:
        """The first rows alone."""

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows as dicts of plain Python values, as a `Result` gives them."""

    def to_arrow(self) -> pyarrow.RecordBatch:  # pyright: ignore[reportUnknownMemberType] - pyarrow has no types
        """A `pyarrow.RecordBatch`, without a copy."""

    def to_polars(self) -> polars.DataFrame:
        """A `polars.DataFrame`, without a copy where polars has the type; a `TypeError` where it has none, as for `INTERVAL`."""

    def to_pandas(self) -> pandas.DataFrame:
        """A `pandas.DataFrame`, by way of pyarrow."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows of :meth:`to_pylist`."""

    def __len__(self) -> int: ...
