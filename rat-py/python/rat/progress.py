"""What runs, shown in a notebook while it runs: one display, updated in place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

if TYPE_CHECKING:
    from ._rat import Call

_T = TypeVar("_T")
OnEvent = Callable[[dict[str, Any]], object]

# Rows come in fast; a notebook needs no more than this many seconds between two looks.
PAUSE = 0.1


def shown(begin: Callable[[OnEvent | None], Call[_T]], on_event: OnEvent | None) -> Call[_T]:
    """A verb with the caller's callback; in a notebook, with one that shows what runs before it calls the caller's."""
    from IPython import get_ipython

    # A terminal's IPython has no kernel, and nothing that could be updated in place. What cannot be called is the core's to refuse.
    if getattr(get_ipython(), "kernel", None) is None or not (on_event is None or callable(on_event)):
        return begin(on_event)
    live = Live()

    def both(event: dict[str, Any]) -> object:
        # A display that cannot be drawn, for a notebook that was closed, is no reason to stop a run.
        with suppress(Exception):
            live.tell(event)
        return None if on_event is None else on_event(event)

    return cast("Call[_T]", Shown(begin(both), live))


class Shown(Generic[_T]):
    """A verb on its way whose display ends with it, however it ends: an interrupted one tells no end of its runs."""

    def __init__(self, call: Call[_T], live: Live) -> None:
        self._call = call
        self._live = live

    def wait(self) -> _T:
        try:
            return self._call.wait()
        finally:
            self._live.end()

    def __await__(self) -> Generator[Any, None, _T]:
        try:
            return (yield from self._call.__await__())
        finally:
            self._live.end()


class Live:
    """The state of the runs of one verb, as its events tell it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, dict[str, Any]] = {}
        self._done: dict[str, int] = {}
        self._drawn_at = 0.0
        self._ended = False
        self._handle: Any = None

    def tell(self, event: dict[str, Any]) -> None:
        """Takes one event in, and draws what is now."""
        with self._lock:
            if self._ended:
                return
            kind = event["event"]
            if kind == "started":
                self._running[event["run_id"]] = {"pipeline": event["pipeline"], "phase": "", "rows": 0}
            elif kind == "phase" and event["run_id"] in self._running:
                self._running[event["run_id"]]["phase"] = event["phase"]
            elif kind == "progress" and event["run_id"] in self._running:
                self._running[event["run_id"]]["rows"] = event["rows"]
                if time.monotonic() - self._drawn_at < PAUSE:
                    return
            elif kind == "finished":
                report = event["report"]
                self._running.pop(report["id"], None)
                status = "skipped" if report["skipped_reason"] else report["status"]
                self._done[status] = self._done.get(status, 0) + 1
            self._draw()

    def end(self) -> None:
        """Nothing runs any more: draws that, if something seems to."""
        with self._lock, suppress(Exception):
            self._ended = True
            if self._running:
                self._running.clear()
                self._draw()

    def _draw(self) -> None:
        from IPython.display import display

        from . import display as cards

        text = self.text()
        bundle = {"text/plain": text, "text/html": cards.progress(list(self._running.values()), self._done)}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)
        self._drawn_at = time.monotonic()

    def text(self) -> str:
        """The same in words: counts of what is done, and what runs."""
        done = [f"{count} {status}" for status, count in self._done.items()]
        running = [f"{run['pipeline']} {run['phase']}".strip() for run in self._running.values()]
        return ", ".join([*done, *running])
