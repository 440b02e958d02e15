"""What is told of tables, of their maintenance, and of landing zones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from .._words import counted
from ..errors import RatError
from .base import Parts, Report, TableKind, many


@dataclass(frozen=True, repr=False, eq=False)
class Column(Report):
    """A column: its name, its type as SQL writes it, and whether it can hold NULL."""

    name: str
    """Its name."""
    type: str
    """Its type as SQL writes it: ``BIGINT``, ``DECIMAL(10, 2)``."""
    nullable: bool
    """Whether it can hold NULL."""


@dataclass(frozen=True, repr=False, eq=False)
class TableEntry(Report):
    """A table or a view in the catalog."""

    name: str
    """The name."""
    kind: TableKind
    """Table or view."""


@dataclass(frozen=True, repr=False, eq=False)
class Table(Report):
    """A table or view as the catalog and its current snapshot describe it."""

    _parts: ClassVar[Parts] = {"columns": many(Column)}

    name: str
    """``namespace.layer.name``."""
    kind: TableKind
    """Table or view."""
    columns: list[Column]
    """The columns, with the types that SQL writes."""
    row_count: int | None
    """Rows of the current snapshot; ``None`` while deletes make it unknown, and for a view; 0 before the first."""
    size_bytes: int | None
    """Bytes of its files."""
    file_count: int | None
    """Its data files."""
    snapshot_id: int | None
    """The current snapshot."""
    metadata_location: str | None
    """The metadata file the catalog points to."""
    location: str
    """The table's folder."""
    partition_by: list[str]
    """How new files are partitioned, as ``partition_by`` writes it: ``day(ts)``."""
    sort_by: list[str]
    """The order new files are in."""
    references: list[dict[str, Any]]
    """Branches and tags."""
    properties: dict[str, str]
    """The properties."""
    sql: str | None
    """The stored SQL of a view."""

    def __repr__(self) -> str:
        rows = "" if self.row_count is None else f", {counted(self.row_count, 'row')}"
        return f"<Table {self.name}, {counted(len(self.columns), 'column')}{rows}>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.table(self)


@dataclass(frozen=True, repr=False, eq=False)
class Snapshot(Report):
    """One snapshot in a table's history."""

    snapshot_id: int
    """Its id."""
    parent_id: int | None
    """The snapshot it was made on; ``None`` for the first."""
    committed_at: str
    """When it was committed."""
    operation: Literal["append", "overwrite", "delete", "replace"]
    """``append``, ``overwrite``, ``delete`` or ``replace``."""
    is_current: bool
    """Whether readers see this one now."""
    is_ancestor: bool
    """Whether the current one was made on it, or is it; not after a rollback to an earlier one."""
    run_id: str | None
    """The run that made it, if one of rat's did."""
    row_count: int | None
    """The table's rows at it, as far as its summary tells."""
    size_bytes: int | None
    """The bytes of the table's files at it."""
    file_count: int | None
    """The table's data files at it."""
    references: list[str]
    """Branches and tags that name it."""


@dataclass(frozen=True, repr=False, eq=False)
class MaintainedTable(Report):
    """What maintenance did to one table. Sizes are in bytes; ``error`` is what stopped it."""

    name: str
    """The table."""
    files_rewritten: int
    """Data files that were written again, because they were small or most of their rows deleted."""
    files_written: int
    """Data files in their place; zero in a dry run."""
    bytes_rewritten: int
    """Bytes of the files that were written again."""
    snapshots_expired: int
    """Snapshots the table no longer has."""
    files_deleted: int
    """Files that only those snapshots reached, deleted."""
    bytes_deleted: int
    """The bytes of those, as far as the metadata says."""
    orphans_deleted: int
    """Files that nothing reached, deleted."""
    orphan_bytes: int
    """The bytes of those."""
    files_relocated: int
    """Files written anew with the paths of where the lake is now; only when that was asked for."""
    error: RatError | None
    """Why the table could not be maintained, or not to the end."""

    def __repr__(self) -> str:
        if self.error is not None:
            return f"<MaintainedTable {self.name} failed: {self.error.code}>"
        if self.files_relocated:
            return f"<MaintainedTable {self.name}, {counted(self.files_relocated, 'file')} relocated>"
        rewritten, expired = counted(self.files_rewritten, "file"), counted(self.snapshots_expired, "snapshot")
        done = f"{rewritten} rewritten, {expired} expired, {counted(self.orphans_deleted, 'orphan')} deleted"
        return f"<MaintainedTable {self.name}, {done}>"


@dataclass(frozen=True, repr=False, eq=False)
class MaintenanceReport(Report):
    """What maintenance did, or with ``dry_run`` would do, table by table."""

    _parts: ClassVar[Parts] = {"tables": many(MaintainedTable)}

    ok: bool
    """Whether every table was maintained."""
    dry_run: bool
    """Whether nothing was changed."""
    tables: list[MaintainedTable]
    """One entry a table, in the order of their names."""

    def __repr__(self) -> str:
        failed = sum(table.error is not None for table in self.tables)
        return (
            f"<MaintenanceReport of {counted(len(self.tables), 'table')}, {failed} failed{', nothing was changed' if self.dry_run else ''}>"
        )

    def _repr_html_(self) -> str:
        from .. import display

        return display.maintenance(self)


@dataclass(frozen=True, repr=False, eq=False)
class Zone(Report):
    """A landing zone and how much is in it to ingest."""

    namespace: str
    """The namespace."""
    name: str
    """The name."""
    files: int
    """How many files there are to ingest, consumed ones that were not moved included."""
    bytes: int
    """Their bytes."""


@dataclass(frozen=True, repr=False, eq=False)
class ZoneFile(Report):
    """A file in a landing zone."""

    name: str
    """The name inside the zone, with folders: ``2024/monday.csv``."""
    path: str
    """The path in the lake."""
    size: int
    """The size in bytes."""
    modified: str
    """When it was written."""


@dataclass(frozen=True, repr=False, eq=False)
class Restored(Report):
    """Files that are back in their zone, and those kept where they are because a file of that name has landed since."""

    files: list[str]
    """Paths of the files that are back in the zone."""
    kept: list[str]
    """Paths of those that stay where they are: a file of the same name has landed since."""
