"""Changes tables with PyIceberg between two runs. Usage: change_table.py FOLDER LAYER TABLE STEP

The table has the columns id and v. STEP `evolve` deletes the rows of id 2, renames v to label, widens id, adds a column, partitions anew,
and makes a branch and a tag; `append` adds the rows (9, 100) and (1, 50), `delete` takes the rows of id 9 away.
`identify` adds a column u of UUIDs, and the rows (8, 80) and (2, 22) with the UUIDs 8 and 2.
"""

import sys
import uuid
from pathlib import Path

import pyarrow
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.transforms import BucketTransform
from pyiceberg.types import LongType, UUIDType


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


def identify(table):
    """A type that SQL of rat has no word for."""
    with table.update_schema() as change:
        change.add_column("u", UUIDType())
    cells = {"id": [8, 2], "v": [80, 22], "u": [uuid.UUID(int=8).bytes, uuid.UUID(int=2).bytes]}
    kinds = {field.name: field.type for field in table.schema().as_arrow()}
    table.append(pyarrow.table({name: pyarrow.array(cells[name], kinds[name]) for name in cells}))


def main():
    """One step."""
    folder, layer, name, step = sys.argv[1:]
    catalog = SqlCatalog("rat", uri=f"sqlite:///{Path(folder) / '.rat' / 'catalog.db'}", warehouse=f"file://{folder}")
    table = catalog.load_table(("default", layer, name))
    steps = {"evolve": evolve, "append": append, "identify": identify, "delete": lambda table: table.delete("id = 9")}
    steps[step](table)


main()
