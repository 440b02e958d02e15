"""What is told of pipelines before they run: checks, compiled pipelines, plans and previews."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from .._rat import Result
from .._words import counted
from ..errors import Diagnostic, Severity
from .base import Language, Parts, Report, many
from .tables import Column


@dataclass(frozen=True, repr=False, eq=False)
class CheckedPipeline(Report):
    """One pipeline, checked. ``columns`` is ``None`` when they are unknown, ``sql`` when the template has an error."""

    _parts: ClassVar[Parts] = {"columns": many(Column)}

    name: str
    """Its name."""
    sql: str | None
    """Its SQL, as its next run would have it."""
    columns: list[Column] | None
    """The columns of its table, with the types that SQL writes."""
    lineage: list[dict[str, Any]]
    """Where each column comes from, in the order of the schema."""
    diagnostics: list[Diagnostic]
    """What is wrong with it."""

    def __repr__(self) -> str:
        return f"<CheckedPipeline {self.name}, {counted(len(self.diagnostics), 'diagnostic')}>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.checked(self)


@dataclass(frozen=True, repr=False, eq=False)
class CheckReport(Report):
    """What ``check`` found: ``ok`` when no diagnostic is an error."""

    _parts: ClassVar[Parts] = {"pipelines": many(CheckedPipeline)}

    ok: bool
    """Whether there is no error. Warnings do not count."""
    diagnostics: list[Diagnostic]
    """Everything that is wrong: with the project first, then pipeline by pipeline, in the order of their names."""
    pipelines: list[CheckedPipeline]
    """The pipelines, those with errors too."""

    def __repr__(self) -> str:
        return f"<CheckReport {'ok' if self.ok else 'not ok'}, {counted(len(self.diagnostics), 'diagnostic')}>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.check(self)


@dataclass(frozen=True, repr=False, eq=False)
class Compiled(Report):
    """One pipeline, compiled for its next run."""

    _parts: ClassVar[Parts] = {"schema": many(Column)}

    ok: bool
    """Whether no diagnostic is an error."""
    name: str
    """``namespace.layer.name``."""
    language: Language
    """What it is written in."""
    sql: str | None
    """The SQL of the next run; ``None`` when the template has an error, and for a pipeline in Python."""
    dependencies: list[str]
    """The tables that a first or a later run reads, by name."""
    landing_zones: list[dict[str, Any]]
    """The landing zones that a first or a later run reads."""
    config: list[dict[str, Any]]
    """Every setting, in the order of the reference page."""
    schema: list[Column] | None
    """The columns of its table, with the types that SQL writes."""
    lineage: list[dict[str, Any]]
    """Where each column comes from, in the order of the columns."""
    tests: list[dict[str, Any]]
    """Its quality tests that are queries."""
    code_hash: str | None
    """What makes its SQL, as one hash: a build skips a pipeline whose hash and inputs have not changed."""
    diagnostics: list[Diagnostic]
    """What is wrong with it."""

    def __repr__(self) -> str:
        return f"<Compiled {self.name}, {counted(len(self.diagnostics), 'diagnostic')}>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.compiled(self)


@dataclass(frozen=True, repr=False, eq=False)
class Amount(Report):
    """A number as far as it is known before a run: ``kind`` is ``exact``, ``at_most`` or ``unknown``, which has no ``value``."""

    kind: Literal["exact", "at_most", "unknown"]
    """``exact``, ``at_most`` or ``unknown``."""
    value: int | None
    """The number, or the limit; ``None`` when it is unknown."""

    def __str__(self) -> str:
        return self.kind if self.value is None else f"{self.value:,}" if self.kind == "exact" else f"at most {self.value:,}"

    def __repr__(self) -> str:
        return f"<Amount {self}>"


@dataclass(frozen=True, repr=False, eq=False)
class LandedInput(Report):
    """A file of a landing zone that a run would read, and its size in bytes."""

    path: str
    """Its path in the lake."""
    size: int
    """Its size in bytes."""


@dataclass(frozen=True, repr=False, eq=False)
class PlannedTest(Report):
    """A quality test that would run."""

    name: str
    """Its name, as in ``TestResult.name``."""
    severity: Severity
    """``error`` or ``warning``."""


@dataclass(frozen=True, repr=False, eq=False)
class SchemaChange(Report):
    """What becomes of a column: types, or names, before and after.

    ``kind`` is ``add``, ``retype``, ``make_optional``, ``rename`` or ``drop``.
    """

    kind: Literal["add", "retype", "make_optional", "rename", "drop"]
    """What becomes of it."""
    column: str
    """The column, by the name it has afterwards, or had."""
    before: str | None
    """The type, or for a rename the name, that it has now; ``None`` for a column that is new."""
    after: str | None
    """The type or name that it will have; ``None`` for a column that goes."""


_AMOUNTS = [
    *("rows_written", "rows_total", "bytes_written"),
    *("files_added", "files_removed", "files_dropped", "files_rewritten", "files_deleted_from"),
]


@dataclass(frozen=True, repr=False, eq=False)
class WritePlan(Report):
    """What a run of one pipeline would do to its table, told before it runs.

    ``fresh`` says why a build would leave it as it is. ``files_pruned`` of the ``files_before`` stay as they are for sure.
    """

    _parts: ClassVar[Parts] = {
        "landing_files": many(LandedInput),
        "schema_changes": many(SchemaChange),
        "tests": many(PlannedTest),
        **dict.fromkeys(_AMOUNTS, Amount._from),
    }

    ok: bool
    """Whether the run would begin: no diagnostic is an error."""
    pipeline: str
    """The pipeline, ``namespace.layer.name``."""
    strategy: str
    """The merge strategy as configured, ``view`` or ``ephemeral``."""
    fresh: str | None
    """Why a build would leave it as it is; ``None`` when a build would run it. A run is asked for and runs."""
    is_first_run: bool
    """Whether there is no table yet."""
    is_rebuild: bool
    """Whether the table is made anew."""
    base_snapshot_id: int | None
    """The snapshot the run would build on; ``None`` on a first run."""
    inputs: dict[str, int | None]
    """The input tables and the snapshot of each that the run would read; ``None`` for an input that is empty."""
    landing_files: list[LandedInput]
    """The files of landing zones that the run would read."""
    watermark: str | None
    """How far the table is, as templates see it in ``watermark_value``, before ``watermark_lookback``; ``None`` before the first publish,
    and when only its rows tell.
    """
    rows_written: Amount
    """New rows that are written."""
    rows_total: Amount
    """Rows of the table afterwards."""
    files_before: int
    """Data files that the table has now."""
    files_pruned: int
    """Those of them that stay as they are for sure. The run, which knows the keys, may leave more of them alone."""
    files_dropped: Amount
    """Data files that go as a whole, unread."""
    files_rewritten: Amount
    """Data files that are written again without the rows that leave."""
    files_deleted_from: Amount
    """Data files that get a position delete file."""
    files_added: Amount
    """Files that come, as ``RunReport.files_added`` counts them."""
    files_removed: Amount
    """Files that go, as ``RunReport.files_removed`` counts them."""
    bytes_written: Amount
    """Bytes of the files that come. Unknown where rows with texts, binaries or nested values are written, whose length is in no metadata.
    """
    schema_changes: list[SchemaChange]
    """What changes about the table's columns; nothing on a first run, which makes them."""
    tests: list[PlannedTest]
    """The quality tests that decide whether it is published, in the order they run."""
    diagnostics: list[Diagnostic]
    """All that would stop the run before it reads a row, as errors, as far as one does not hide the other, and what may surprise, as
    warnings.
    """

    def __repr__(self) -> str:
        refused = next((diagnostic.code for diagnostic in self.diagnostics if diagnostic.severity == "error"), None)
        if refused is not None:
            return f"<WritePlan {self.pipeline} refused: {refused}>"
        return f"<WritePlan {self.pipeline}, rows: {self.rows_written}, files: {self.files_added} new, {self.files_removed} gone>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.plan(self)


