"""Reads tables of a lake with PyIceberg and Polars, deletes applied, as it is asked to. Usage: read_asked.py FOLDER LAYER

A question is a line: a table and the engines that shall read it. Each engine answers with a line.
"""

import os
import sys
from pathlib import Path

import polars
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.types import MapType
from rows import lines, say


def main():
    """Answers until nobody asks."""
    os.environ["POLARS_ICEBERG_PLANNER"] = "pyiceberg"
    folder, layer = sys.argv[1:]
    catalog = SqlCatalog("rat", uri=f"sqlite:///{Path(folder) / '.rat' / 'catalog.db'}", warehouse=f"file://{folder}")
    for question in sys.stdin:
        name, *engines = question.split()
        table = catalog.load_table(("default", layer, name))
        read = {"pyiceberg": lambda t: t.scan().to_arrow(), "polars": lambda t: polars.scan_iceberg(t).collect().to_arrow()}
        maps = [field.name for field in table.schema().fields if isinstance(field.field_type, MapType)]
        for engine in engines:
            say(engine=engine, table=name, rows=lines(read[engine](table), maps))
            sys.stdout.flush()


main()
