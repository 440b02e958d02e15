"""What reports, cards and the command say in the same words."""

from __future__ import annotations


def counted(number: int, of: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {of}{'' if number == 1 else 's'}"


def shown_of(rows: int, all_rows: int | None) -> str:
    """`20 of 1,000 rows`, or `20 rows` where nobody has counted the others."""
    return counted(rows, "row") if all_rows is None else f"{rows:,} of {counted(all_rows, 'row')}"


def is_number(kind: str) -> bool:
    """Whether the values of a type of SQL are numbers, which stand at the right."""
    whole = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
    return kind.startswith((*whole, "FLOAT", "DOUBLE", "DECIMAL")) and not kind.endswith("[]")
