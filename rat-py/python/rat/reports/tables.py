"""What is told of tables, of their maintenance, and of landing zones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .._words import counted
from .base import Parts, Report, many

if TYPE_CHECKING:
    from ..errors import RatError


@dataclass(frozen=True, repr=False)
class Column(Report):
    """A column: its name, its type as SQL writes it, and whether it can hold NULL."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True, repr=False)
class TableEntry(Report):
    """A table or a view in the catalog."""

    name: str
    kind: str


@dataclass(frozen=True, repr=False)
class Table(Report):
    """A table or view as the catalog and its current snapshot describe it."""

    _parts: ClassVar[Parts] = {"columns": many(Column)}

    name: str
    kind: str
    columns: list[Column]
    row_count: int | None
    size_bytes: int | None
    file_count: int | None
    snapshot_id: int | None
    metadata_location: str | None
    location: str
    partition_by: list[str]
    sort_by: list[str]
    references: list[dict[str, Any]]
    properties: dict[str, str]
    sql: str | None

    def __repr__(self) -> str:
        rows = "" if self.row_count is None else f", {counted(self.row_count, 'row')}"
        return f"<Table {self.name}, {counted(len(self.columns), 'column')}{rows}>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.table(self)


@dataclass(frozen=True, repr=False)
class Snapshot(Report):
    """One snapshot in a table's history."""

    snapshot_id: int
    parent_id: int | None
    committed_at: str
    operation: str
    is_current: bool
    is_ancestor: bool
    run_id: str | None
    row_count: int | None
    size_bytes: int | None
    file_count: int | None
    references: list[str]


@dataclass(frozen=True, repr=False)
class MaintainedTable(Report):
    """What maintenance did to one table. Sizes are in bytes; ``error`` is what stopped it."""

    name: str
    files_rewritten: int
    files_written: int
    bytes_rewritten: int
    snapshots_expired: int
    files_deleted: int
    bytes_deleted: int
    orphans_deleted: int
    orphan_bytes: int
    files_relocated: int
    error: RatError | None

    def __repr__(self) -> str:
        if self.error is not None:
            return f"<MaintainedTable {self.name} failed: {self.error.code}>"
        if self.files_relocated:
            return f"<MaintainedTable {self.name}, {counted(self.files_relocated, 'file')} relocated>"
        rewritten, expired = counted(self.files_rewritten, "file"), counted(self.snapshots_expired, "snapshot")
        done = f"{rewritten} rewritten, {expired} expired, {counted(self.orphans_deleted, 'orphan')} deleted"
        return f"<MaintainedTable {self.name}, {done}>"


@dataclass(frozen=True, repr=False)
class MaintenanceReport(Report):
    """What maintenance did, or with ``dry_run`` would do, table by table. ``ok``: whether every table was maintained."""

    _parts: ClassVar[Parts] = {"tables": many(MaintainedTable)}

    ok: bool
    dry_run: bool
    tables: list[MaintainedTable]

    def __repr__(self) -> str:
        failed = sum(table.error is not None for table in self.tables)
        return (
            f"<MaintenanceReport of {counted(len(self.tables), 'table')}, {failed} failed{', nothing was changed' if self.dry_run else ''}>"
        )

    def _repr_html_(self) -> str:
        from .. import display

        return display.maintenance(self)


@dataclass(frozen=True, repr=False)
class Zone(Report):
    """A landing zone and how much is in it to ingest."""

    namespace: str
    name: str
    files: int
    bytes: int


@dataclass(frozen=True, repr=False)
class ZoneFile(Report):
    """A file in a landing zone."""

    name: str
    path: str
    size: int
    modified: str


@dataclass(frozen=True, repr=False)
class Restored(Report):
    """Files that are back in their zone, and those kept where they are because a file of that name has landed since."""

    files: list[str]
    kept: list[str]
