"""A program that ends while rat's threads are at work ends as any other does, and what it ran is written down."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import rat

# Chance decides whether a thread is where it must not be.
ROUNDS = 20

SLOW = "select sum(sin(a.v * b.v)) as s from range(100000) a(v), range(100000) b(v)"

SOON = {
    "a lake that was opened": "asyncio.run(rat.open_async('memory://'))",
    "an answer": "asyncio.run(lake.query_async('select 1'))",
    "batches": """
async def work():
    async for batch in await lake.stream_async("select v from range(100000) t(v)"):
        pass
asyncio.run(work())
""",
    "a query that is cancelled": f"""
async def work():
    task = asyncio.create_task(lake.query_async("{SLOW}"))
    await asyncio.sleep(0)
    task.cancel()
asyncio.run(work())
""",
    "a run that is cancelled while it tells": """
async def work():
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    write = lake.write_async("bronze.t", [{"id": 1}], on_event=lambda event: loop.call_soon_threadsafe(begun.set))
    task = asyncio.create_task(write)
    await begun.wait()
    task.cancel()
asyncio.run(work())
""",
    "daemon threads that wait": f"""
for sql in ("{SLOW}", "select 1"):
    def work(sql=sql):
        while True:
            lake.query(sql)
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
""",
    "a daemon thread that reads Arrow": f"""
import pyarrow
threading.Thread(target=lambda: pyarrow.table(lake.stream("{SLOW}")), daemon=True).start()
time.sleep(0.05)
""",
}


@pytest.mark.parametrize("program", SOON.values(), ids=SOON)
def test_a_program_that_ends_soon_ends_well(program: str) -> None:
    code = f"import asyncio, threading, time, rat\nlake = rat.open('memory://')\n{program}"

    def run(_round: int) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    with ThreadPoolExecutor(4) as rounds:
        assert set(rounds.map(run, range(ROUNDS))) == {(0, "")}


RUNS = {
    "a task that is cancelled": """
async def work():
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    run = lake.run_async("silver.slow", on_event=lambda event: event["event"] == "phase" and loop.call_soon_threadsafe(begun.set))
    task = asyncio.create_task(run)
    await begun.wait()
    task.cancel()
asyncio.run(work())
""",
    "a run in the background": """
handle = lake.submit("silver.slow")
next(event for event in handle.events() if event["event"] == "phase")
""",
    "a daemon thread": """
begun = threading.Event()
on_event = lambda event: event["event"] == "phase" and begun.set()
threading.Thread(target=lambda: lake.run("silver.slow", on_event=on_event, raise_on_failure=False), daemon=True).start()
begun.wait()
""",
}


@pytest.mark.parametrize("program", RUNS.values(), ids=RUNS)
def test_a_run_that_the_end_stops_is_written_down(project: Path, program: str) -> None:
    folder = project / "default" / "pipelines" / "silver" / "slow"
    folder.mkdir()
    (folder / "pipeline.sql").write_text(SLOW)
    code = f"import asyncio, sys, threading, rat\nlake = rat.open(sys.argv[1])\n{program}"
    done = subprocess.run([sys.executable, "-c", code, project], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    (record,) = rat.open(project).runs.list("silver.slow").runs
    assert (record.status, record.error_code) == ("cancelled", "CANCELLED")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_ends_as_it_would_without_rat() -> None:
    code = """
import asyncio, os, sys, rat
lake = rat.open("memory://")
asyncio.run(lake.query_async("select 1"))
child = os.fork()
if child == 0:
    sys.exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_program_may_use_the_lake_until_the_very_end(project: Path) -> None:
    code = """
import asyncio, atexit, sys, rat
def last():
    print(rat.open(sys.argv[1]).run("silver.orders").status)
    try:
        asyncio.run(lake.query_async("select 1"))
    except RuntimeError as told:
        print(told)
atexit.register(last)
lake = rat.open("memory://")
"""
    code += "lake.query('select 1')\n"
    done = subprocess.run([sys.executable, "-c", code, project], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.splitlines()) == (0, ["success", "Python is ending, and rat with it"]), done.stderr
