"""The lake and its verbs."""

from __future__ import annotations

import sys

from . import _rat
from .nouns import Landing, Namespaces, Runs, Tables
from .verbs import awaits, hinted, waits

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime
    import os
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any, Literal

    from ._rat import Call, Result, Stream
    from .graph import Graph
    from .handle import RunHandle
    from .hints import Example, OnEvent, Params, Strategy
    from .reports import BuildReport, CheckReport, Compiled, MaintenanceReport, Preview, Reports, RunReport, TestResult, WritePlan
    from .verbs import T


def open(
    path: str | os.PathLike[str],
    *,
    namespace: str = "default",
    settings: dict[str, Any] | None = None,
    read_only: bool = False,
) -> Lake:
    """Opens the lake in a folder that exists: ``./shop``, ``file:///data/shop`` or ``memory://``.

    A ``file:`` URL is percent-encoded and of this machine, as ``Path.as_uri()`` gives it.
    ``settings`` go over those of ``rat.toml``, in its shape. With ``read_only`` every verb that writes raises ``DeniedError``.

    Raises ``NotFoundError`` (``PATH_NOT_FOUND``) for a folder that is not there, ``InvalidError`` for a URL of anything else
    (``INVALID_URL``) and for settings that are wrong, with their place in ``rat.toml``, and ``UnavailableError`` for a catalog that cannot
    be opened.
    """
    return Lake(_rat.open(path, namespace=namespace, settings=settings, read_only=read_only).wait())


async def open_async(
    path: str | os.PathLike[str],
    *,
    namespace: str = "default",
    settings: dict[str, Any] | None = None,
    read_only: bool = False,
) -> Lake:
    """As :func:`open`, for asyncio."""
    return Lake(await _rat.open(path, namespace=namespace, settings=settings, read_only=read_only))


def init(path: str | os.PathLike[str], *, example: Example | None = None) -> Lake:
    """Writes a project that runs into a folder without one, which is made if it is not there, and opens it.

    ``example`` is ``"shop"``, the default: three pipelines over two small files; or ``"flights"``: a month of real flights.
    """
    return Lake(_rat.init(path, example=example).wait())


async def init_async(path: str | os.PathLike[str], *, example: Example | None = None) -> Lake:
    """As :func:`init`, for asyncio."""
    return Lake(await _rat.init(path, example=example))


