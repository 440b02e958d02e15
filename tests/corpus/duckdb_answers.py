"""Records what DuckDB answers to every expression of `duckdb-expressions.txt`, into `duckdb-answers.json`.

    python -m venv v && v/bin/pip install duckdb==2.0.0 pyarrow pytz && v/bin/python tests/corpus/duckdb_answers.py

A line of the list is a statement. `@numbers(abs(i), sign(i))` asks for each expression over every row of that table; the tables are in
`duckdb-tables.sql`. The recorded answers are the measure: what rat answers otherwise is listed, with its reason, in
`duckdb-differences.txt`.
"""

import datetime
import decimal
import json
import math
import pathlib
import re

import duckdb

HERE = pathlib.Path(__file__).parent


def cell(value):
    if isinstance(value, float):
        return value if math.isfinite(value) else ("NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf"))
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc)
        return value.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")
    if isinstance(value, datetime.timedelta):
        return f"i{value // datetime.timedelta(microseconds=1)}"
    if isinstance(value, (list, tuple)):
        return [cell(v) for v in value]
    if isinstance(value, dict):
        return {str(k): cell(v) for k, v in value.items()}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def expand(line):
    """`@t(a, b)` is a statement for each of a and b, over t's rows."""
    match = re.fullmatch(r"@(\w+)\((.*)\)", line)
    if not match:
        yield line
        return
    table, expressions = match.groups()
    depth, start, quoted = 0, 0, False
    expressions += ","
    for i, c in enumerate(expressions):
        if c == "'":
            quoted = not quoted
        elif not quoted and c in "([{":
            depth += 1
        elif not quoted and c in ")]}":
            depth -= 1
        elif not quoted and c == "," and depth == 0:
            yield f"SELECT {expressions[start:i].strip()} AS x FROM {table} ORDER BY id"
            start = i + 1


def main():
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for statement in (HERE / "duckdb-tables.sql").read_text().split(";"):
        if statement.strip():
            connection.execute(statement)
    statements = []
    for line in (HERE / "duckdb-expressions.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            statements.extend(expand(line.strip()))
    answers = []
    for sql in dict.fromkeys(statements):
        try:
            rows = connection.execute(sql).fetchall()
            answers.append({"sql": sql, "rows": [[cell(v) for v in row] for row in rows]})
        except (duckdb.Error, OverflowError, ValueError) as error:
            if not isinstance(error, duckdb.Error):
                continue  # a value the client cannot hold
            answers.append({"sql": sql, "error": True})
    text = ",\n".join(json.dumps(a, ensure_ascii=False) for a in answers)
    (HERE / "duckdb-answers.json").write_text(f"[\n{text}\n]\n")
    print(len(answers), "answers,", sum("error" in a for a in answers), "of them errors")


main()
