"""What happens while a run is under way, as ``on_event`` and ``RunHandle.events`` tell it: plain data, with a word for what it is."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from .reports.base import TestStatus


class StartedEvent(TypedDict):
    """The run is written down."""

    event: Literal["started"]
    run_id: str
    """The run."""
    pipeline: str
    """Its pipeline."""
    attempt: int
    """1, and one more for each retry."""


class PhaseEvent(TypedDict):
    """A phase begins. A run that starts over after a conflict passes its phases again."""

    event: Literal["phase"]
    run_id: str
    """The run."""
    pipeline: str
    """Its pipeline."""
    phase: Literal["plan", "execute", "write", "test", "publish", "archive"]
    """Which."""


class ProgressEvent(TypedDict):
    """Rows were read from the query so far."""

    event: Literal["progress"]
    run_id: str
    """The run."""
    pipeline: str
    """Its pipeline."""
    rows: int
    """Rows so far."""


class TestEvent(TypedDict):
    """A quality test ended."""

    event: Literal["test"]
    run_id: str
    """The run."""
    pipeline: str
    """Its pipeline."""
    name: str
    """The test."""
    status: TestStatus
    """How it ended."""


class FinishedEvent(TypedDict):
    """The run ended, or was skipped."""

    event: Literal["finished"]
    report: dict[str, Any]
    """What the call returns, as its ``to_dict()``."""


Event = StartedEvent | PhaseEvent | ProgressEvent | TestEvent | FinishedEvent
"""One of them: ``event["event"]`` says which, and a type checker knows its fields then."""
