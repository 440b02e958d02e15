"""Rows as lines of text, spelled as Arrow's display in Rust spells them."""

import datetime
import decimal
import json
import sys
import uuid


def spelled(value):
    """One value. Floats are expected to be short, times to be whole seconds."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, datetime.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(spelled(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {spelled(v)}" for k, v in value.items()) + "}"
    return str(value)


def lines(table, maps=()):
    """The rows of an Arrow table, sorted. Columns of these names are maps, whether Arrow calls them that or lists of pairs."""

    def of_map(value):
        return {pair["key"]: pair["value"] for pair in value} if isinstance(value, list) else value

    columns = [column.to_pylist(maps_as_pydicts="strict") for column in table.columns]
    for place, name in enumerate(table.column_names):
        if name in maps:
            columns[place] = [of_map(value) for value in columns[place]]
    return sorted("|".join(spelled(v) for v in row) for row in zip(*columns, strict=True))


def say(**answer):
    """One answer to the test that started the script."""
    json.dump(answer, sys.stdout)
    print()
