"""What is told of pipelines before they run: checks, compiled pipelines, plans and previews."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from .._words import counted
from .base import Parts, Report, many
from .tables import Column

if TYPE_CHECKING:
    from .._rat import Result
    from ..errors import Diagnostic


@dataclass(frozen=True, repr=False)
class CheckedPipeline(Report):
    """One pipeline, checked. ``columns`` is ``None`` when they are unknown, ``sql`` when the template has an error."""

    _parts: ClassVar[Parts] = {"columns": many(Column)}

    name: str
    sql: str | None
    columns: list[Column] | None
    lineage: list[dict[str, Any]]
    diagnostics: list[Diagnostic]

    def __repr__(self) -> str:
        return f"<CheckedPipeline {self.name}, {counted(len(self.diagnostics), 'diagnostic')}>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.checked(self)


@dataclass(frozen=True, repr=False)
class CheckReport(Report):
    """What ``check`` found: ``ok`` when no diagnostic is an error."""

    _parts: ClassVar[Parts] = {"pipelines": many(CheckedPipeline)}

    ok: bool
    diagnostics: list[Diagnostic]
    pipelines: list[CheckedPipeline]

    def __repr__(self) -> str:
        return f"<CheckReport {'ok' if self.ok else 'not ok'}, {counted(len(self.diagnostics), 'diagnostic')}>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.check(self)


@dataclass(frozen=True, repr=False)
class Compiled(Report):
    """One pipeline, compiled for its next run. ``sql`` is ``None`` when the template has an error, and for a pipeline in Python.

    ``ok``: whether no diagnostic is an error.
    """

    _parts: ClassVar[Parts] = {"schema": many(Column)}

    ok: bool
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

    def __repr__(self) -> str:
        return f"<Compiled {self.name}, {counted(len(self.diagnostics), 'diagnostic')}>"

    def _repr_html_(self) -> str:
        from .. import display

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


_AMOUNTS = [
    *("rows_written", "rows_total", "bytes_written"),
    *("files_added", "files_removed", "files_dropped", "files_rewritten", "files_deleted_from"),
]


@dataclass(frozen=True, repr=False)
class WritePlan(Report):
    """What a run of one pipeline would do to its table, told before it runs.

    ``fresh`` says why a build would leave it as it is. ``files_pruned`` of the ``files_before`` stay as they are for sure.
    ``ok``: whether the run would begin: no diagnostic is an error.
    """

    _parts: ClassVar[Parts] = {
        "landing_files": many(LandedInput),
        "schema_changes": many(SchemaChange),
        "tests": many(PlannedTest),
        **dict.fromkeys(_AMOUNTS, Amount._from),
    }

    ok: bool
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

    def __repr__(self) -> str:
        refused = next((diagnostic.code for diagnostic in self.diagnostics if diagnostic.severity == "error"), None)
        if refused is not None:
            return f"<WritePlan {self.pipeline} refused: {refused}>"
        return f"<WritePlan {self.pipeline}, rows: {self.rows_written}, files: {self.files_added} new, {self.files_removed} gone>"

    def _repr_html_(self) -> str:
        from .. import display

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

    _parts: ClassVar[Parts] = {"columns": many(Column), "phases": many(PreviewPhase)}

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
        rows = (
            counted(self.data.num_rows, "row") if self.row_count is None else f"{self.data.num_rows:,} of {counted(self.row_count, 'row')}"
        )
        return f"<Preview {rows}, {counted(len(self.columns), 'column')}>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.preview(self)
