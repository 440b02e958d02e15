"""`import rat` is light: what is heavy is imported when it is first needed, and nothing is set up."""

import logging
import subprocess
import sys

import pytest
import rat

# What each costs more than all that `import rat` needs: other people's packages, and what makes or prints classes.
HEAVY = [
    "IPython",
    "asyncio",
    "click",
    "dataclasses",
    "functools",
    "inspect",
    "json",
    "logging",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "re",
    "rich",
    "typing",
]
OURS = ["cli", "display", "errors", "graph", "logs", "magic", "progress", "reports", "svg"]


def imported(code: str) -> set[str]:
    """The modules there are after some code, in a Python that has nothing of its environment's start-up files."""
    listed = "import sys; before = set(sys.modules)\n" + code + "\nprint('\\n'.join(set(sys.modules) - before))"
    script = f"import sys; sys.path[:0] = {sys.path!r}\n{listed}"
    return set(subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True).stdout.split())


def test_import_rat_imports_nothing_heavy() -> None:
    there = imported("import rat")
    assert "rat._rat" in there and "rat.lake" in there
    assert there & {*HEAVY, *(f"rat.{name}" for name in OURS)} == set()


def test_a_query_needs_no_dataclass() -> None:
    there = imported("import rat\nrat.open('memory://').query('select 1 as x').to_pylist()")
    assert there & {"rat.reports", "rat.display", "click", "rich", "IPython"} == set()


def test_the_help_of_the_command_needs_no_rich() -> None:
    there = imported("from rat.cli import main\ntry: main(['--help'], prog_name='rat')\nexcept SystemExit: pass")
    assert "click" in there
    assert there & {"rich", "asyncio", "IPython", "rat.reports", "rat.display"} == set()


@pytest.mark.parametrize("name", rat.__all__)
def test_every_name_is_there_when_asked_for(name: str) -> None:
    assert getattr(rat, name) is getattr(rat, name) and name in dir(rat)


def test_no_other_name_is() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'opn'"):
        rat.opn  # noqa: B018
    assert not hasattr(rat, "Diagnostics")


def test_import_rat_sets_nothing_up() -> None:
    code = (
        "import logging, signal, sys, threading\n"
        "before = (sys.excepthook, signal.getsignal(signal.SIGINT), list(logging.root.handlers))\n"
        "import rat\n"
        "assert before == (sys.excepthook, signal.getsignal(signal.SIGINT), list(logging.root.handlers))\n"
        "assert threading.active_count() == 1 and 'rat' not in logging.root.manager.loggerDict\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_logging_is_told_only_when_asked(lake: rat.Lake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    lake.run("silver.orders")
    assert caplog.records == []
    lake.run("gold.totals", on_event=rat.log_events())
    assert [record.name for record in caplog.records] == ["rat"] * len(caplog.records)
    first, *_, last = caplog.records
    assert first.getMessage() == "default.gold.totals started" and first.levelno == logging.INFO
    assert last.getMessage().startswith("default.gold.totals success, 2 rows, ") and last.event["report"]["status"] == "success"
    assert "default.gold.totals: publish" in [r.getMessage() for r in caplog.records if r.levelno == logging.DEBUG]


def test_a_failure_and_a_skipped_pipeline_are_logged(lake: rat.Lake, caplog: pytest.LogCaptureFixture) -> None:
    lake.build()
    caplog.set_level(logging.INFO)
    lake.build(on_event=rat.log_events(logging.getLogger("mine")))
    assert {(r.name, r.levelname) for r in caplog.records} == {("mine", "INFO")}
    assert any("skipped: " in r.getMessage() for r in caplog.records)
    caplog.clear()
    lake.run("silver.orders", timeout=0, on_event=rat.log_events("mine"), raise_on_failure=False)
    (failed,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert "error[TIMED_OUT]" in failed.getMessage()


def test_a_logger_is_a_logger() -> None:
    with pytest.raises(TypeError, match=r"`logger` must be a logging\.Logger or the name of one, and is 5"):
        rat.log_events(5)
