"""The nouns of a lake: its tables, runs, landing zones and namespaces."""

from __future__ import annotations

from .verbs import awaits, hinted, waits

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime

    from . import _rat
    from ._rat import Call, Result
    from .hints import Names, Statuses
    from .reports import (
        LogLine,
        Reports,
        Restored,
        RunPage,
        RunRecord,
        RunReport,
        Snapshot,
        Table,
        TableEntry,
        TestLine,
        Zone,
        ZoneFile,
    )


class Tables:
    """The tables of a lake, from the catalog and their metadata; nothing is scanned. A name is ``layer.name`` or ``namespace.layer.name``.

    What changes a table raises ``DeniedError`` (``READ_ONLY_LAKE``), and ``ConflictError`` (``COMMIT_CONFLICT``) when somebody else changes
    it at the same time; every verb raises ``NotFoundError`` (``TABLE_NOT_FOUND``) with the nearest name, and ``InvalidError`` (``CLOSED``).
    """

    def __init__(self, native: _rat.Tables) -> None:
        self._native = native

    def __repr__(self) -> str:
        return repr(self._native)

    def _list(self) -> Call[Reports[TableEntry]]:
        """Tables and views, by name."""
        return self._native.list()

    list = waits(_list)
    list_async = awaits(_list)

    def _get(self, name: str) -> Call[Table]:
        """One table or view: columns, layout, and counts of rows, files and bytes, which are ``None`` where nobody has counted them."""
        return self._native.get(name)

    get = waits(_get)
    get_async = awaits(_get)

    def _history(self, name: str) -> Call[Reports[Snapshot]]:
        """Every snapshot a table still has, newest first. A view has no history, and is ``TABLE_NOT_FOUND``."""
        return self._native.history(name)

    history = waits(_history)
    history_async = awaits(_history)

    def _rollback(self, name: str, snapshot_id: int) -> Call[Table]:
        """Makes a snapshot of the history what readers see again; its columns stay those of now. One atomic change.

        Raises ``InvalidError`` (``INVALID_ARGUMENT``) when the table has no such snapshot.
        """
        return self._native.rollback(name, snapshot_id)

    rollback = waits(_rollback)
    rollback_async = awaits(_rollback)

    def _tag(self, name: str, tag: str, snapshot_id: int | None = None) -> Call[Table]:
        """Gives a snapshot, or the current one, a name that stays: maintenance keeps it, and ``as_of`` finds it.

        Raises ``InvalidError`` (``INVALID_ARGUMENT``) for a name that is taken or cannot be used, and for a snapshot that is not there.
        """
        return self._native.tag(name, tag, snapshot_id)

    tag = waits(_tag)
    tag_async = awaits(_tag)

    def _branch(self, name: str, branch: str, snapshot_id: int | None = None) -> Call[Table]:
        """Starts a branch at a snapshot, or at the current one, for other engines to write to. Raises as :meth:`tag`."""
        return self._native.branch(name, branch, snapshot_id)

    branch = waits(_branch)
    branch_async = awaits(_branch)

    def _untag(self, name: str, tag: str) -> Call[Table]:
        """Removes a tag or a branch. Its snapshots stay until maintenance.

        Raises ``InvalidError`` (``INVALID_ARGUMENT``) when there is none of that name, and for ``main``.
        """
        return self._native.untag(name, tag)

    untag = waits(_untag)
    untag_async = awaits(_untag)

    def _rename(self, name: str, to: str) -> Call[Table]:
        """Gives a table or view another name, such as the one its pipeline has now: rows, history and watermark go with it.

        Raises ``InvalidError``: ``TABLE_EXISTS``, and ``TABLE_HAS_PIPELINE`` while the pipeline of the old name is there.
        """
        return self._native.rename(name, to)

    rename = waits(_rename)
    rename_async = awaits(_rename)

    def _drop(self, name: str) -> Call[None]:
        """Takes a table or view out of the catalog. Its files stay until maintenance; its pipeline's next run is a first one."""
        return self._native.drop(name)

    drop = waits(_drop)
    drop_async = awaits(_drop)


