"""Appends rows with PyIceberg while others write. Usage: append_rows.py FOLDER LAYER TABLE ROUNDS

Each snapshot says which round it is of; the rows of round n are (n % 3, 90000 + n) and (n % 3 + 2, 95000 + n).
Where the rows of the table are versions, these begin now and have no end.
"""

import datetime
import sys
from pathlib import Path

import pyarrow
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException
from sqlalchemy.exc import OperationalError


def main():
    """Appends until every round is in the table once."""
    folder, layer, name, rounds = sys.argv[1:]
    catalog = SqlCatalog("rat", uri=f"sqlite:///{Path(folder) / '.rat' / 'catalog.db'}", warehouse=f"file://{folder}")
    for n in range(int(rounds)):
        rows = pyarrow.table(
            {"id": pyarrow.array([n % 3, n % 3 + 2], pyarrow.int32()), "v": pyarrow.array([90000 + n, 95000 + n], pyarrow.int32())}
        )
        while True:
            try:
                table = catalog.load_table(("default", layer, name))
                if "valid_from" in table.schema().column_names:
                    now = datetime.datetime.now(datetime.UTC)
                    begin = pyarrow.array([now, now], pyarrow.timestamp("us", "UTC"))
                    table.append(rows.append_column("valid_from", begin), snapshot_properties={"round": str(n)})
                else:
                    table.append(rows, snapshot_properties={"round": str(n)})
                break
            except (CommitFailedException, OperationalError):
                pass


main()
