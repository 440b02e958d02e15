"""Reports are data: plain fields, no IO, a line of repr, a card in a notebook.

Times are text in ISO 8601, UTC. Durations are in milliseconds, sizes in bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import Diagnostic, RatError, from_data

if TYPE_CHECKING:
    from ._rat import Result

R = TypeVar("R", bound="Report")


@dataclass(frozen=True, repr=False)
class Report:
    """What all reports share."""

    _data: dict[str, Any] = field(compare=False)

    @classmethod
    def _from(cls: type[R], data: dict[str, Any]) -> R:
        values: dict[str, Any] = {f.name: data.get(f.name) for f in fields(cls)}
        for name, made in _OBJECTS.items():
            if values.get(name) is not None:
                values[name] = made(values[name])
        for name, made in _OBJECTS_OF.get(cls.__name__, {}).items():
            if values.get(name) is not None:
                values[name] = made(values[name])
        return cls(**{**values, "_data": data})

    def to_dict(self) -> dict[str, Any]:
        """The whole report as plain data."""
        return self._data

    def __repr__(self) -> str:
        shown = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if not f.name.startswith("_")][:3]
        return f"<{type(self).__name__} {', '.join(shown)}>"

    def _repr_html_(self) -> str:
        from . import display

        return display.any_report(self)


class Reports(list[R]):
    """A list of reports, as any other list; a table in a notebook."""

    def to_dict(self) -> list[dict[str, Any]]:
        """Each as plain data."""
        return [report.to_dict() for report in self]

    def _repr_html_(self) -> str:
        from . import display

        return display.many(self)


@dataclass(frozen=True, repr=False)
class Column(Report):
    """A column: its name, its type as SQL writes it, and whether it can hold NULL."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True, repr=False)
class Phase(Report):
    """A step of a run and how long it took."""

    phase: str
    started_at: str
    duration_ms: float


@dataclass(frozen=True, repr=False)
class LogLine(Report):
    """One line of a run's log, numbered from 1."""

    seq: int
    at: str
    level: str
    message: str


@dataclass(frozen=True, repr=False)
class TestResult(Report):
    """What one quality test found. ``samples`` are up to 20 of the violating rows, as dicts."""

    __test__ = False  # not a test of pytest's

    pipeline: str
    name: str
    description: str | None
    severity: str
    status: str
    count: int | None
    samples: list[dict[str, Any]] | None
    duration_ms: float
    sql: str
    remediation: str | None
    tags: list[str]
    error: RatError | None

    def __repr__(self) -> str:
        found = "" if not self.count else f", {self.count} rows"
        return f"<TestResult {self.name} {self.status}{found}>"


@dataclass(frozen=True, repr=False)
class RunReport(Report):
    """Everything about one run of one pipeline."""

    id: str
    pipeline: str
    status: str
    trigger: str
    strategy: str
    started_at: str
    finished_at: str
    duration_ms: int
    attempt: int
    rows_written: int
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    rows_ended: int
    rows_dropped: int
    rows_total: int | None
    bytes_written: int
    files_added: int
    files_removed: int
    snapshot_id: int | None
    base_snapshot_id: int | None
    inputs: dict[str, int | None]
    watermark: str | None
    phases: list[Phase]
    tests: list[TestResult]
    warnings: list[Diagnostic]
    error: RatError | None
    skipped_reason: str | None
    logs: list[LogLine]

    @property
    def ok(self) -> bool:
        """Whether it published, or had nothing to do."""
        return self.error is None

    def __repr__(self) -> str:
        if self.skipped_reason:
            return f"<RunReport {self.pipeline} skipped: {self.skipped_reason}>"
        if self.error is not None:
            return f"<RunReport {self.pipeline} {self.status}: {self.error.code}>"
        return f"<RunReport {self.pipeline} {self.status}, {self.rows_written} rows, {self.duration_ms} ms>"

    def _repr_html_(self) -> str:
        from . import display

        return display.run(self)


@dataclass(frozen=True, repr=False)
class BuildReport(Report):
    """Everything about one build: one run report a pipeline, in dependency order."""

    status: str
    started_at: str
    duration_ms: int
    runs: list[RunReport]

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return self.status == "success"

    def __repr__(self) -> str:
        return f"<BuildReport {self.status}, {len(self.runs)} pipelines, {self.duration_ms} ms>"

    def _repr_html_(self) -> str:
        from . import display

        return display.build(self)


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
            return f"<MaintainedTable {self.name}, {self.files_relocated} files relocated>"
        done = f"{self.files_rewritten} files rewritten, {self.snapshots_expired} snapshots expired, {self.orphans_deleted} orphans deleted"
        return f"<MaintainedTable {self.name}, {done}>"


