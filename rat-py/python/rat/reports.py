"""Reports are data: plain fields, no IO, a line of repr."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from .errors import Diagnostic, RatError, from_data


class _Report:
    """A report with the core's own field names."""

    @classmethod
    def _from(cls, data: dict[str, Any]) -> Any:
        values = {field.name: data.get(field.name) for field in fields(cls)}  # type: ignore[arg-type]
        for name, objects in _OBJECTS.items():
            if values.get(name) is not None:
                values[name] = objects(values[name])
        return cls(**{**values, "_data": data})

    def to_dict(self) -> dict[str, Any]:
        """The whole report as plain data."""
        return self._data  # type: ignore[attr-defined, no-any-return]


@dataclass(frozen=True, repr=False)
class RunReport(_Report):
    """Everything about one run of one pipeline. Times are ISO 8601 in UTC, durations in milliseconds."""

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
    rows_dropped: int
    rows_total: int | None
    bytes_written: int
    files_added: int
    files_removed: int
    snapshot_id: int | None
    base_snapshot_id: int | None
    inputs: dict[str, int | None]
    watermark: str | None
    phases: list[dict[str, Any]]
    tests: list[dict[str, Any]]
    skipped_reason: str | None
    logs: list[dict[str, Any]]
    warnings: list[Diagnostic]
    error: RatError | None
    _data: dict[str, Any]

    def __repr__(self) -> str:
        if self.skipped_reason:
            return f"<RunReport {self.pipeline} skipped: {self.skipped_reason}>"
        if self.error is not None:
            return f"<RunReport {self.pipeline} {self.status}: {self.error.code}>"
        return f"<RunReport {self.pipeline} {self.status}, {self.rows_written} rows, {self.duration_ms} ms>"


@dataclass(frozen=True, repr=False)
class BuildReport(_Report):
    """Everything about one build: one run report a pipeline, in dependency order."""

    status: str
    started_at: str
    duration_ms: int
    runs: list[RunReport]
    _data: dict[str, Any]

    def __repr__(self) -> str:
        return f"<BuildReport {self.status}, {len(self.runs)} pipelines, {self.duration_ms} ms>"


@dataclass(frozen=True, repr=False)
class CheckReport(_Report):
    """What `check` found: `ok` when no diagnostic is an error."""

    ok: bool
    diagnostics: list[Diagnostic]
    _data: dict[str, Any]

    def __repr__(self) -> str:
        return f"<CheckReport {'ok' if self.ok else 'not ok'}, {len(self.diagnostics)} diagnostics>"


# Fields that are objects rather than plain data.
_OBJECTS: dict[str, Callable[[Any], Any]] = {
    "warnings": lambda items: [Diagnostic(**item) for item in items],
    "diagnostics": lambda items: [Diagnostic(**item) for item in items],
    "error": from_data,
    "runs": lambda items: [RunReport._from(item) for item in items],
}
