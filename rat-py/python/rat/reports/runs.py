"""What runs, builds and quality tests have to say, and what the ledger keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from .._words import counted
from .base import Parts, Report, RunStatus, TestStatus, many

if TYPE_CHECKING:
    from ..errors import Diagnostic, RatError, Severity


@dataclass(frozen=True, repr=False)
class Phase(Report):
    """A step of a run and how long it took."""

    phase: Literal["plan", "execute", "write", "test", "publish", "archive"]
    """Which."""
    started_at: str
    """When it began."""
    duration_ms: float
    """How long it took, in milliseconds, with fractions."""


@dataclass(frozen=True, repr=False)
class LogLine(Report):
    """One line of a run's log, numbered from 1."""

    seq: int
    """From 1, without gaps."""
    at: str
    """When it was said."""
    level: Literal["info", "warning", "error"]
    """``info``, ``warning`` or ``error``."""
    message: str
    """The line."""


@dataclass(frozen=True, repr=False)
class TestResult(Report):
    """What one quality test found. ``samples`` are up to 20 of the violating rows, as dicts."""

    __test__ = False  # not a test of pytest's

    pipeline: str
    """The pipeline whose table was tested."""
    name: str
    """The file's name without ``.sql``, or of a built-in test its words: ``unique(id)``."""
    description: str | None
    """What it is for, as its header says."""
    severity: Severity
    """Whether a failure keeps the rows from being published."""
    status: TestStatus
    """How it ended."""
    count: int | None
    """Violating rows; ``None`` when it could not be run."""
    samples: list[dict[str, Any]] | None
    """Up to 20 of the violating rows. Data: shown to the caller, never logged or kept. Serialised, each is an object by the names of the
    columns; what JSON would round or has no word for is text, as SQL writes it.
    """
    duration_ms: float
    """How long it took."""
    sql: str
    """The query that was run."""
    remediation: str | None
    """What to do about violations, as its header says."""
    tags: list[str]
    """The labels of its header."""
    error: RatError | None
    """Why it could not be run."""

    def __repr__(self) -> str:
        found = "" if not self.count else f", {counted(self.count, 'row')}"
        return f"<TestResult {self.name} {self.status}{found}>"


@dataclass(frozen=True, repr=False)
class RunReport(Report):
    """Everything about one run of one pipeline."""

    _parts: ClassVar[Parts] = {"phases": many(Phase), "tests": many(TestResult), "logs": many(LogLine)}

    ok: bool
    """Whether the run published, or had nothing to do."""
    id: str
    """The run's identifier; the snapshot it published carries it as ``rat.run-id``. Empty when nothing was started."""
    pipeline: str
    """The pipeline, ``namespace.layer.name``."""
    status: RunStatus
    """How it ended."""
    trigger: str
    """Who asked: ``manual``, ``build``, ``schedule``."""
    strategy: str
    """The merge strategy as configured, ``view`` or ``ephemeral``."""
    started_at: str
    """When it began."""
    finished_at: str
    """When it ended."""
    duration_ms: int
    """From begin to end, in milliseconds."""
    attempt: int
    """1, and one more for each retry after a transient error."""
    rows_written: int
    """New rows the run wrote: what the query gave, without the rows dropped as duplicates or as older than the stored ones."""
    rows_inserted: int
    """Rows whose key the table did not have; without a key, all rows written."""
    rows_updated: int
    """Rows that took the place of a stored row of the same key."""
    rows_deleted: int
    """Stored rows that are gone and have no successor of the same key."""
    rows_ended: int
    """Stored versions of a key that stay and have an end now, under ``scd2``."""
    rows_dropped: int
    """Rows of the query that did not reach the table: duplicates of a key, and rows older than the stored one under ``keep_newer``."""
    rows_total: int | None
    """Rows of the table afterwards; ``None`` for a view, and while the table has deletes whose number is not known."""
    bytes_written: int
    """Bytes of the data files written, rewritten rows included."""
    files_added: int
    """Data files added."""
    files_removed: int
    """Data files the table no longer refers to."""
    snapshot_id: int | None
    """The snapshot published; ``None`` when nothing was."""
    base_snapshot_id: int | None
    """The snapshot the run built on; ``None`` on a first run."""
    inputs: dict[str, int | None]
    """The input tables and the snapshot of each that the run read; ``None`` for an input that is empty or a view."""
    watermark: str | None
    """How far the table is afterwards, as templates see it in ``watermark_value``."""
    phases: list[Phase]
    """The phases passed, in order, the one that failed last."""
    tests: list[TestResult]
    """The quality tests, in the order they ran; the built-in ones first."""
    warnings: list[Diagnostic]
    """What did not stop the run and may surprise."""
    error: RatError | None
    """Why it failed or was cancelled."""
    skipped_reason: str | None
    """Why nothing was done, when nothing was."""
    logs: list[LogLine]
    """The run's log."""

    def __repr__(self) -> str:
        if self.skipped_reason:
            return f"<RunReport {self.pipeline} skipped: {self.skipped_reason}>"
        if self.error is not None:
            return f"<RunReport {self.pipeline} {self.status}: {self.error.code}>"
        return f"<RunReport {self.pipeline} {self.status}, {counted(self.rows_written, 'row')}, {self.duration_ms} ms>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.run(self)


