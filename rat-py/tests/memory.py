"""Reads many rows and says how much memory that took: `python memory.py ROWS`."""

import resource
import sys

import rat

# Text as well as numbers: what is kept of it would be seen.
SQL = "select i, i * 0.5 as x, 'a text of some length, the same in each row' as s from generate_series(1, {rows}) t(i)"


def peak() -> int:
    """The most memory that this process ever had, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def main(rows: int) -> None:
    with rat.open("memory://") as lake:
        sum(len(batch) for batch in lake.stream(SQL.format(rows=100_000)))
        before = peak()
        read = sum(len(batch) for batch in lake.stream(SQL.format(rows=rows)))
        print(read, peak() - before)


if __name__ == "__main__":
    main(int(sys.argv[1]))
