"""Rows of the program's, written into tables that no pipeline makes."""

import asyncio
import datetime
import decimal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars
import pyarrow as pa
import pytest
import rat

ALL = "select * from bronze.t order by all"
ROWS = pa.table({"id": [1, 2], "name": ["a", "b"]})


def test_a_table_a_frame_a_reader_and_a_result_are_written(lake: rat.Lake) -> None:
    events: list[str] = []
    report = lake.write("bronze.t", ROWS, on_event=lambda event: events.append(event["event"]))
    assert (report.rows_inserted, report.trigger, report.pipeline) == (2, "write", "default.bronze.t")
    assert "finished" in events
    frame = polars.DataFrame({"id": [2, 3], "name": ["B", "c"]})
    report = lake.write("bronze.t", frame, strategy="incremental", unique_key="id")
    assert (report.rows_updated, report.rows_inserted) == (1, 1)
    lake.write("bronze.t", pa.RecordBatchReader.from_batches(ROWS.schema, []))
    lake.write("bronze.t", lake.query("select 4 as id, 'd' as name"), settings={"partition_by": "name"})
    expected = [{"id": 1, "name": "a"}, {"id": 2, "name": "B"}, {"id": 3, "name": "c"}, {"id": 4, "name": "d"}]
    assert lake.query(ALL).to_pylist() == expected
    assert lake.tables.get("bronze.t").partition_by == ["name"]
    lake.write("bronze.t", lake.query(ALL), strategy="full_refresh")
    assert lake.query(ALL).to_pylist() == expected


def test_dicts_are_written_and_come_back(lake: rat.Lake) -> None:
    first = {"id": 1, "price": decimal.Decimal("1.50"), "day": datetime.date(2024, 2, 29), "tags": ["a", None]}
    second = {
        "id": 2,
        "price": decimal.Decimal("20.00"),
        "at": datetime.datetime(2024, 2, 29, 10, tzinfo=datetime.timezone.utc),
        "raw": b"x",
    }
    lake.write("bronze.t", [first, second])
    none = dict.fromkeys(["id", "price", "day", "tags", "at", "raw"])
    assert lake.query("select * from bronze.t order by id").to_pylist() == [{**none, **first}, {**none, **second}]
    lake.write("bronze.t", ({"id": 3},), strategy="incremental", unique_key="id")
    assert lake.query(ALL).num_rows == 3


def test_batches_and_whatever_has_an_array_are_written(lake: rat.Lake) -> None:
    for batch in lake.stream("select v as id, 'x' as name from range(3) t(v)"):
        lake.write("bronze.t", batch)

    class Rows:
        def __arrow_c_array__(self, requested_schema: object = None) -> object:
            return ROWS.to_batches()[0].__arrow_c_array__()

    lake.write("bronze.u", Rows())
    assert lake.query("select * from bronze.u order by id").to_pylist() == ROWS.to_pylist()
    assert lake.query("select count(*) as n from bronze.t").to_pylist() == [{"n": 3}]

    class Numbers:
        def __arrow_c_array__(self, requested_schema: object = None) -> object:
            return pa.array([1, 2]).__arrow_c_array__()

    with pytest.raises(TypeError, match="`data` must be rows with columns, and is an array of Int64"):
        lake.write("bronze.u", Numbers())


def test_a_write_can_be_awaited(lake: rat.Lake) -> None:
    report = asyncio.run(lake.write_async("bronze.t", ROWS))
    assert report.rows_total == 2


def test_rows_that_raise_midway_publish_nothing(lake: rat.Lake) -> None:
    lake.write("bronze.t", ROWS)

    def batches() -> Iterator[pa.RecordBatch]:
        yield ROWS.to_batches()[0]
        raise ValueError("the source went away")

    with pytest.raises(rat.RunFailedError) as failed:
        lake.write("bronze.t", pa.RecordBatchReader.from_batches(ROWS.schema, batches()))
    assert failed.value.code == "INPUT_FAILED"
    assert "the source went away" in str(failed.value)
    reader = pa.RecordBatchReader.from_batches(ROWS.schema, batches())
    assert lake.write("bronze.t", reader, raise_on_failure=False).error is not None
    assert lake.query(ALL).num_rows == 2


def test_what_is_no_table_of_rows_is_a_type_error(lake: rat.Lake) -> None:
    for data in [None, "rows", 3, {"id": 1}]:
        with pytest.raises(TypeError, match=r"`data` must have `__arrow_c_stream__`.* or be a list of dicts"):
            lake.write("bronze.t", data)
    with pytest.raises(TypeError, match=r"`data\[1\]` must be a dict of values by the names of columns, and is 5"):
        lake.write("bronze.t", [{"id": 1}, 5])
    with pytest.raises(TypeError, match=r"""`data\[0\]\["id"\]` must be None, bool"""):
        lake.write("bronze.t", [{"id": {}}])
    with pytest.raises(TypeError, match=r"the names in `data\[0\]` must be str, and one is 5"):
        lake.write("bronze.t", [{5: 1}])
    for wrong, told in [([], "no columns"), ([{"id": None}], "`id` has no value"), ([{"id": 1}, {"id": "x"}], "`id` in row 1 is VARCHAR")]:
        # The types are found out beside those of the table, in the run.
        with pytest.raises(rat.RatError, match=told) as refused:
            lake.write("bronze.t", wrong)
        assert refused.value.code == "INVALID_ARGUMENT"

    class Liar:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return 3

    with pytest.raises(TypeError, match="`data` must give a capsule that is called `arrow_array_stream`, and gave 3"):
        lake.write("bronze.t", Liar())


@pytest.mark.parametrize(
    ("table", "options", "code"),
    [
        ("silver.orders", {}, "TABLE_HAS_PIPELINE"),
        ("bronze.t", {"strategy": "replace"}, "INVALID_VALUE"),
        ("bronze.t", {"strategy": "incremental"}, "MISSING_KEY"),
        ("bronze.t", {"settings": {"materialized": "view"}}, "INVALID_ARGUMENT"),
        ("bronze", {}, "INVALID_REF"),
    ],
)
def test_what_cannot_be_written_is_refused(lake: rat.Lake, table: str, options: dict[str, Any], code: str) -> None:
    with pytest.raises(rat.InvalidError) as refused:
        lake.write(table, ROWS, **options)
    assert refused.value.code == code


def test_closed_and_read_only_lakes_refuse(project: Path) -> None:
    with pytest.raises(rat.DeniedError):
        rat.open(project, read_only=True).write("bronze.t", ROWS)
    lake = rat.open(project)
    lake.close()
    with pytest.raises(rat.InvalidError):
        lake.write("bronze.t", ROWS)