@dataclass(frozen=True, repr=False)
class BuildReport(Report):
    """Everything about one build: one run report a pipeline, in dependency order."""

    _parts: ClassVar[Parts] = {"runs": many(RunReport)}

    ok: bool
    """Whether nothing failed."""
    status: RunStatus
    """Success when no run failed; cancelled when it was asked to stop before all had run."""
    started_at: str
    """When it began."""
    duration_ms: int
    """From begin to end, in milliseconds."""
    runs: list[RunReport]
    """One report a pipeline, in dependency order; those skipped have a ``skipped_reason``."""

    def __repr__(self) -> str:
        return f"<BuildReport {self.status}, {counted(len(self.runs), 'pipeline')}, {self.duration_ms} ms>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.build(self)


@dataclass(frozen=True, repr=False)
class RunRecord(Report):
    """One run as the ledger has it."""

    id: str
    """The run's identifier."""
    pipeline: str
    """The pipeline's full name."""
    trigger: str
    """Who asked."""
    strategy: str
    """The merge strategy, or ``view``."""
    attempt: int
    """1, and one more for each retry."""
    status: RunStatus
    """Where it stands."""
    phase: str | None
    """The phase it is in, while it runs."""
    started_at: str
    """When it began."""
    finished_at: str | None
    """When it ended."""
    duration_ms: int | None
    """From begin to end, in milliseconds."""
    rows_written: int | None
    """Rows it wrote."""
    snapshot_id: int | None
    """The snapshot it published."""
    error_code: str | None
    """The code it failed with."""
    error_message: str | None
    """The sentence it failed with."""

    def __repr__(self) -> str:
        return f"<RunRecord {self.id} {self.pipeline} {self.status}>"


@dataclass(frozen=True, repr=False)
class TestLine(Report):
    """What one quality test of a run found, as the ledger has it: how many violating rows, none of them."""

    __test__ = False  # not a test of pytest's

    name: str
    """The test's name."""
    severity: Severity
    """``error`` or ``warning``."""
    status: TestStatus
    """``passed``, ``failed`` or ``error``."""
    violations: int | None
    """Rows that violate it."""
    duration_ms: int
    """How long it took, in milliseconds."""
    message: str | None
    """What went wrong, if it could not be run."""

    def __repr__(self) -> str:
        found = "" if not self.violations else f", {counted(self.violations, 'row')}"
        return f"<TestLine {self.name} {self.status}{found}>"


@dataclass(frozen=True, repr=False)
class RunPage(Report):
    """Some runs, newest first; ``next`` is the ``after`` of the following page, ``None`` at the end."""

    _parts: ClassVar[Parts] = {"runs": many(RunRecord)}

    runs: list[RunRecord]
    """Newest first."""
    next: str | None
    """Give this as ``after`` for the next page; ``None`` at the end."""

    def __repr__(self) -> str:
        return f"<RunPage of {counted(len(self.runs), 'run')}{'' if self.next is None else ', more after ' + self.next}>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.page(self)
