"""What happens in a run, told to ``logging``: only where it is asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ._words import counted
from .events import Event, FinishedEvent

_LEVELS = {"success": logging.INFO, "cancelled": logging.WARNING}


def log_events(logger: logging.Logger | str = "rat") -> Callable[[Event], None]:
    """A callback for ``on_event`` that tells a logger what happens: ``lake.build(on_event=rat.log_events())``.

    Runs that begin and end are ``INFO``, phases ``DEBUG``, failed tests and cancelled runs ``WARNING``, failed runs ``ERROR`` with their
    drawn snippet. Each record has the event itself as ``record.event``. Nothing is configured, and nothing is logged without this.
    """
    told = logging.getLogger(logger) if isinstance(logger, str) else logger
    if not isinstance(told, logging.Logger):
        raise TypeError(f"`logger` must be a logging.Logger or the name of one, and is {logger!r}")

    def on_event(event: Event) -> None:
        if event["event"] == "started":
            told.info("%s started", event["pipeline"], extra={"event": event})
        elif event["event"] == "phase":
            told.debug("%s: %s", event["pipeline"], event["phase"], extra={"event": event})
        elif event["event"] == "test" and event["status"] != "passed":
            told.warning("%s: test %s %s", event["pipeline"], event["name"], event["status"], extra={"event": event})
        elif event["event"] == "finished":
            _finished(told, event)

    return on_event


def _finished(told: logging.Logger, event: FinishedEvent) -> None:
    report = event["report"]
    level = _LEVELS.get(report["status"], logging.ERROR)
    if report["skipped_reason"]:
        told.log(level, "%s skipped: %s", report["pipeline"], report["skipped_reason"], extra={"event": event})
    elif report["error"]:
        told.log(level, "%s %s\n%s", report["pipeline"], report["status"], report["error"]["drawn"], extra={"event": event})
    else:
        done = (report["pipeline"], report["status"], counted(report["rows_written"], "row"), report["duration_ms"])
        told.log(level, "%s %s, %s, %d ms", *done, extra={"event": event})
