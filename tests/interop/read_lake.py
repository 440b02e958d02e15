"""Reads a lake with PyIceberg, DuckDB and Polars. Usage: read_lake.py FOLDER TABLE..."""

import os
import sys
from pathlib import Path

import duckdb
import polars
from pyiceberg.catalog.sql import SqlCatalog
from rows import lines, say


def main():
    """Prints an answer of each engine for each table."""
    os.environ["POLARS_ICEBERG_PLANNER"] = "pyiceberg"
    folder, *names = sys.argv[1:]
    catalog = SqlCatalog("rat", uri=f"sqlite:///{Path(folder) / '.rat' / 'catalog.db'}", warehouse=f"file://{folder}")
    for name in names:
        table = catalog.load_table(("default", "gold", name))
        say(engine="pyiceberg", table=name, rows=lines(table.scan().to_arrow()))
        counted = polars.scan_iceberg(table).select(polars.len(), polars.col("id").sum()).collect().row(0)
        say(engine="polars", table=name, rows=["|".join(map(str, counted))])
        files = [task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()]
        summed = duckdb.connect().execute("select count(*), sum(id) from read_parquet(?)", [files]).fetchone()
        say(engine="duckdb", table=name, rows=["|".join(map(str, summed))])


main()
