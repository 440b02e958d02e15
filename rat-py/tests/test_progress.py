"""What runs, shown in a notebook while it runs; elsewhere nothing is."""

import asyncio
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import rat
from rat import progress
from test_display import ATTACK, Tags


class Screen:
    """A notebook that keeps what it was shown."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, kernel: object | None) -> None:
        self.shown: list[dict[str, str]] = []
        ipython, displays = ModuleType("IPython"), ModuleType("IPython.display")
        ipython.get_ipython = lambda: SimpleNamespace(kernel=kernel)
        displays.display = self.display
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        monkeypatch.setitem(sys.modules, "IPython.display", displays)

    def display(self, bundle: dict[str, str], *, raw: bool, display_id: bool) -> Any:
        assert raw and display_id and self.shown == [], "one display, updated in place"
        self.shown.append(bundle)
        return SimpleNamespace(update=lambda bundle, raw: self.shown.append(bundle))


def test_a_build_is_shown_in_one_display(lake: rat.Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch, kernel=object())
    events: list[str] = []
    lake.build(on_event=lambda event: events.append(event["event"]))
    texts = [bundle["text/plain"] for bundle in screen.shown]
    assert texts[0] == "default.silver.orders" and texts[-1] == "2 success"
    assert "1 success, default.gold.totals publish" in texts
    assert events[0] == "started" and events[-1] == "finished", "the caller's callback is called too"
    for bundle in screen.shown:
        Tags(bundle["text/html"])


def test_what_was_stopped_is_not_shown_as_running(lake: rat.Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch, kernel=object())

    def stop(event: dict[str, Any]) -> None:
        if event["event"] == "phase":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lake.build(on_event=stop)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(lake.run_async("silver.orders", on_event=stop))
    assert "default.silver.orders" in screen.shown[0]["text/plain"] and "default." not in screen.shown[-1]["text/plain"]


def test_what_ended_without_saying_so_is_not_shown_as_running(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch, kernel=object())
    told: list[Any] = []

    class Interrupted:
        def wait(self) -> None:
            told[0]({"event": "started", "run_id": "1", "pipeline": "default.silver.orders", "attempt": 1})
            raise KeyboardInterrupt

        def __await__(self) -> Any:
            self.wait()
            yield

    def begin(on_event: Any) -> Any:
        told[:] = [on_event]
        return Interrupted()

    async def awaited(call: Any) -> None:
        await call

    for wait in (lambda call: call.wait(), lambda call: asyncio.run(awaited(call))):
        screen.shown.clear()
        with pytest.raises(KeyboardInterrupt):
            wait(progress.shown(begin, None))
        assert [bundle["text/plain"] for bundle in screen.shown] == ["default.silver.orders", ""]
        told[0]({"event": "started", "run_id": "2", "pipeline": "default.silver.late", "attempt": 1})
        assert len(screen.shown) == 2, "nothing is shown after the end"


def test_nothing_is_shown_but_in_a_notebook(lake: rat.Lake, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    lake.run("silver.orders")
    terminal = Screen(monkeypatch, kernel=None)
    lake.run("silver.orders")
    assert terminal.shown == [] and capfd.readouterr() == ("", "")


def test_a_display_that_fails_stops_no_run_and_a_callback_that_raises_does(lake: rat.Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch, kernel=object())
    monkeypatch.setattr(screen, "display", lambda *_: 1 / 0)
    monkeypatch.setattr(sys.modules["IPython.display"], "display", screen.display)
    assert lake.run("silver.orders").ok
    with pytest.raises(ZeroDivisionError):
        lake.run("silver.orders", on_event=lambda event: 1 / 0)
    with pytest.raises(TypeError, match="argument 'on_event': must be callable, and is 5"):
        lake.run("silver.orders", on_event=5)


def test_rows_are_counted_and_not_drawn_for_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch, kernel=object())
    monkeypatch.setattr(progress.time, "monotonic", lambda: 1000.0)
    live = progress.Live()
    live.tell({"event": "started", "run_id": "1", "pipeline": ATTACK, "attempt": 1})
    for rows in range(1000):
        live.tell({"event": "progress", "run_id": "1", "pipeline": ATTACK, "rows": rows})
    live.tell({"event": "phase", "run_id": "1", "pipeline": ATTACK, "phase": "write"})
    assert len(screen.shown) == 2
    last = screen.shown[-1]["text/html"]
    assert "999 rows" in last and "img" not in Tags(last).seen
