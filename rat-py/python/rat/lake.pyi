# Written by rat-py/stubs.py from lake.py.
"The lake and its verbs."

import datetime
import os
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal

from . import _rat
from ._rat import Result, Stream
from .graph import Graph
from .handle import RunHandle
from .hints import Example, OnEvent, Params, Strategy
from .nouns import Landing, Namespaces, Runs, Tables
from .reports import BuildReport, CheckReport, Compiled, MaintenanceReport, Preview, Reports, RunReport, TestResult, WritePlan

def open(
    path: str | os.PathLike[str], *, namespace: str = "default", settings: dict[str, Any] | None = None, read_only: bool = False
) -> Lake:
    """Opens the lake in a folder that exists: ``./shop``, ``file:///data/shop`` or ``memory://``.

    A ``file:`` URL is percent-encoded and of this machine, as ``Path.as_uri()`` gives it.
    ``settings`` go over those of ``rat.toml``, in its shape. With ``read_only`` every verb that writes raises ``DeniedError``.

    Raises ``NotFoundError`` (``PATH_NOT_FOUND``) for a folder that is not there, ``InvalidError`` for a URL of anything else
    (``INVALID_URL``) and for settings that are wrong, with their place in ``rat.toml``, and ``UnavailableError`` for a catalog that cannot
    be opened.
    """

async def open_async(
    path: str | os.PathLike[str], *, namespace: str = "default", settings: dict[str, Any] | None = None, read_only: bool = False
) -> Lake:
    """As :func:`open`, for asyncio."""

def init(path: str | os.PathLike[str], *, example: Example | None = None) -> Lake:
    """Writes a project that runs into a folder without one, which is made if it is not there, and opens it.

    ``example`` is ``"shop"``, the default: three pipelines over two small files; or ``"flights"``: a month of real flights.
    """

async def init_async(path: str | os.PathLike[str], *, example: Example | None = None) -> Lake:
    """As :func:`init`, for asyncio."""

