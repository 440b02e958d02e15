"""Rows as lines of text, spelled as Arrow's display in Rust spells them."""

import datetime
import decimal
import json
import sys


def spelled(value):
    """One value. Floats are expected to be short, times to be whole seconds."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, datetime.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return "{" + ", ".join(f"{spelled(k)}: {spelled(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(spelled(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {spelled(v)}" for k, v in value.items()) + "}"
    return str(value)


def lines(table):
    """The rows of an Arrow table, sorted."""
    columns = [column.to_pylist() for column in table.columns]
    return sorted("|".join(spelled(v) for v in row) for row in zip(*columns, strict=True))


def say(**answer):
    """One answer to the test that started the script."""
    json.dump(answer, sys.stdout)
    print()
