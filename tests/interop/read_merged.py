"""Reads merged tables with PyIceberg and Polars, deletes applied. Usage: read_merged.py FOLDER LAYER TABLE..."""

import os
import sys
from pathlib import Path

import polars
from pyiceberg.catalog.sql import SqlCatalog
from rows import lines, say


def main():
    """Prints an answer of each engine for each table."""
    os.environ["POLARS_ICEBERG_PLANNER"] = "pyiceberg"
    folder, layer, *names = sys.argv[1:]
    catalog = SqlCatalog("rat", uri=f"sqlite:///{Path(folder) / '.rat' / 'catalog.db'}", warehouse=f"file://{folder}")
    for name in names:
        table = catalog.load_table(("default", layer, name))
        say(engine="pyiceberg", table=name, rows=lines(table.scan().to_arrow()))
        say(engine="polars", table=name, rows=lines(polars.scan_iceberg(table).collect().to_arrow()))


main()
