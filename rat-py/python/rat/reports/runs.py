"""What runs, builds and quality tests have to say, and what the ledger keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .._words import counted
from .base import Parts, Report, many

if TYPE_CHECKING:
    from ..errors import Diagnostic, RatError


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
        found = "" if not self.count else f", {counted(self.count, 'row')}"
        return f"<TestResult {self.name} {self.status}{found}>"


@dataclass(frozen=True, repr=False)
class RunReport(Report):
    """Everything about one run of one pipeline. ``ok``: whether it published, or had nothing to do."""

    _parts: ClassVar[Parts] = {"phases": many(Phase), "tests": many(TestResult), "logs": many(LogLine)}

    ok: bool
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
    """Everything about one build: one run report a pipeline, in dependency order. ``ok``: whether nothing failed."""

    _parts: ClassVar[Parts] = {"runs": many(RunReport)}

    ok: bool
    status: str
    started_at: str
    duration_ms: int
    runs: list[RunReport]

    def __repr__(self) -> str:
        return f"<BuildReport {self.status}, {counted(len(self.runs), 'pipeline')}, {self.duration_ms} ms>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.build(self)


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
        found = "" if not self.violations else f", {counted(self.violations, 'row')}"
        return f"<TestLine {self.name} {self.status}{found}>"


@dataclass(frozen=True, repr=False)
class RunPage(Report):
    """Some runs, newest first; ``next`` is the ``after`` of the following page, ``None`` at the end."""

    _parts: ClassVar[Parts] = {"runs": many(RunRecord)}

    runs: list[RunRecord]
    next: str | None

    def __repr__(self) -> str:
        return f"<RunPage of {counted(len(self.runs), 'run')}{'' if self.next is None else ', more after ' + self.next}>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.page(self)