class Lake:
    """A lake: a folder of pipelines and the tables they make.

    A context manager. Threads may share it; every verb releases the GIL, and each has a twin for asyncio whose name ends in ``_async``.
    Two lakes in one process are independent.
    """

    def __init__(self, native: _rat.Lake) -> None: ...
    def check(self, select: str | Sequence[str] | None = None) -> CheckReport:
        """Compiles and types the whole project: templates, settings, references, and every query against what it reads, built or not.

        ``select`` is dbt's grammar: ``silver.orders``, ``+x``, ``x+``, ``tag:a``, ``layer:gold``, ``path:…``; a list is their union, an
        empty one nothing, ``None`` all. What is wrong is in the report, never raised.
        """

    async def check_async(self, select: str | Sequence[str] | None = None) -> CheckReport:
        """Compiles and types the whole project: templates, settings, references, and every query against what it reads, built or not.

        ``select`` is dbt's grammar: ``silver.orders``, ``+x``, ``x+``, ``tag:a``, ``layer:gold``, ``path:…``; a list is their union, an
        empty one nothing, ``None`` all. What is wrong is in the report, never raised.
        """

    def compile(self, pipeline: str, *, sql: str | None = None, full_refresh: bool = False, vars: dict[str, Any] | None = None) -> Compiled:
        """One pipeline's SQL for its next run, with its settings and where each was written, columns, lineage and diagnostics.

        ``sql`` stands for the text of its file. Raises ``NotFoundError`` (``PIPELINE_NOT_FOUND``); what is wrong with it is in the report.
        """

    async def compile_async(
        self, pipeline: str, *, sql: str | None = None, full_refresh: bool = False, vars: dict[str, Any] | None = None
    ) -> Compiled:
        """One pipeline's SQL for its next run, with its settings and where each was written, columns, lineage and diagnostics.

        ``sql`` stands for the text of its file. Raises ``NotFoundError`` (``PIPELINE_NOT_FOUND``); what is wrong with it is in the report.
        """

    def plan(
        self, pipeline: str, *, full_refresh: bool = False, allow_data_loss: bool = False, vars: dict[str, Any] | None = None
    ) -> WritePlan:
        """What a run of one pipeline would do to its table, told before it runs; nothing is written.

        Rows and files that come and go, inputs, columns that change, tests, and what would stop it. Manifests, statistics and the query are
        read, and no row: each number is exact, a limit, or unknown, and says which. What a run would refuse is in ``.diagnostics``.
        Options as those of :meth:`run`. Raises ``NotFoundError`` (``PIPELINE_NOT_FOUND``).
        """

    async def plan_async(
        self, pipeline: str, *, full_refresh: bool = False, allow_data_loss: bool = False, vars: dict[str, Any] | None = None
    ) -> WritePlan:
        """What a run of one pipeline would do to its table, told before it runs; nothing is written.

        Rows and files that come and go, inputs, columns that change, tests, and what would stop it. Manifests, statistics and the query are
        read, and no row: each number is exact, a limit, or unknown, and says which. What a run would refuse is in ``.diagnostics``.
        Options as those of :meth:`run`. Raises ``NotFoundError`` (``PIPELINE_NOT_FOUND``).
        """

    def preview(
        self,
        pipeline: str | None = None,
        *,
        sql: str | None = None,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        limit: int = 100,
        count: bool = False,
    ) -> Preview:
        """The first rows that the query of a pipeline's next run gives; nothing is written.

        ``sql`` stands for the text of its file, such as an editor has it; without a pipeline it is a text of its own, with ``ref``, macros
        and landing zones. Landing zones are read from their ``_samples/`` where there are any. ``count`` counts all rows too, which reads
        all of them; ``full_refresh`` and ``vars`` are those of :meth:`run`. The limits of :meth:`query` hold.

        Raises ``InvalidError`` (``NOT_BUILT``) when it reads what is not built, and for what is wrong with the text, at its place.
        """

    async def preview_async(
        self,
        pipeline: str | None = None,
        *,
        sql: str | None = None,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        limit: int = 100,
        count: bool = False,
    ) -> Preview:
        """The first rows that the query of a pipeline's next run gives; nothing is written.

        ``sql`` stands for the text of its file, such as an editor has it; without a pipeline it is a text of its own, with ``ref``, macros
        and landing zones. Landing zones are read from their ``_samples/`` where there are any. ``count`` counts all rows too, which reads
        all of them; ``full_refresh`` and ``vars`` are those of :meth:`run`. The limits of :meth:`query` hold.

        Raises ``InvalidError`` (``NOT_BUILT``) when it reads what is not built, and for what is wrong with the text, at its place.
        """

    def test(self, select: str | Sequence[str] | None = None, *, vars: dict[str, Any] | None = None) -> Reports[TestResult]:
        """Runs the quality tests of published tables, SQL and built-in, and writes nothing. Those that fail are in the list, never raised.

        For a single pipeline it raises what keeps its tests from being made, such as ``InvalidError`` (``NOT_BUILT``).
        """

    async def test_async(self, select: str | Sequence[str] | None = None, *, vars: dict[str, Any] | None = None) -> Reports[TestResult]:
        """Runs the quality tests of published tables, SQL and built-in, and writes nothing. Those that fail are in the list, never raised.

        For a single pipeline it raises what keeps its tests from being made, such as ``InvalidError`` (``NOT_BUILT``).
        """

    def graph(self, select: str | Sequence[str] | None = None) -> Graph:
        """What reads what: nodes in build order with columns, lineage and the newest run of each. Drawn in a notebook."""

    async def graph_async(self, select: str | Sequence[str] | None = None) -> Graph:
        """What reads what: nodes in build order with columns, lineage and the newest run of each. Drawn in a notebook."""

    def run(
        self,
        pipeline: str,
        *,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        timeout: float | datetime.timedelta | None = None,
        allow_data_loss: bool = False,
        on_event: OnEvent | None = None,
        raise_on_failure: bool = True,
    ) -> RunReport:
        """Runs one pipeline, ``layer.name`` or ``namespace.layer.name``: plan, execute, write, test, publish, archive.

        ``full_refresh`` rebuilds the table from nothing; where that loses what cannot be rebuilt it is ``REFRESH_LOSES_DATA`` unless
        ``allow_data_loss``. ``vars`` go over those of ``rat.toml``. ``timeout`` is in seconds. ``on_event`` is called with each event as
        a dict, from a thread of rat's and among the caller's context variables; what it raises stops the run and comes out of this call,
        and it is not called again. Nothing is published then; what it raises while the run is being published comes too late for that.
        For ``run_async`` it may be an async function, which is awaited before the next event, and cancelled with the verb. A notebook
        shows what runs while it runs.

        Raises ``RunFailedError``, with ``.report``, when the run fails, unless ``raise_on_failure=False``; ``NotFoundError`` for a
        pipeline that is not there. Ctrl-C cancels: nothing is published.
        """

    async def run_async(
        self,
        pipeline: str,
        *,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        timeout: float | datetime.timedelta | None = None,
        allow_data_loss: bool = False,
        on_event: OnEvent | None = None,
        raise_on_failure: bool = True,
    ) -> RunReport:
        """Runs one pipeline, ``layer.name`` or ``namespace.layer.name``: plan, execute, write, test, publish, archive.

        ``full_refresh`` rebuilds the table from nothing; where that loses what cannot be rebuilt it is ``REFRESH_LOSES_DATA`` unless
        ``allow_data_loss``. ``vars`` go over those of ``rat.toml``. ``timeout`` is in seconds. ``on_event`` is called with each event as
        a dict, from a thread of rat's and among the caller's context variables; what it raises stops the run and comes out of this call,
        and it is not called again. Nothing is published then; what it raises while the run is being published comes too late for that.
        For ``run_async`` it may be an async function, which is awaited before the next event, and cancelled with the verb. A notebook
        shows what runs while it runs.

        Raises ``RunFailedError``, with ``.report``, when the run fails, unless ``raise_on_failure=False``; ``NotFoundError`` for a
        pipeline that is not there. Ctrl-C cancels: nothing is published.
        """

    def submit(
        self,
        pipeline: str,
        *,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        timeout: float | datetime.timedelta | None = None,
        allow_data_loss: bool = False,
    ) -> RunHandle:
        """Runs one pipeline in the background, and gives a handle on it at once: to wait for, to listen to, to cancel.

        Options as :meth:`run`. Runs of one table come in the order in which they were submitted. The run goes on when the handle is
        dropped and when the lake is closed; it ends with the program, as ``cancelled``. Raises ``NotFoundError`` for a pipeline that is not
        there; what goes wrong in the run comes out of ``wait()``.
        """

    async def submit_async(
        self,
        pipeline: str,
        *,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        timeout: float | datetime.timedelta | None = None,
        allow_data_loss: bool = False,
    ) -> RunHandle:
        """Runs one pipeline in the background, and gives a handle on it at once: to wait for, to listen to, to cancel.

        Options as :meth:`run`. Runs of one table come in the order in which they were submitted. The run goes on when the handle is
        dropped and when the lake is closed; it ends with the program, as ``cancelled``. Raises ``NotFoundError`` for a pipeline that is not
        there; what goes wrong in the run comes out of ``wait()``.
        """

    def build(
        self,
        select: str | Sequence[str] | None = None,
        *,
        exclude: str | Sequence[str] | None = None,
        publish: Literal["each", "together"] = "each",
        full_refresh: bool = False,
        allow_data_loss: bool = False,
        force: bool = False,
        fail_fast: bool = False,
        concurrency: int | None = None,
        vars: dict[str, Any] | None = None,
        on_event: OnEvent | None = None,
        raise_on_failure: bool = True,
    ) -> BuildReport:
        """Runs many pipelines, each after those it reads, independent ones at the same time.

        What has not changed is skipped, and says why, unless ``force``; downstream of a failure is skipped; ``fail_fast`` starts nothing
        more after the first one. ``publish="together"`` publishes all tables in one commit, or none. Raises as :meth:`run`.
        """

    async def build_async(
        self,
        select: str | Sequence[str] | None = None,
        *,
        exclude: str | Sequence[str] | None = None,
        publish: Literal["each", "together"] = "each",
        full_refresh: bool = False,
        allow_data_loss: bool = False,
        force: bool = False,
        fail_fast: bool = False,
        concurrency: int | None = None,
        vars: dict[str, Any] | None = None,
        on_event: OnEvent | None = None,
        raise_on_failure: bool = True,
    ) -> BuildReport:
        """Runs many pipelines, each after those it reads, independent ones at the same time.

        What has not changed is skipped, and says why, unless ``force``; downstream of a failure is skipped; ``fail_fast`` starts nothing
        more after the first one. ``publish="together"`` publishes all tables in one commit, or none. Raises as :meth:`run`.
        """

    def query(
        self,
        sql: str,
        *,
        params: Params | None = None,
        limit: int | None = None,
        timeout: float | datetime.timedelta | None = None,
        as_of: datetime.date | int | str | None = None,
        namespaces: str | Sequence[str] | None = None,
    ) -> Result:
        """Answers one read-only statement, whole.

        ``params`` is a list for ``?`` and ``$1``, or a dict for ``$name``; a value can never become SQL. It is ``None``, a bool, int of 64
        bits, float, ``Decimal``, str, bytes, date, datetime, time, timedelta, UUID (as text), a scalar of numpy's that is one of these, or
        a list of values of one type, for ``x = any($1)``. ``limit`` is the most rows, ``timeout`` is in seconds, 60 unless ``rat.toml``
        says otherwise. ``as_of`` is the moment that the query sees its tables at: a time (UTC unless it names a zone), a snapshot id, or
        the name of a tag or branch. Tables of other namespaces than ``namespaces`` do not exist for the query.

        Raises ``DeniedError`` (``NOT_READ_ONLY``) for anything but a query, ``InvalidError`` and ``NotFoundError`` with line and column
        for one that cannot be planned, ``TimeoutError``, and ``UnavailableError`` for a result over the memory limit.
        """

    async def query_async(
        self,
        sql: str,
        *,
        params: Params | None = None,
        limit: int | None = None,
        timeout: float | datetime.timedelta | None = None,
        as_of: datetime.date | int | str | None = None,
        namespaces: str | Sequence[str] | None = None,
    ) -> Result:
        """Answers one read-only statement, whole.

        ``params`` is a list for ``?`` and ``$1``, or a dict for ``$name``; a value can never become SQL. It is ``None``, a bool, int of 64
        bits, float, ``Decimal``, str, bytes, date, datetime, time, timedelta, UUID (as text), a scalar of numpy's that is one of these, or
        a list of values of one type, for ``x = any($1)``. ``limit`` is the most rows, ``timeout`` is in seconds, 60 unless ``rat.toml``
        says otherwise. ``as_of`` is the moment that the query sees its tables at: a time (UTC unless it names a zone), a snapshot id, or
        the name of a tag or branch. Tables of other namespaces than ``namespaces`` do not exist for the query.

        Raises ``DeniedError`` (``NOT_READ_ONLY``) for anything but a query, ``InvalidError`` and ``NotFoundError`` with line and column
        for one that cannot be planned, ``TimeoutError``, and ``UnavailableError`` for a result over the memory limit.
        """

    def stream(
        self,
        sql: str,
        *,
        params: Params | None = None,
        limit: int | None = None,
        timeout: float | datetime.timedelta | None = None,
        as_of: datetime.date | int | str | None = None,
        namespaces: str | Sequence[str] | None = None,
    ) -> Stream:
        """Answers one read-only statement batch by batch, in constant memory. Options and errors as :meth:`query`.

        What the reader does between batches does not count for ``timeout``.
        """

    async def stream_async(
        self,
        sql: str,
        *,
        params: Params | None = None,
        limit: int | None = None,
        timeout: float | datetime.timedelta | None = None,
        as_of: datetime.date | int | str | None = None,
        namespaces: str | Sequence[str] | None = None,
    ) -> Stream:
        """Answers one read-only statement batch by batch, in constant memory. Options and errors as :meth:`query`.

        What the reader does between batches does not count for ``timeout``.
        """

    def write(
        self,
        table: str,
        data: Any,
        *,
        strategy: Strategy | None = None,
        unique_key: str | Sequence[str] | None = None,
        settings: dict[str, Any] | None = None,
        timeout: float | datetime.timedelta | None = None,
        on_event: OnEvent | None = None,
        raise_on_failure: bool = True,
    ) -> RunReport:
        """Writes rows into a table that no pipeline makes, and makes the table where there is none.

        ``data`` is anything with ``__arrow_c_stream__``: a DataFrame, an Arrow table or reader, a result of :meth:`query`, a batch of
        :meth:`stream`. It is read batch by batch on a thread of rat's. What has ``__arrow_c_array__`` is one batch. Or it is a list of
        dicts, of values that ``params`` of :meth:`query` takes: the type of a column is found out from its values, which have one type; a
        row that does not have a column has NULL there.

        ``strategy`` is one of the six merge strategies, ``append_only`` unless given; ``settings`` are more of what ``config.yaml`` knows:
        ``partition_by``, ``watermark_column``, ``on_schema_change``.

        It is a run as any other: one commit or nothing, and a report. Raises as :meth:`run`, and ``InvalidError`` with
        ``TABLE_HAS_PIPELINE`` for the table of a pipeline. Rows that end in an exception fail it with ``INPUT_FAILED``.
        """

    async def write_async(
        self,
        table: str,
        data: Any,
        *,
        strategy: Strategy | None = None,
        unique_key: str | Sequence[str] | None = None,
        settings: dict[str, Any] | None = None,
        timeout: float | datetime.timedelta | None = None,
        on_event: OnEvent | None = None,
        raise_on_failure: bool = True,
    ) -> RunReport:
        """Writes rows into a table that no pipeline makes, and makes the table where there is none.

        ``data`` is anything with ``__arrow_c_stream__``: a DataFrame, an Arrow table or reader, a result of :meth:`query`, a batch of
        :meth:`stream`. It is read batch by batch on a thread of rat's. What has ``__arrow_c_array__`` is one batch. Or it is a list of
        dicts, of values that ``params`` of :meth:`query` takes: the type of a column is found out from its values, which have one type; a
        row that does not have a column has NULL there.

        ``strategy`` is one of the six merge strategies, ``append_only`` unless given; ``settings`` are more of what ``config.yaml`` knows:
        ``partition_by``, ``watermark_column``, ``on_schema_change``.

        It is a run as any other: one commit or nothing, and a report. Raises as :meth:`run`, and ``InvalidError`` with
        ``TABLE_HAS_PIPELINE`` for the table of a pipeline. Rows that end in an exception fail it with ``INPUT_FAILED``.
        """

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
    ) -> MaintenanceReport:
        """Keeps tables small: writes small and much-deleted files again, lets old snapshots go, deletes files that nobody names.

        No row changes, and nothing that a run under way reads or writes is touched. ``select`` is the tables of which pipelines, every
        table of the lake when it is not given. ``dry_run`` says what would be done, and does nothing. ``keep_snapshots`` (how many stay
        whatever their age), ``keep_for`` and ``orphan_grace`` (in seconds) are those of ``[maintenance]`` unless given.

        ``relocate`` is for a lake whose folder was moved (``LAKE_MOVED``): what holds absolute paths is written anew for where the lake is
        now, of tables and views, and nothing else is done. Every snapshot stays readable; stopped anywhere, it is called again.

        Raises ``RunFailedError``, with ``.report``, when a table could not be maintained, unless ``raise_on_failure=False``; the others
        are maintained all the same. ``NotFoundError`` (``PIPELINE_NOT_FOUND``), ``DeniedError`` (``READ_ONLY_LAKE``).
        """

    async def maintain_async(
        self,
        select: str | Sequence[str] | None = None,
        *,
        dry_run: bool = False,
        relocate: bool = False,
        keep_snapshots: int | None = None,
        keep_for: float | datetime.timedelta | None = None,
        orphan_grace: float | datetime.timedelta | None = None,
        raise_on_failure: bool = True,
    ) -> MaintenanceReport:
        """Keeps tables small: writes small and much-deleted files again, lets old snapshots go, deletes files that nobody names.

        No row changes, and nothing that a run under way reads or writes is touched. ``select`` is the tables of which pipelines, every
        table of the lake when it is not given. ``dry_run`` says what would be done, and does nothing. ``keep_snapshots`` (how many stay
        whatever their age), ``keep_for`` and ``orphan_grace`` (in seconds) are those of ``[maintenance]`` unless given.

        ``relocate`` is for a lake whose folder was moved (``LAKE_MOVED``): what holds absolute paths is written anew for where the lake is
        now, of tables and views, and nothing else is done. Every snapshot stays readable; stopped anywhere, it is called again.

        Raises ``RunFailedError``, with ``.report``, when a table could not be maintained, unless ``raise_on_failure=False``; the others
        are maintained all the same. ``NotFoundError`` (``PIPELINE_NOT_FOUND``), ``DeniedError`` (``READ_ONLY_LAKE``).
        """

    @property
    def tables(self) -> Tables:
        """What the lake holds."""

    @property
    def runs(self) -> Runs:
        """What ran."""

    @property
    def landing(self) -> Landing:
        """Landing zones and the files in them."""

    @property
    def namespaces(self) -> Namespaces:
        """Which namespaces there are."""

    @property
    def url(self) -> str:
        """The lake's root as a URL, percent-encoded, which :func:`open` takes."""

    @property
    def namespace(self) -> str:
        """The namespace that ``layer.name`` means."""

    def close(self) -> None:
        """Closes the lake: every verb raises ``InvalidError`` (``CLOSED``) from now on. What is under way goes on."""

    def __enter__(self) -> Lake: ...
    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None) -> None: ...
    async def __aenter__(self) -> Lake: ...
    async def __aexit__(self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None) -> None: ...
    def __repr__(self) -> str: ...