class Runs:
    """What ran, from the ledger, whichever process ran it. Every verb with an ``id`` raises ``NotFoundError`` (``RUN_NOT_FOUND``)."""

    def __init__(self, native: _rat.Runs) -> None:
        self._native = native

    def __repr__(self) -> str:
        return repr(self._native)

    def _list(
        self,
        pipeline: str | None = None,
        *,
        status: Statuses | None = None,
        since: datetime.datetime | str | None = None,
        until: datetime.datetime | str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Call[RunPage]:
        """One page of runs, newest first.

        ``since`` and ``until`` have a zone, as text in ISO 8601; ``after`` is ``next`` of the page before.
        """
        return self._native.list(pipeline, status=status, since=since, until=until, limit=limit, after=after)

    list = waits(_list)
    list_async = awaits(_list)

    def _get(self, id: str) -> Call[RunRecord]:
        """One run."""
        return self._native.get(id)

    get = waits(_get)
    get_async = awaits(_get)

    def _cancel(self, id: str) -> Call[None]:
        """Asks a run that this lake object has under way to stop; it does not wait until it has, so ``on_event`` may call it.

        It ends as ``cancelled``, and nothing of it is published; when it has published already, it is a success. Raises
        ``NotFoundError`` (``RUN_NOT_FOUND``), ``ConflictError`` for a run that is over (``RUN_ENDED``) and for one that another process
        has under way, or a lake that was opened apart (``RUN_ELSEWHERE``).
        """
        return self._native.cancel(id)

    cancel = waits(_cancel)
    cancel_async = awaits(_cancel)

    def _report(self, id: str) -> Call[RunReport | None]:
        """The report of a run that is over, without sample rows and log; ``None`` while it is under way."""
        return self._native.report(id)

    report = waits(_report)
    report_async = awaits(_report)

    def _logs(self, id: str, *, after: int = 0) -> Call[Reports[LogLine]]:
        """A run's log, after the line numbered ``after``; lines count from 1."""
        return self._native.logs(id, after=after)

    logs = waits(_logs)
    logs_async = awaits(_logs)

    def _tests(self, id: str) -> Call[Reports[TestLine]]:
        """A run's quality tests, in the order they ran, how many rows each found, and none of them."""
        return self._native.tests(id)

    tests = waits(_tests)
    tests_async = awaits(_tests)


class Landing:
    """Landing zones of the lake's namespace: folders that files arrive in.

    What reads a zone raises ``NotFoundError`` (``UNKNOWN_ZONE``) with the nearest name, what changes one ``DeniedError``
    (``READ_ONLY_LAKE``).
    """

    def __init__(self, native: _rat.Landing) -> None:
        self._native = native

    def __repr__(self) -> str:
        return repr(self._native)

    def _zones(self) -> Call[Reports[Zone]]:
        """Every zone, by name, with how many files and bytes are there to ingest."""
        return self._native.zones()

    zones = waits(_zones)
    zones_async = awaits(_zones)

    def _files(self, zone: str) -> Call[Reports[ZoneFile]]:
        """The files of a zone that are there to be ingested, by name, with their sizes in bytes."""
        return self._native.files(zone)

    files = waits(_files)
    files_async = awaits(_files)

    def _samples(self, zone: str) -> Call[Reports[ZoneFile]]:
        """The files in a zone's ``_samples/``, which checks and previews read and no run does."""
        return self._native.samples(zone)

    samples = waits(_samples)
    samples_async = awaits(_samples)

    def _put(self, zone: str, name: str, data: bytes | bytearray | memoryview) -> Call[str]:
        """Puts a file into a zone, which is made if it is not there, and gives its path in the lake. A run sees the whole file or none.

        Raises ``InvalidError``: ``INVALID_NAME`` for the zone, ``INVALID_ARGUMENT`` for a file name that would not be ingested.
        """
        return self._native.put(zone, name, data)

    put = waits(_put)
    put_async = awaits(_put)

    def _remove(self, zone: str, name: str) -> Call[None]:
        """Removes a file that was not ingested. One that is not there is no error."""
        return self._native.remove(zone, name)

    remove = waits(_remove)
    remove_async = awaits(_remove)

    def _preview(self, zone: str, limit: int = 100) -> Call[Result]:
        """The first ``limit`` rows of a zone: of its samples where there are any, else of its files.

        Raises ``InvalidError``: ``EMPTY_ZONE``, ``MALFORMED_FILE`` with file, line and column, and ``INVALID_ARGUMENT`` when no ending of a
        file says how it is read.
        """
        return self._native.preview(zone, limit)

    preview = waits(_preview)
    preview_async = awaits(_preview)

    def _restore(self, zone: str, run: str | None = None) -> Call[Restored]:
        """Brings back what runs have moved to ``_processed/``: the files of one run, or of all.

        One whose name has landed again since stays where it is.
        """
        return self._native.restore(zone, run)

    restore = waits(_restore)
    restore_async = awaits(_restore)


class Namespaces:
    """The namespaces of a lake."""

    def __init__(self, native: _rat.Namespaces) -> None:
        self._native = native

    def __repr__(self) -> str:
        return repr(self._native)

    def _list(self) -> Call[Names]:
        """Every namespace that has a folder or a table, by name."""
        return self._native.list()

    list = waits(_list)
    list_async = awaits(_list)


hinted(Tables, Runs, Landing, Namespaces)
