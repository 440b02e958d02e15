"""Deletes, overwrites and upserts rows with PyIceberg while others write. Usage: change_rows.py FOLDER LAYER TABLE ROUNDS

Each snapshot says which round it is of. Round n deletes id n % 5 (n % 3 = 0), puts one row in the place of that id (1), or upserts two
rows (2); what it writes has the values 90000 + n and 95000 + n.
"""

import sys
from pathlib import Path

import pyarrow
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException, ValidationException
from sqlalchemy.exc import OperationalError


def rows(*pairs):
    """Rows of the table."""
    ids, values = zip(*pairs, strict=True)
    return pyarrow.table({"id": pyarrow.array(ids, pyarrow.int32()), "v": pyarrow.array(values, pyarrow.int32())})


def change(table, n):
    """The n-th round."""
    said = {"round": str(n)}
    if n % 3 == 0:
        table.delete(f"id = {n % 5}", snapshot_properties=said)
    elif n % 3 == 1:
        table.overwrite(rows((n % 5, 90000 + n)), f"id = {n % 5}", snapshot_properties=said)
    else:
        table.upsert(rows((n % 5, 90000 + n), (20 + n, 95000 + n)), ["id"], snapshot_properties=said)


def main():
    """Changes until every round is done."""
    folder, layer, name, rounds = sys.argv[1:]
    catalog = SqlCatalog("rat", uri=f"sqlite:///{Path(folder) / '.rat' / 'catalog.db'}", warehouse=f"file://{folder}")
    for n in range(int(rounds)):
        while True:
            try:
                change(catalog.load_table(("default", layer, name)), n)
                break
            except (CommitFailedException, ValidationException, OperationalError):
                pass


main()
