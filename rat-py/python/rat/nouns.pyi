# Written by rat-py/stubs.py from nouns.py.
"The nouns of a lake: its tables, runs, landing zones and namespaces."

import datetime

from . import _rat
from ._rat import Result
from .hints import Names, Statuses
from .reports import LogLine, Reports, Restored, RunPage, RunRecord, RunReport, Snapshot, Table, TableEntry, TestLine, Zone, ZoneFile

class Tables:
    """The tables of a lake, from the catalog and their metadata; nothing is scanned. A name is ``layer.name`` or ``namespace.layer.name``.

    What changes a table raises ``DeniedError`` (``READ_ONLY_LAKE``), and ``ConflictError`` (``COMMIT_CONFLICT``) when somebody else changes
    it at the same time; every verb raises ``NotFoundError`` (``TABLE_NOT_FOUND``) with the nearest name, and ``InvalidError`` (``CLOSED``).
    """

    def __init__(self, native: _rat.Tables) -> None: ...
    def __repr__(self) -> str: ...
    def list(self) -> Reports[TableEntry]:
        """Tables and views, by name."""

    async def list_async(self) -> Reports[TableEntry]:
        """Tables and views, by name."""

    def get(self, name: str) -> Table:
        """One table or view: columns, layout, and counts of rows, files and bytes, which are ``None`` where nobody has counted them."""

    async def get_async(self, name: str) -> Table:
        """One table or view: columns, layout, and counts of rows, files and bytes, which are ``None`` where nobody has counted them."""

    def history(self, name: str) -> Reports[Snapshot]:
        """Every snapshot a table still has, newest first. A view has no history, and is ``TABLE_NOT_FOUND``."""

    async def history_async(self, name: str) -> Reports[Snapshot]:
        """Every snapshot a table still has, newest first. A view has no history, and is ``TABLE_NOT_FOUND``."""

    def rollback(self, name: str, snapshot_id: int) -> Table:
        """Makes a snapshot of the history what readers see again; its columns stay those of now. One atomic change.

        Raises ``InvalidError`` (``INVALID_ARGUMENT``) when the table has no such snapshot.
        """

    async def rollback_async(self, name: str, snapshot_id: int) -> Table:
        """Makes a snapshot of the history what readers see again; its columns stay those of now. One atomic change.

        Raises ``InvalidError`` (``INVALID_ARGUMENT``) when the table has no such snapshot.
        """

    def tag(self, name: str, tag: str, snapshot_id: int | None = None) -> Table:
        """Gives a snapshot, or the current one, a name that stays: maintenance keeps it, and ``as_of`` finds it.

        Raises ``InvalidError`` (``INVALID_ARGUMENT``) for a name that is taken or cannot be used, and for a snapshot that is not there.
        """

    async def tag_async(self, name: str, tag: str, snapshot_id: int | None = None) -> Table:
        """Gives a snapshot, or the current one, a name that stays: maintenance keeps it, and ``as_of`` finds it.

        Raises ``InvalidError`` (``INVALID_ARGUMENT``) for a name that is taken or cannot be used, and for a snapshot that is not there.
        """

    def branch(self, name: str, branch: str, snapshot_id: int | None = None) -> Table:
        """Starts a branch at a snapshot, or at the current one, for other engines to write to. Raises as :meth:`tag`."""

    async def branch_async(self, name: str, branch: str, snapshot_id: int | None = None) -> Table:
        """Starts a branch at a snapshot, or at the current one, for other engines to write to. Raises as :meth:`tag`."""

    def untag(self, name: str, tag: str) -> Table:
        """Removes a tag or a branch. Its snapshots stay until maintenance.

        Raises ``InvalidError`` (``INVALID_ARGUMENT``) when there is none of that name, and for ``main``.
        """

    async def untag_async(self, name: str, tag: str) -> Table:
        """Removes a tag or a branch. Its snapshots stay until maintenance.

        Raises ``InvalidError`` (``INVALID_ARGUMENT``) when there is none of that name, and for ``main``.
        """

    def rename(self, name: str, to: str) -> Table:
        """Gives a table or view another name, such as the one its pipeline has now: rows, history and watermark go with it.

        Raises ``InvalidError``: ``TABLE_EXISTS``, and ``TABLE_HAS_PIPELINE`` while the pipeline of the old name is there.
        """

    async def rename_async(self, name: str, to: str) -> Table:
        """Gives a table or view another name, such as the one its pipeline has now: rows, history and watermark go with it.

        Raises ``InvalidError``: ``TABLE_EXISTS``, and ``TABLE_HAS_PIPELINE`` while the pipeline of the old name is there.
        """

    def drop(self, name: str) -> None:
        """Takes a table or view out of the catalog. Its files stay until maintenance; its pipeline's next run is a first one."""

    async def drop_async(self, name: str) -> None:
        """Takes a table or view out of the catalog. Its files stay until maintenance; its pipeline's next run is a first one."""