@dataclass(frozen=True, repr=False)
class MaintenanceReport(Report):
    """What maintenance did, or with ``dry_run`` would do, table by table."""

    dry_run: bool
    tables: list[MaintainedTable]

    @property
    def ok(self) -> bool:
        """Whether every table was maintained."""
        return all(table.error is None for table in self.tables)

    def __repr__(self) -> str:
        failed = sum(table.error is not None for table in self.tables)
        return f"<MaintenanceReport of {len(self.tables)} tables, {failed} failed{', nothing was changed' if self.dry_run else ''}>"

    def _repr_html_(self) -> str:
        from . import display

        return display.maintenance(self)


@dataclass(frozen=True, repr=False)
class CheckedPipeline(Report):
    """One pipeline, checked. ``columns`` is ``None`` when they are unknown, ``sql`` when the template has an error."""

    name: str
    sql: str | None
    columns: list[Column] | None
    lineage: list[dict[str, Any]]
    diagnostics: list[Diagnostic]

    def __repr__(self) -> str:
        return f"<CheckedPipeline {self.name}, {len(self.diagnostics)} diagnostics>"

    def _repr_html_(self) -> str:
        from . import display

        return display.checked(self)


@dataclass(frozen=True, repr=False)
class CheckReport(Report):
    """What ``check`` found: ``ok`` when no diagnostic is an error."""

    ok: bool
    diagnostics: list[Diagnostic]
    pipelines: list[CheckedPipeline]

    def __repr__(self) -> str:
        return f"<CheckReport {'ok' if self.ok else 'not ok'}, {len(self.diagnostics)} diagnostics>"

    def _repr_html_(self) -> str:
        from . import display

        return display.check(self)


@dataclass(frozen=True, repr=False)
class Compiled(Report):
    """One pipeline, compiled for its next run. ``sql`` is ``None`` when the template has an error, and for a pipeline in Python."""

    name: str
    language: str
    sql: str | None
    dependencies: list[str]
    landing_zones: list[dict[str, Any]]
    config: list[dict[str, Any]]
    schema: list[Column] | None
    lineage: list[dict[str, Any]]
    tests: list[dict[str, Any]]
    code_hash: str | None
    diagnostics: list[Diagnostic]

    @property
    def ok(self) -> bool:
        """Whether no diagnostic is an error."""
        return all(diagnostic.severity != "error" for diagnostic in self.diagnostics)

    def __repr__(self) -> str:
        return f"<Compiled {self.name}, {len(self.diagnostics)} diagnostics>"

    def _repr_html_(self) -> str:
        from . import display

        return display.compiled(self)


@dataclass(frozen=True, repr=False)
class Amount(Report):
    """A number as far as it is known before a run: ``kind`` is ``exact``, ``at_most`` or ``unknown``, which has no ``value``."""

    kind: str
    value: int | None

    def __str__(self) -> str:
        return self.kind if self.value is None else f"{self.value:,}" if self.kind == "exact" else f"at most {self.value:,}"

    def __repr__(self) -> str:
        return f"<Amount {self}>"


