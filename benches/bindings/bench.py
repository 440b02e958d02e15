"""What rat costs in Python: starting, handing rows over, streaming. Prints the rows of a Markdown table.

Needs Linux, and an optimised build on the path: `make bench-bindings` has one. Each figure is the median of its runs, with the least and
the most.
"""

import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import polars
import pyarrow
import rat

RUNS = 15
ROWS = 10_000_000
STREAMED = 100_000_000
SIX = f"""select i as id, i * 7 as b, i % 1000 as c, i * 0.5::double as d, i % 2 = 0 as e, cast(i % 100000 as integer) as f
from range({ROWS}) t(i)"""
IMPORT = "import time; t = time.perf_counter(); import rat; print(time.perf_counter() - t)"
FIRST = "import time; t = time.perf_counter(); import rat; rat.open('memory://').query('select 1 as one'); print(time.perf_counter() - t)"
ENDLESS = "select sum(sin(a.v * b.v)) as s from range(100000) a(v), range(100000) b(v)"
# The memory of a process is told by itself, at the first rows and at the last. Of `ru_maxrss` a child begins with its parent's.
STREAM = f"""
import rat
peak = lambda: next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
rows = early = 0
for batch in rat.open("memory://").stream("select i, i * 0.5::double as x from range({STREAMED}) t(i)", timeout=3600):
    rows += batch.num_rows
    early = early or (peak() if rows > 1_000_000 else 0)
assert rows == {STREAMED}
print(early, peak())
"""


def shown(seconds: list[float]) -> str:
    median, least, most = (f"{1000 * value:.1f}" for value in (statistics.median(seconds), min(seconds), max(seconds)))
    return f"{median} ms ({least} to {most})"


def said(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def alone(work: Callable[[], float]) -> list[float]:
    work()
    return [work() for _ in range(RUNS)]


def command() -> float:
    return timed(lambda: subprocess.run([sys.executable, "-m", "rat", "--help"], capture_output=True, check=True))


def interrupted(lake: rat.Lake) -> float:
    """From Ctrl-C to the exception, while a query that would take hours is under way."""
    pressed = [0.0]

    def press() -> None:
        pressed[0] = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(0.5, press).start()
    try:
        lake.query(ENDLESS, timeout=3600)
    except KeyboardInterrupt:
        return time.perf_counter() - pressed[0]
    raise AssertionError("nobody pressed Ctrl-C")


def main() -> None:
    """Measures, and prints a line for each figure as soon as it is there."""
    print("| what | goal | rat, median (min to max) | runs |\n|---|---|---|---|")
    print(f"| `import rat` | 30 ms | {shown(alone(lambda: float(said(IMPORT))))} | {RUNS} |", flush=True)
    print(f"| import, open and first query | 100 ms | {shown(alone(lambda: float(said(FIRST))))} | {RUNS} |", flush=True)
    print(f"| `rat --help`, the whole process | 120 ms | {shown(alone(command))} | {RUNS} |", flush=True)
    lake = rat.open("memory://")
    print(
        f"| Ctrl-C to `KeyboardInterrupt`, under a query of hours | 200 ms | {shown(alone(lambda: interrupted(lake)))} | {RUNS} |",
        flush=True,
    )
    result = lake.query(SIX, timeout=600)
    assert result.num_rows == ROWS
    for name, take in (("pyarrow", pyarrow.table), ("polars", polars.DataFrame)):
        taken = shown(alone(lambda take=take: timed(lambda: take(result))))
        print(f"| 10M rows x 6 columns into {name}, after the engine is done | 20 ms | {taken} | {RUNS} |", flush=True)
    early, late = said(STREAM).split()
    print(f"| peak memory of a stream over 100M rows | constant | {early} MB after 1M rows, {late} MB after all | 1 |")


if __name__ == "__main__":
    main()
