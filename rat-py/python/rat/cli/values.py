"""What a value looks like: as text, in JSON, in CSV, and on a terminal, which it must not drive."""

from __future__ import annotations

from math import isfinite, isnan
from typing import Any

# Programs in other languages read a number as a double, which is exact up to here.
EXACT = 2**53 - 1
# The fields of reports that are identifiers of snapshots: text whatever their size, as in Node.
IDENTIFIERS = {"snapshot_id", "base_snapshot_id", "parent_id"}
# The fields of reports that hold rows, whose columns are called as they like.
ROWS = {"samples", "data"}

_NEWLINE, _TAB = 10, 9
_PICTURES = {
    **{code: chr(0x2400 + code) for code in range(0x20) if code not in (_NEWLINE, _TAB)},
    0x7F: "\u2421",
    **{code: f"\\x{code:x}" for code in range(0x80, 0xA0)},
}


def visible(text: str) -> str:
    """The text with pictures in the place of what would drive a terminal, ``␛`` for escape; newlines and tabs stay."""
    return text.translate(_PICTURES)


def text_of(value: Any) -> str:
    """A value as it is: nothing is grouped or rounded. NULL is empty, what is nested is JSON, bytes are hexadecimal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(value) if isfinite(value) else "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict | list):
        return json_of(value)
    # A decimal may be in scientific notation; an `f` writes its digits. No import of a module to ask what it is.
    return f"{value:f}" if type(value).__name__ == "Decimal" else str(value)


def jsonable(value: Any, *, report: bool = False) -> Any:
    """The value in what JSON has: no number that a reader would round, no NaN and no infinity; those are text."""
    if isinstance(value, dict):
        return {text_of(key): _field(key, item, report) for key, item in value.items()}
    if isinstance(value, list):
        return [jsonable(item, report=report) for item in value]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= EXACT else str(value)
    if isinstance(value, float) and isfinite(value):
        return value
    return text_of(value)


def _field(name: Any, value: Any, report: bool) -> Any:
    if report and name in IDENTIFIERS and isinstance(value, int):
        return str(value)
    if report and name == "inputs" and isinstance(value, dict):
        return {table: str(snapshot) if isinstance(snapshot, int) else snapshot for table, snapshot in value.items()}
    return jsonable(value, report=report and name not in ROWS)


def json_of(value: Any) -> str:
    """Nested values in one line of JSON."""
    import json

    return json.dumps(jsonable(value), ensure_ascii=False, allow_nan=False)


def csv_line(values: list[Any]) -> str:
    """A line of CSV. NULL is an empty field, and an empty text is a quoted one."""
    return ",".join("" if value is None else _quoted(text_of(value)) for value in values)


def _quoted(cell: str) -> str:
    if cell and not any(special in cell for special in ',"\r\n'):
        return cell
    return '"' + cell.replace('"', '""') + '"'
