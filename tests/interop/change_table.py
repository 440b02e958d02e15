"""Changes tables with PyIceberg between two runs. Usage: change_table.py FOLDER LAYER TABLE STEP

The table has the columns id and v. STEP `evolve` deletes the rows of id 2, renames v to label, widens id, adds a column, partitions anew,
and makes a branch and a tag; `append` adds the rows (9, 100) and (1, 50), `delete` takes the rows of id 9 away.
"""

import sys
from pathlib import Path

import pyarrow
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.transforms import BucketTransform
from pyiceberg.types import LongType


def evolve(table):
    """Rows, columns, partitions and names."""
    table.delete("id = 2")
    with table.update_schema() as change:
        change.rename_column("v", "label")
        change.update_column("id", LongType())
        change.add_column("extra", LongType())
    with table.update_spec() as spec:
        spec.add_field("id", BucketTransform(2), "id_parts")
    at = table.current_snapshot().snapshot_id
    table.manage_snapshots().create_branch(at, "audit").create_tag(at, "seen").commit()


def append(table):
    """Rows further than any before, and not."""
    kinds = {field.name: field.type for field in table.schema().as_arrow()}
    table.append(pyarrow.table({name: pyarrow.array(cells, kinds[name]) for name, cells in {"id": [9, 1], "v": [100, 50]}.items()}))


def main():
    """One step."""
    folder, layer, name, step = sys.argv[1:]
    catalog = SqlCatalog("rat", uri=f"sqlite:///{Path(folder) / '.rat' / 'catalog.db'}", warehouse=f"file://{folder}")
    table = catalog.load_table(("default", layer, name))
    {"evolve": evolve, "append": append, "delete": lambda table: table.delete("id = 9")}[step](table)


main()