@dataclass(frozen=True, repr=False)
class LandedInput(Report):
    """A file of a landing zone that a run would read, and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, repr=False)
class PlannedTest(Report):
    """A quality test that would run."""

    name: str
    severity: str


@dataclass(frozen=True, repr=False)
class SchemaChange(Report):
    """What becomes of a column: types, or names, before and after.

    ``kind`` is ``add``, ``retype``, ``make_optional``, ``rename`` or ``drop``.
    """

    kind: str
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, repr=False)
class WritePlan(Report):
    """What a run of one pipeline would do to its table, told before it runs.

    ``fresh`` says why a build would leave it as it is. ``files_pruned`` of the ``files_before`` stay as they are for sure.
    """

    pipeline: str
    strategy: str
    fresh: str | None
    is_first_run: bool
    is_rebuild: bool
    base_snapshot_id: int | None
    inputs: dict[str, int | None]
    landing_files: list[LandedInput]
    watermark: str | None
    rows_written: Amount
    rows_total: Amount
    files_before: int
    files_pruned: int
    files_dropped: Amount
    files_rewritten: Amount
    files_deleted_from: Amount
    files_added: Amount
    files_removed: Amount
    bytes_written: Amount
    schema_changes: list[SchemaChange]
    tests: list[PlannedTest]
    diagnostics: list[Diagnostic]

    @property
    def ok(self) -> bool:
        """Whether the run would begin: no diagnostic is an error."""
        return all(diagnostic.severity != "error" for diagnostic in self.diagnostics)

    def __repr__(self) -> str:
        refused = next((diagnostic.code for diagnostic in self.diagnostics if diagnostic.severity == "error"), None)
        if refused is not None:
            return f"<WritePlan {self.pipeline} refused: {refused}>"
        return f"<WritePlan {self.pipeline}, rows: {self.rows_written}, files: {self.files_added} new, {self.files_removed} gone>"

    def _repr_html_(self) -> str:
        from . import display

        return display.plan(self)


@dataclass(frozen=True, repr=False)
class PreviewPhase(Report):
    """A step of a preview, ``plan``, ``execute`` or ``count``, and how long it took."""

    phase: str
    duration_ms: float


@dataclass(frozen=True, repr=False)
class Preview(Report):
    """The first rows of a pipeline's query, in ``data``, and what they took.

    ``row_count`` is how many there are in all, where that was counted or all of them are shown. ``plan`` says how the engine goes about
    it; ``peak_memory_bytes`` is the most that sorts, joins and aggregates had at once.
    """

    data: Result
    columns: list[Column]
    row_count: int | None
    phases: list[PreviewPhase]
    plan: str
    warnings: list[Diagnostic]
    peak_memory_bytes: int

    @classmethod
    def _with(cls, data: dict[str, Any], rows: Result) -> Preview:
        return replace(cls._from(data), data=rows)

    def to_dict(self) -> dict[str, Any]:
        """The whole report as plain data, its rows included."""
        return {**self._data, "data": self.data.to_pylist()}

    def __repr__(self) -> str:
        of = "" if self.row_count is None else f" of {self.row_count}"
        return f"<Preview {self.data.num_rows}{of} rows, {len(self.columns)} columns>"

    def _repr_html_(self) -> str:
        from . import display

        return display.preview(self)


@dataclass(frozen=True, repr=False)
class TableEntry(Report):
    """A table or a view in the catalog."""

    name: str
    kind: str


@dataclass(frozen=True, repr=False)
class Table(Report):
    """A table or view as the catalog and its current snapshot describe it."""

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
        rows = "" if self.row_count is None else f", {self.row_count} rows"
        return f"<Table {self.name}, {len(self.columns)} columns{rows}>"

    def _repr_html_(self) -> str:
        from . import display

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
class RunRecord(Report):
    """One run as the ledger has it."""

    id: str
    pipeline: str
    trigger: str
    strategy: str
    attempt: int
    status: str
    phase: str | None
    started_at: str
    finished_at: str | None
    duration_ms: int | None
    rows_written: int | None
    snapshot_id: int | None
    error_code: str | None
    error_message: str | None

    def __repr__(self) -> str:
        return f"<RunRecord {self.id} {self.pipeline} {self.status}>"


@dataclass(frozen=True, repr=False)
class TestLine(Report):
    """What one quality test of a run found, as the ledger has it: how many violating rows, none of them."""

    __test__ = False  # not a test of pytest's

    name: str
    severity: str
    status: str
    violations: int | None
    duration_ms: int
    message: str | None

    def __repr__(self) -> str:
        found = "" if not self.violations else f", {self.violations} rows"
        return f"<TestLine {self.name} {self.status}{found}>"


@dataclass(frozen=True, repr=False)
class RunPage(Report):
    """Some runs, newest first; ``next`` is the ``after`` of the following page, ``None`` at the end."""

    runs: list[RunRecord]
    next: str | None

    def __repr__(self) -> str:
        return f"<RunPage of {len(self.runs)} runs{'' if self.next is None else ', more after ' + self.next}>"

    def _repr_html_(self) -> str:
        from . import display

        return display.page(self)


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


def _many(kind: Any) -> Callable[[Any], Any]:
    return lambda items: [kind._from(item) for item in items]


# Fields that are objects rather than plain data, in every report that has them.
_OBJECTS: dict[str, Callable[[Any], Any]] = {
    "warnings": lambda items: [Diagnostic(**item) for item in items],
    "diagnostics": lambda items: [Diagnostic(**item) for item in items],
    "error": from_data,
}
_AMOUNTS = [
    *("rows_written", "rows_total", "bytes_written"),
    *("files_added", "files_removed", "files_dropped", "files_rewritten", "files_deleted_from"),
]
# The same, where the field's name alone does not tell.
_OBJECTS_OF: dict[str, dict[str, Callable[[Any], Any]]] = {
    "RunReport": {"phases": _many(Phase), "tests": _many(TestResult), "logs": _many(LogLine)},
    "BuildReport": {"runs": _many(RunReport)},
    "MaintenanceReport": {"tables": _many(MaintainedTable)},
    "CheckReport": {"pipelines": _many(CheckedPipeline)},
    "Compiled": {"schema": _many(Column)},
    "Preview": {"columns": _many(Column), "phases": _many(PreviewPhase)},
    "CheckedPipeline": {"columns": _many(Column)},
    "WritePlan": {
        "landing_files": _many(LandedInput),
        "schema_changes": _many(SchemaChange),
        "tests": _many(PlannedTest),
        **dict.fromkeys(_AMOUNTS, Amount._from),
    },
    "Table": {"columns": _many(Column)},
    "RunPage": {"runs": _many(RunRecord)},
}
