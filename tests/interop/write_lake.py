"""Makes tables in a lake with PyIceberg: evolved, partitioned, with rows deleted, with files of other tools. Usage: write_lake.py FOLDER"""

import datetime
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.transforms import BucketTransform, DayTransform, TruncateTransform
from pyiceberg.types import DoubleType, LongType, StringType
from rows import lines, say

START = datetime.datetime(2026, 1, 1)


def numbered(first, count):
    """A few columns of the kinds that tables have."""
    ids = range(first, first + count)
    return pyarrow.table(
        {
            "id": pyarrow.array(ids, pyarrow.int32()),
            "name": pyarrow.array([None if i % 7 == 0 else f"name {i}" for i in ids], pyarrow.string()),
            "half": pyarrow.array([i / 2 for i in ids], pyarrow.float32()),
            "price": pyarrow.array([Decimal(i) / 4 for i in ids], pyarrow.decimal128(10, 2)),
            "at": pyarrow.array([START + datetime.timedelta(hours=i) for i in ids], pyarrow.timestamp("us")),
            "tags": pyarrow.array([[f"t{i}", None][: i % 3] for i in ids], pyarrow.list_(pyarrow.string())),
            "place": pyarrow.array(
                [{"x": i, "y": f"y{i}"} for i in ids], pyarrow.struct([("x", pyarrow.int32()), ("y", pyarrow.string())])
            ),
        }
    )


def evolved(catalog, location):
    """Renamed, widened, added, dropped, also inside a struct; rows deleted before and after."""
    first = numbered(0, 60)
    table = catalog.create_table(("default", "gold", "evolved"), first.schema, location=f"{location}/evolved")
    table.append(first)
    table.delete("id >= 10 and id < 20")
    with table.update_schema() as change:
        change.rename_column("name", "label")
        change.update_column("id", LongType())
        change.update_column("half", DoubleType())
        change.add_column("note", StringType())
        change.delete_column("tags")
        change.rename_column(("place", "y"), "why")
        change.add_column(("place", "z"), LongType())
    table = catalog.load_table(("default", "gold", "evolved"))
    with table.update_schema() as change:
        change.add_column("tags", LongType())
    table = catalog.load_table(("default", "gold", "evolved"))
    names = ["id", "label", "half", "price", "at", "place", "note", "tags"]
    place = [{"x": i, "why": f"y{i}", "z": i * 10} for i in range(100, 110)]
    more = numbered(100, 10)
    second = pyarrow.table(
        [
            more["id"].cast(pyarrow.int64()),
            more["name"],
            more["half"].cast(pyarrow.float64()),
            more["price"],
            more["at"],
            pyarrow.array(place, pyarrow.struct([("x", pyarrow.int32()), ("why", pyarrow.string()), ("z", pyarrow.int64())])),
            pyarrow.array(["new"] * 10),
            pyarrow.array(range(10), pyarrow.int64()),
        ],
        names=names,
    )
    table.append(second)
    table.delete("id = 105")
    return table


def partitioned(catalog, location):
    """Partitioned by transforms, then partitioned anew."""
    rows = numbered(0, 100).select(["id", "name", "at"])
    table = catalog.create_table(("default", "gold", "parted"), rows.schema, location=f"{location}/parted")
    with table.update_spec() as spec:
        spec.add_field("at", DayTransform())
        spec.add_field("id", BucketTransform(4))
    table.append(rows.slice(0, 50))
    with table.update_spec() as spec:
        spec.add_field("name", TruncateTransform(6))
        spec.remove_field("id_bucket_4")
    table.append(rows.slice(50))
    table.delete("id = 42 or id = 77")
    return table


def adopted(catalog, location):
    """A file that another tool wrote, without field ids, taken over with a name mapping."""
    rows = numbered(0, 20)
    table = catalog.create_table(("default", "gold", "adopted"), rows.schema, location=f"{location}/adopted")
    path = Path(location.removeprefix("file://")) / "loose.parquet"
    pyarrow.parquet.write_table(rows, path)
    table.add_files([f"file://{path}"])
    with table.update_schema() as change:
        change.rename_column("name", "called")
        change.rename_column(("place", "x"), "ex")
    return catalog.load_table(("default", "gold", "adopted"))


def main():
    """Makes the tables and prints what PyIceberg itself reads of them."""
    folder = sys.argv[1]
    location = f"file://{folder}/default/gold"
    catalog = SqlCatalog("rat", uri=f"sqlite:///{Path(folder) / '.rat' / 'catalog.db'}", warehouse=f"file://{folder}")
    for make in (evolved, partitioned, adopted):
        table = make(catalog, location)
        say(engine="pyiceberg", table=table.name()[-1], rows=lines(table.scan().to_arrow()))


main()