class Runs:
    """What ran, from the ledger, whichever process ran it. Every verb with an ``id`` raises ``NotFoundError`` (``RUN_NOT_FOUND``)."""

    def __init__(self, native: _rat.Runs) -> None: ...
    def __repr__(self) -> str: ...
    def list(
        self,
        pipeline: str | None = None,
        *,
        status: Statuses | None = None,
        since: datetime.datetime | str | None = None,
        until: datetime.datetime | str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> RunPage:
        """One page of runs, newest first.

        ``since`` and ``until`` have a zone, as text in ISO 8601; ``after`` is ``next`` of the page before.
        """

    async def list_async(
        self,
        pipeline: str | None = None,
        *,
        status: Statuses | None = None,
        since: datetime.datetime | str | None = None,
        until: datetime.datetime | str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> RunPage:
        """One page of runs, newest first.

        ``since`` and ``until`` have a zone, as text in ISO 8601; ``after`` is ``next`` of the page before.
        """

    def get(self, id: str) -> RunRecord:
        """One run."""

    async def get_async(self, id: str) -> RunRecord:
        """One run."""

    def cancel(self, id: str) -> None:
        """Asks a run that this lake object has under way to stop; it does not wait until it has, so ``on_event`` may call it.

        It ends as ``cancelled``, and nothing of it is published; when it has published already, it is a success. Raises
        ``NotFoundError`` (``RUN_NOT_FOUND``), ``ConflictError`` for a run that is over (``RUN_ENDED``) and for one that another process
        has under way, or a lake that was opened apart (``RUN_ELSEWHERE``).
        """

    async def cancel_async(self, id: str) -> None:
        """Asks a run that this lake object has under way to stop; it does not wait until it has, so ``on_event`` may call it.

        It ends as ``cancelled``, and nothing of it is published; when it has published already, it is a success. Raises
        ``NotFoundError`` (``RUN_NOT_FOUND``), ``ConflictError`` for a run that is over (``RUN_ENDED``) and for one that another process
        has under way, or a lake that was opened apart (``RUN_ELSEWHERE``).
        """

    def report(self, id: str) -> RunReport | None:
        """The report of a run that is over, without sample rows and log; ``None`` while it is under way."""

    async def report_async(self, id: str) -> RunReport | None:
        """The report of a run that is over, without sample rows and log; ``None`` while it is under way."""

    def logs(self, id: str, *, after: int = 0) -> Reports[LogLine]:
        """A run's log, after the line numbered ``after``; lines count from 1."""

    async def logs_async(self, id: str, *, after: int = 0) -> Reports[LogLine]:
        """A run's log, after the line numbered ``after``; lines count from 1."""

    def tests(self, id: str) -> Reports[TestLine]:
        """A run's quality tests, in the order they ran, how many rows each found, and none of them."""

    async def tests_async(self, id: str) -> Reports[TestLine]:
        """A run's quality tests, in the order they ran, how many rows each found, and none of them."""

class Landing:
    """Landing zones of the lake's namespace: folders that files arrive in.

    What reads a zone raises ``NotFoundError`` (``UNKNOWN_ZONE``) with the nearest name, what changes one ``DeniedError``
    (``READ_ONLY_LAKE``).
    """

    def __init__(self, native: _rat.Landing) -> None: ...
    def __repr__(self) -> str: ...
    def zones(self) -> Reports[Zone]:
        """Every zone, by name, with how many files and bytes are there to ingest."""

    async def zones_async(self) -> Reports[Zone]:
        """Every zone, by name, with how many files and bytes are there to ingest."""

    def files(self, zone: str) -> Reports[ZoneFile]:
        """The files of a zone that are there to be ingested, by name, with their sizes in bytes."""

    async def files_async(self, zone: str) -> Reports[ZoneFile]:
        """The files of a zone that are there to be ingested, by name, with their sizes in bytes."""

    def samples(self, zone: str) -> Reports[ZoneFile]:
        """The files in a zone's ``_samples/``, which checks and previews read and no run does."""

    async def samples_async(self, zone: str) -> Reports[ZoneFile]:
        """The files in a zone's ``_samples/``, which checks and previews read and no run does."""

    def put(self, zone: str, name: str, data: bytes | bytearray | memoryview) -> str:
        """Puts a file into a zone, which is made if it is not there, and gives its path in the lake. A run sees the whole file or none.

        Raises ``InvalidError``: ``INVALID_NAME`` for the zone, ``INVALID_ARGUMENT`` for a file name that would not be ingested.
        """

    async def put_async(self, zone: str, name: str, data: bytes | bytearray | memoryview) -> str:
        """Puts a file into a zone, which is made if it is not there, and gives its path in the lake. A run sees the whole file or none.

        Raises ``InvalidError``: ``INVALID_NAME`` for the zone, ``INVALID_ARGUMENT`` for a file name that would not be ingested.
        """

    def remove(self, zone: str, name: str) -> None:
        """Removes a file that was not ingested. One that is not there is no error."""

    async def remove_async(self, zone: str, name: str) -> None:
        """Removes a file that was not ingested. One that is not there is no error."""

    def preview(self, zone: str, limit: int = 100) -> Result:
        """The first ``limit`` rows of a zone: of its samples where there are any, else of its files.

        Raises ``InvalidError``: ``EMPTY_ZONE``, ``MALFORMED_FILE`` with file, line and column, and ``INVALID_ARGUMENT`` when no ending of a
        file says how it is read.
        """

    async def preview_async(self, zone: str, limit: int = 100) -> Result:
        """The first ``limit`` rows of a zone: of its samples where there are any, else of its files.

        Raises ``InvalidError``: ``EMPTY_ZONE``, ``MALFORMED_FILE`` with file, line and column, and ``INVALID_ARGUMENT`` when no ending of a
        file says how it is read.
        """

    def restore(self, zone: str, run: str | None = None) -> Restored:
        """Brings back what runs have moved to ``_processed/``: the files of one run, or of all.

        One whose name has landed again since stays where it is.
        """

    async def restore_async(self, zone: str, run: str | None = None) -> Restored:
        """Brings back what runs have moved to ``_processed/``: the files of one run, or of all.

        One whose name has landed again since stays where it is.
        """

class Namespaces:
    """The namespaces of a lake."""

    def __init__(self, native: _rat.Namespaces) -> None: ...
    def __repr__(self) -> str: ...
    def list(self) -> Names:
        """Every namespace that has a folder or a table, by name."""

    async def list_async(self) -> Names:
        """Every namespace that has a folder or a table, by name."""