class Lake:
    """A lake: a folder of pipelines and the tables they make.

    A context manager. Threads may share it; every verb releases the GIL, and each has a twin for asyncio whose name ends in ``_async``.
    Two lakes in one process are independent.
    """

    def __init__(self, native: _rat.Lake) -> None:
        if not isinstance(native, _rat.Lake):
            raise TypeError("open a lake with `rat.open`, or make one with `rat.init`")
        self._native = native

    def _check(self, select: str | Sequence[str] | None = None) -> Call[CheckReport]:
        """Compiles and types the whole project: templates, settings, references, and every query against what it reads, built or not.

        ``select`` is dbt's grammar: ``silver.orders``, ``+x``, ``x+``, ``tag:a``, ``layer:gold``, ``path:…``; a list is their union, an
        empty one nothing, ``None`` all. What is wrong is in the report, never raised.
        """
        return self._native.check(select)

    check = waits(_check)
    check_async = awaits(_check)

    def _compile(
        self, pipeline: str, *, sql: str | None = None, full_refresh: bool = False, vars: dict[str, Any] | None = None
    ) -> Call[Compiled]:
        """One pipeline's SQL for its next run, with its settings and where each was written, columns, lineage and diagnostics.

        ``sql`` stands for the text of its file. Raises ``NotFoundError`` (``PIPELINE_NOT_FOUND``); what is wrong with it is in the report.
        """
        return self._native.compile(pipeline, sql=sql, full_refresh=full_refresh, vars=vars)

    compile = waits(_compile)
    compile_async = awaits(_compile)

    def _plan(
        self, pipeline: str, *, full_refresh: bool = False, allow_data_loss: bool = False, vars: dict[str, Any] | None = None
    ) -> Call[WritePlan]:
        """What a run of one pipeline would do to its table, told before it runs; nothing is written.

        Rows and files that come and go, inputs, columns that change, tests, and what would stop it. Manifests, statistics and the query are
        read, and no row: each number is exact, a limit, or unknown, and says which. What a run would refuse is in ``.diagnostics``.
        Options as those of :meth:`run`. Raises ``NotFoundError`` (``PIPELINE_NOT_FOUND``).
        """
        return self._native.plan(pipeline, full_refresh=full_refresh, allow_data_loss=allow_data_loss, vars=vars)

    plan = waits(_plan)
    plan_async = awaits(_plan)

    def _preview(
        self,
        pipeline: str | None = None,
        *,
        sql: str | None = None,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        limit: int = 100,
        count: bool = False,
    ) -> Call[Preview]:
        """The first rows that the query of a pipeline's next run gives; nothing is written.

        ``sql`` stands for the text of its file, such as an editor has it; without a pipeline it is a text of its own, with ``ref``, macros
        and landing zones. Landing zones are read from their ``_samples/`` where there are any. ``count`` counts all rows too, which reads
        all of them; ``full_refresh`` and ``vars`` are those of :meth:`run`. The limits of :meth:`query` hold.

        Raises ``InvalidError`` (``NOT_BUILT``) when it reads what is not built, and for what is wrong with the text, at its place.
        """
        return self._native.preview(pipeline, sql=sql, full_refresh=full_refresh, vars=vars, limit=limit, count=count)

    preview = waits(_preview)
    preview_async = awaits(_preview)

    def _test(self, select: str | Sequence[str] | None = None, *, vars: dict[str, Any] | None = None) -> Call[Reports[TestResult]]:
        """Runs the quality tests of published tables, SQL and built-in, and writes nothing. Those that fail are in the list, never raised.

        For a single pipeline it raises what keeps its tests from being made, such as ``InvalidError`` (``NOT_BUILT``).
        """
        return self._native.test(select, vars=vars)

    test = waits(_test)
    test_async = awaits(_test)

    def _graph(self, select: str | Sequence[str] | None = None) -> Call[Graph]:
        """What reads what: nodes in build order with columns, lineage and the newest run of each. Drawn in a notebook."""
        return self._native.graph(select)

    graph = waits(_graph)
    graph_async = awaits(_graph)

    def _run(
        self,
        pipeline: str,
        *,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        timeout: float | datetime.timedelta | None = None,
        allow_data_loss: bool = False,
        on_event: OnEvent | None = None,
        raise_on_failure: bool = True,
    ) -> Call[RunReport]:
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
        return _shown(
            lambda told: self._native.run(
                pipeline,
                full_refresh=full_refresh,
                vars=vars,
                timeout=timeout,
                allow_data_loss=allow_data_loss,
                on_event=told,
                raise_on_failure=raise_on_failure,
            ),
            on_event,
        )

    run = waits(_run)
    run_async = awaits(_run)

    def _submit(
        self,
        pipeline: str,
        *,
        full_refresh: bool = False,
        vars: dict[str, Any] | None = None,
        timeout: float | datetime.timedelta | None = None,
        allow_data_loss: bool = False,
    ) -> Call[RunHandle]:
        """Runs one pipeline in the background, and gives a handle on it at once: to wait for, to listen to, to cancel.

        Options as :meth:`run`. Runs of one table come in the order in which they were submitted. The run goes on when the handle is
        dropped and when the lake is closed; it ends with the program, as ``cancelled``. Raises ``NotFoundError`` for a pipeline that is not
        there; what goes wrong in the run comes out of ``wait()``.
        """
        return self._native.submit(pipeline, full_refresh=full_refresh, vars=vars, timeout=timeout, allow_data_loss=allow_data_loss)

    submit = waits(_submit)
    submit_async = awaits(_submit)

    def _build(
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
    ) -> Call[BuildReport]:
        """Runs many pipelines, each after those it reads, independent ones at the same time.

        What has not changed is skipped, and says why, unless ``force``; downstream of a failure is skipped; ``fail_fast`` starts nothing
        more after the first one. ``publish="together"`` publishes all tables in one commit, or none. Raises as :meth:`run`.
        """
        return _shown(
            lambda told: self._native.build(
                select,
                exclude=exclude,
                publish=publish,
                full_refresh=full_refresh,
                allow_data_loss=allow_data_loss,
                force=force,
                fail_fast=fail_fast,
                concurrency=concurrency,
                vars=vars,
                on_event=told,
                raise_on_failure=raise_on_failure,
            ),
            on_event,
        )

    build = waits(_build)
    build_async = awaits(_build)

    def _query(
        self,
        sql: str,
        *,
        params: Params | None = None,
        limit: int | None = None,
        timeout: float | datetime.timedelta | None = None,
        as_of: datetime.date | int | str | None = None,
        namespaces: str | Sequence[str] | None = None,
    ) -> Call[Result]:
        """Answers one read-only statement, whole.

        ``params`` is a list for ``?`` and ``$1``, or a dict for ``$name``; a value can never become SQL. It is ``None``, a bool, int of 64
        bits, float, ``Decimal``, str, bytes, date, datetime, time, timedelta, UUID (as text), a scalar of numpy's that is one of these, or
        a list of values of one type, for ``x = any($1)``. ``limit`` is the most rows, ``timeout`` is in seconds, 60 unless ``rat.toml``
        says otherwise. ``as_of`` is the moment that the query sees its tables at: a time (UTC unless it names a zone), a snapshot id, or
        the name of a tag or branch. Tables of other namespaces than ``namespaces`` do not exist for the query.

        Raises ``DeniedError`` (``NOT_READ_ONLY``) for anything but a query, ``InvalidError`` and ``NotFoundError`` with line and column
        for one that cannot be planned, ``TimeoutError``, and ``UnavailableError`` for a result over the memory limit.
        """
        return self._native.query(sql, params=params, limit=limit, timeout=timeout, as_of=as_of, namespaces=namespaces)

    query = waits(_query)
    query_async = awaits(_query)

    def _stream(
        self,
        sql: str,
        *,
        params: Params | None = None,
        limit: int | None = None,
        timeout: float | datetime.timedelta | None = None,
        as_of: datetime.date | int | str | None = None,
        namespaces: str | Sequence[str] | None = None,
    ) -> Call[Stream]:
        """Answers one read-only statement batch by batch, in constant memory. Options and errors as :meth:`query`.

        What the reader does between batches does not count for ``timeout``.
        """
        return self._native.stream(sql, params=params, limit=limit, timeout=timeout, as_of=as_of, namespaces=namespaces)

    stream = waits(_stream)
    stream_async = awaits(_stream)

    def _write(
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
    ) -> Call[RunReport]:
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
        return self._native.write(
            table,
            data,
            strategy=strategy,
            unique_key=unique_key,
            settings=settings,
            timeout=timeout,
            on_event=on_event,
            raise_on_failure=raise_on_failure,
        )

    write = waits(_write)
    write_async = awaits(_write)

    def _maintain(
        self,
        select: str | Sequence[str] | None = None,
        *,
        dry_run: bool = False,
        relocate: bool = False,
        keep_snapshots: int | None = None,
        keep_for: float | datetime.timedelta | None = None,
        orphan_grace: float | datetime.timedelta | None = None,
        raise_on_failure: bool = True,
    ) -> Call[MaintenanceReport]:
        """Keeps tables small: writes small and much-deleted files again, lets old snapshots go, deletes files that nobody names.

        No row changes, and nothing that a run under way reads or writes is touched. ``select`` is the tables of which pipelines, every
        table of the lake when it is not given. ``dry_run`` says what would be done, and does nothing. ``keep_snapshots`` (how many stay
        whatever their age), ``keep_for`` and ``orphan_grace`` (in seconds) are those of ``[maintenance]`` unless given.

        ``relocate`` is for a lake whose folder was moved (``LAKE_MOVED``): what holds absolute paths is written anew for where the lake is
        now, of tables and views, and nothing else is done. Every snapshot stays readable; stopped anywhere, it is called again.

        Raises ``RunFailedError``, with ``.report``, when a table could not be maintained, unless ``raise_on_failure=False``; the others
        are maintained all the same. ``NotFoundError`` (``PIPELINE_NOT_FOUND``), ``DeniedError`` (``READ_ONLY_LAKE``).
        """
        return self._native.maintain(
            select,
            dry_run=dry_run,
            relocate=relocate,
            keep_snapshots=keep_snapshots,
            keep_for=keep_for,
            orphan_grace=orphan_grace,
            raise_on_failure=raise_on_failure,
        )

    maintain = waits(_maintain)
    maintain_async = awaits(_maintain)

    @property
    def tables(self) -> Tables:
        """What the lake holds."""
        return Tables(self._native.tables)

    @property
    def runs(self) -> Runs:
        """What ran."""
        return Runs(self._native.runs)

    @property
    def landing(self) -> Landing:
        """Landing zones and the files in them."""
        return Landing(self._native.landing)

    @property
    def namespaces(self) -> Namespaces:
        """Which namespaces there are."""
        return Namespaces(self._native.namespaces)

    @property
    def url(self) -> str:
        """The lake's root as a URL, percent-encoded, which :func:`open` takes."""
        return self._native.url

    @property
    def namespace(self) -> str:
        """The namespace that ``layer.name`` means."""
        return self._native.namespace

    def close(self) -> None:
        """Closes the lake: every verb raises ``InvalidError`` (``CLOSED``) from now on. What is under way goes on."""
        self._native.close()

    def __enter__(self) -> Lake:
        return self

    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Lake:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Lake {self.url}>"


def _shown(begin: Callable[[OnEvent | None], Call[T]], on_event: OnEvent | None) -> Call[T]:
    # Where there is no IPython there is no notebook, and nothing to pay for one.
    if sys.modules.get("IPython") is None:
        return begin(on_event)
    from . import progress

    return progress.shown(begin, on_event)


hinted(Lake, open, open_async, init, init_async)