@dataclass(frozen=True, repr=False, eq=False)
class PreviewPhase(Report):
    """A step of a preview, ``plan``, ``execute`` or ``count``, and how long it took."""

    phase: Literal["plan", "execute", "count"]
    """``plan``, ``execute`` or ``count``."""
    duration_ms: float
    """In milliseconds, with fractions."""


@dataclass(frozen=True, repr=False, eq=False)
class Preview(Report):
    """The first rows of a pipeline's query, in ``data``, and what they took.

    ``row_count`` is how many there are in all, where that was counted or all of them are shown. ``plan`` says how the engine goes about
    it; ``peak_memory_bytes`` is the most that sorts, joins and aggregates had at once.
    """

    _parts: ClassVar[Parts] = {"columns": many(Column), "phases": many(PreviewPhase)}

    data: Result
    """The rows."""
    columns: list[Column]
    """Their columns, with the types that SQL writes."""
    row_count: int | None
    """How many rows the query gives in all, where that was counted or all of them are shown."""
    phases: list[PreviewPhase]
    """How long it took: ``plan``, ``execute``, and ``count`` where that was asked for."""
    plan: str
    """How the engine goes about it."""
    warnings: list[Diagnostic]
    """What may surprise."""
    peak_memory_bytes: int
    """The most memory that sorts, joins and aggregates had at once, in bytes."""

    @classmethod
    def _with(cls, data: dict[str, Any], rows: Result) -> Preview:
        return replace(cls._from(data), data=rows)

    def to_dict(self) -> dict[str, Any]:
        """The whole report as plain data, its rows included; what JSON has no word for is text, as SQL writes it."""
        return {**super().to_dict(), "data": self.data._plain()}

    def __eq__(self, other: object) -> bool:
        return self.to_dict() == other.to_dict() if isinstance(other, Preview) else NotImplemented

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        rows = (
            counted(self.data.num_rows, "row") if self.row_count is None else f"{self.data.num_rows:,} of {counted(self.row_count, 'row')}"
        )
        return f"<Preview {rows}, {counted(len(self.columns), 'column')}>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.preview(self)
