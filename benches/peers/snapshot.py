"""One step of the history benchmark: a snapshot that dbt keeps of a table of DuckDB.

usage: snapshot.py STRATEGY FOLDER STEP

STRATEGY is `check`, which compares all columns, or `timestamp`. STEP is `source:SQL`, which makes these rows the snapshot's source,
and the project where there is none; `snapshot`; or `ask:SQL`, whose first row is printed too.
Prints the seconds since the imports, the peak memory in MB, and what was asked.
"""

import resource
import sys
import time
from pathlib import Path

STRATEGIES = {"check": "strategy: check, check_cols: all", "timestamp": "strategy: timestamp, updated_at: updated_at"}
# The rows that were sent again carry the later moment.
MOMENT = "TIMESTAMP '2024-01-01' + INTERVAL (CASE WHEN s3 = 'second' THEN 1 ELSE 0 END) DAY"


def source(folder: Path, strategy: str, rows: str) -> None:
    import duckdb

    with duckdb.connect(str(folder / "db.duckdb")) as connection:
        moment = f", {MOMENT} AS updated_at" if strategy == "timestamp" else ""
        connection.execute(f"CREATE OR REPLACE TABLE t AS SELECT *{moment} FROM ({rows})")
    if (folder / "dbt_project.yml").exists():
        return
    write(folder / "dbt_project.yml", "name: history\nversion: '1.0'\nprofile: history\nsnapshot-paths: [snapshots]\n")
    target = f"{{type: duckdb, path: '{folder}/db.duckdb', threads: 2}}"
    write(folder / "profiles.yml", f"history:\n  target: dev\n  outputs:\n    dev: {target}\n")
    write(folder / "models/sources.yml", "version: 2\nsources: [{name: raw, schema: main, tables: [{name: t}]}]\n")
    config = f"{{unique_key: id, {STRATEGIES[strategy]}}}"
    snapshot = f"snapshots:\n  - name: history\n    relation: source('raw', 't')\n    config: {config}\n"
    write(folder / "snapshots/history.yml", snapshot)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def snapshot(folder: Path) -> float:
    from dbt.cli.main import dbtRunner

    begin = time.perf_counter()
    options = ["--project-dir", str(folder), "--profiles-dir", str(folder), "--no-send-anonymous-usage-stats", "--quiet"]
    result = dbtRunner().invoke(["snapshot", *options])
    if not result.success:
        sys.exit(f"dbt took no snapshot: {result.exception}")
    return time.perf_counter() - begin


def ask(folder: Path, sql: str) -> tuple:
    import duckdb

    with duckdb.connect(str(folder / "db.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchone()


def main() -> None:
    strategy, folder, step = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    seconds, said = 0.0, ()
    match step.partition(":"):
        case ["source", _, rows]:
            source(folder, strategy, rows)
        case ["snapshot", "", ""]:
            seconds = snapshot(folder)
        case ["ask", _, sql]:
            said = ask(folder, sql)
        case _:
            sys.exit(__doc__)
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, *said)


if __name__ == "__main__":
    main()
