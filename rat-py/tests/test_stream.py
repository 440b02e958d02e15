"""Streams: iterators of batches, and Arrow streams for whoever speaks the protocol."""

import asyncio
import datetime
import decimal
import subprocess
import sys
import threading
from pathlib import Path

import pandas
import polars
import pyarrow
import pytest
import rat


def test_batches_are_arrow_and_plain_python(lake: rat.Lake) -> None:
    stream = lake.stream("select v, 'x' || v as s from range(3) t(v)")
    assert (stream.columns, stream.types) == (["v", "s"], ["BIGINT", "VARCHAR"])
    batches = list(stream)
    assert [row for batch in batches for row in batch.to_pylist()] == [{"v": i, "s": f"x{i}"} for i in range(3)]
    arrow = pyarrow.record_batch(batches[0])
    assert arrow.column_names == ["v", "s"] and len(batches[0]) == arrow.num_rows


def test_a_batch_is_as_a_result(lake: rat.Lake) -> None:
    sql = "select v, 'x' || v as s from range(3) t(v)"
    (batch,) = lake.stream(sql)
    result = lake.query(sql)
    for rows in (batch, result):
        assert (rows.columns, rows.types, rows.num_rows) == (["v", "s"], ["BIGINT", "VARCHAR"], 3)
        assert list(rows) == rows.to_pylist() == [{"v": i, "s": f"x{i}"} for i in range(3)]
        assert rows.head(2).to_pylist() == rows.to_pylist()[:2] and rows.head(9).num_rows == 3 and rows.head(0).num_rows == 0
        assert rows.to_arrow().to_pylist() == rows.to_pylist()
        assert rows.to_polars().to_dicts() == rows.to_pandas().to_dict("records") == rows.to_pylist()
    assert isinstance(batch.to_arrow(), pyarrow.RecordBatch) and isinstance(result.to_arrow(), pyarrow.Table)
    with pytest.raises(TypeError, match="argument 'rows': must be a whole number, not negative, and is -1"):
        batch.head(-1)


def test_an_arrow_reader_takes_the_stream_itself(lake: rat.Lake) -> None:
    reader = pyarrow.RecordBatchReader.from_stream(lake.stream("select v from range(100000) t(v)"))
    assert sum(batch.num_rows for batch in reader) == 100_000
    frame = polars.DataFrame(lake.stream("select v from range(10) t(v)"))
    assert frame["v"].to_list() == list(range(10))


def test_many_rows_take_the_memory_of_few() -> None:
    # In a process of its own, whose peak nothing else has made. 200 MB of rows pass through.
    done = subprocess.run([sys.executable, Path(__file__).with_name("memory.py"), "4000000"], capture_output=True, text=True, check=True)
    read, grown = map(int, done.stdout.split())
    assert read == 4_000_000
    assert grown < 64_000_000, f"{grown / 1e6:.0f} MB more than for the first 100,000 rows"


def test_a_closed_stream_ends(lake: rat.Lake) -> None:
    with lake.stream("select v from range(1000000) t(v)") as stream:
        assert next(stream).num_rows > 0
    assert list(stream) == []


def test_a_closed_stream_stops_who_waits_for_it(lake: rat.Lake) -> None:
    stream = lake.stream("select sum(sin(a.v * b.v)) as s from range(100000) a(v), range(100000) b(v)")
    raised: list[rat.RatError] = []

    def wait() -> None:
        try:
            next(stream, None)
        except rat.RatError as error:
            raised.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    stream.close()
    waiting.join(30)
    assert not waiting.is_alive()
    # It had not begun to wait, or it is told.
    assert [error.code for error in raised] in ([], ["CANCELLED"])


def test_a_stream_is_left_by_async_with(lake: rat.Lake) -> None:
    async def work() -> list[object]:
        async with await lake.stream_async("select v from range(1000000) t(v)") as stream:
            assert (await anext(stream)).num_rows > 0
        return [batch async for batch in stream]

    assert asyncio.run(work()) == []


def test_rows_that_are_gone_are_no_empty_table(lake: rat.Lake) -> None:
    stream = lake.stream("select 1 as x")
    assert pyarrow.table(stream).num_rows == 1
    closed = lake.stream("select 1 as x")
    closed.close()
    for gone in (stream, closed):
        assert list(gone) == []
        with pytest.raises(rat.InvalidError, match="was read to its end or closed"):
            pyarrow.table(gone)
    under_way = pyarrow.RecordBatchReader.from_stream(cut := lake.stream("select v from range(1000000) t(v)"))
    cut.close()
    with pytest.raises(pyarrow.ArrowInvalid, match=r"error\[CANCELLED\]: the stream was closed before"):
        under_way.read_all()


def test_a_name_that_arrow_cannot_hand_over_is_an_error(lake: rat.Lake) -> None:
    for sql in ('select 1 as "a\0b"', """select {'a\0b': 1} as s""", """select [{'a\0b': 1}] as s"""):
        try:
            result = lake.query(sql)
        except rat.RatError:
            continue
        (batch,) = lake.stream(sql)
        for take in (lambda: pyarrow.table(result), result.to_polars, batch.to_arrow, lambda: pyarrow.table(lake.stream(sql))):  # noqa: B023
            with pytest.raises(rat.InvalidError, match=r"has a NUL in a name"):
                take()


def test_a_nul_in_an_error_reaches_an_arrow_reader(lake: rat.Lake) -> None:
    with pytest.raises(pyarrow.ArrowInvalid, match="EXECUTION_FAILED"):
        pyarrow.table(lake.stream("select cast('x' || chr(0) || v as int) from range(10) t(v)"))


def test_rows_come_in_the_types_that_are_asked_for(lake: rat.Lake) -> None:
    sql = "select v, 'x' || v as s from range(3) t(v)"
    wanted = pyarrow.schema([("v", pyarrow.int32()), ("s", pyarrow.large_string())])
    (batch,) = lake.stream(sql)
    for rows in (lake.query(sql), lake.stream(sql), batch):
        read = pyarrow.RecordBatchReader.from_stream(rows, wanted)
        assert read.schema == wanted and read.read_all().to_pylist() == lake.query(sql).to_pylist()
    with pytest.raises(rat.InvalidError, match="the requested schema has the columns `v`, and the rows have `v`, `s`"):
        pyarrow.RecordBatchReader.from_stream(lake.query(sql), pyarrow.schema([("v", pyarrow.int64())]))
    with pytest.raises(rat.InvalidError, match=r"column `s` is .* cannot be given as"):
        pyarrow.RecordBatchReader.from_stream(lake.query(sql), pyarrow.schema([("v", pyarrow.int64()), ("s", pyarrow.map_("i1", "i1"))]))
    narrow = pyarrow.schema([("v", pyarrow.int8())])
    with pytest.raises(pyarrow.ArrowInvalid, match="300"):
        pyarrow.RecordBatchReader.from_stream(lake.query("select 300 as v"), narrow).read_all()
    with pytest.raises(TypeError, match="`requested_schema` must be a capsule"):
        lake.query(sql).__arrow_c_stream__(5)


def test_a_schema_is_read_without_rows(lake: rat.Lake) -> None:
    stream = lake.stream("select 1 as x, 'a' as s")
    expected = pyarrow.table(lake.query("select 1 as x, 'a' as s")).schema
    assert pyarrow.schema(lake.query("select 1 as x, 'a' as s")) == pyarrow.schema(stream) == expected
    (batch,) = stream
    assert pyarrow.schema(batch) == expected


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select 1 as a, interval '1 month' as i", r"column `i` is INTERVAL, .*`cast\(i as VARCHAR\)`"),
        ("select [interval '1 month'] as i", r"column `i` is INTERVAL\[\]"),
        ("select 1::decimal(50, 2) as d", r"column `d` is DECIMAL\(50, 2\), .*`cast\(d as DECIMAL\(38, 2\)\)`"),
    ],
)
def test_what_polars_does_not_have_is_told(lake: rat.Lake, sql: str, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        lake.query(sql).to_polars()
    (batch,) = lake.stream(sql)
    with pytest.raises(TypeError, match=told):
        batch.to_polars()


def test_what_fails_on_the_way_raises_there(lake: rat.Lake) -> None:
    with pytest.raises(rat.RatError) as failed:
        list(lake.stream("select cast('x' || v as int) as i from range(10) t(v)"))
    assert failed.value.code == "EXECUTION_FAILED"
    with pytest.raises(pyarrow.ArrowInvalid):
        pyarrow.table(lake.stream("select cast('x' || v as int) as i from range(10) t(v)"))


def test_rows_reach_pyarrow_and_polars_without_a_copy(lake: rat.Lake) -> None:
    result = lake.query("select v as id, v * 0.5::double as x, 'row ' || v as s from range(50000) t(v)")
    once, again = pyarrow.table(result), result.to_arrow()
    frame = result.to_polars()

    def places(columns: list[pyarrow.Array]) -> list[list[int | None]]:
        return [[None if part is None else part.address for part in column.buffers()] for column in columns]

    assert once["id"].num_chunks > 1
    for name in once.column_names:
        assert places(once[name].chunks) == places(again[name].chunks), name
    # Strings are views in polars, which it makes itself.
    for name in ("id", "x"):
        parts = [chunk.to_arrow() for chunk in frame[name].get_chunks()]
        assert [part[-1] for part in places(parts)] == [part[-1] for part in places(once[name].chunks)], name


def test_rows_become_frames(lake: rat.Lake) -> None:
    result = lake.query(
        "select v as id, 'row ' || v as name, date '2024-02-29' as day, 1.50::decimal(5, 2) as price from range(3) t(v) order by v"
    )
    frame = result.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and list(frame.columns) == ["id", "name", "day", "price"]
    assert frame["id"].tolist() == [0, 1, 2] and frame["name"].tolist() == ["row 0", "row 1", "row 2"]
    assert frame["price"].tolist() == [decimal.Decimal("1.50")] * 3 and frame["day"].tolist() == [datetime.date(2024, 2, 29)] * 3
    lake.write("bronze.frame", frame)
    assert lake.query("select * from bronze.frame order by id").to_pylist() == result.to_pylist()
    empty = lake.query("select 1 as id where false")
    assert empty.to_pandas().shape == (0, 1) and empty.to_polars().shape == (0, 1) and empty.to_pylist() == []


def test_head_keeps_the_first_rows(lake: rat.Lake) -> None:
    result = lake.query("select v from range(100) t(v) order by v")
    assert result.head(3).to_pylist() == [{"v": 0}, {"v": 1}, {"v": 2}]
    assert result.types == ["BIGINT"] and result.head(0).num_rows == 0


def test_an_arrow_reader_may_ask_inside_a_callback(lake: rat.Lake) -> None:
    # Callbacks are called on threads of rat's own, where nothing may wait as elsewhere.
    rows: list[int] = []

    def tell(_event: object) -> None:
        rows.append(pyarrow.table(lake.stream("select v from range(10) t(v)")).num_rows)

    lake.run("silver.orders", on_event=tell)
    assert rows and set(rows) == {10}


def test_an_error_in_an_arrow_reader_says_its_code_and_the_way_out(lake: rat.Lake) -> None:
    with pytest.raises(pyarrow.ArrowInvalid, match=r"error\[EXECUTION_FAILED\](.|\n)*help: look at the value"):
        pyarrow.table(lake.stream("select cast('x' || v as int) as i from range(10) t(v)"))


def test_ctrl_c_stops_an_arrow_reader_and_leaves_other_threads_their_turn() -> None:
    # In a process of its own: the second interrupt, which makes the reader's error a KeyboardInterrupt, comes where Python likes.
    code = """
import os, signal, threading, time
import pyarrow, rat
signal.signal(signal.SIGINT, signal.default_int_handler)
stream = rat.open("memory://").stream(
    "select 1.0::double as s from range(10) union all select sum(sin(a.v * b.v)) from range(100000) a(v), range(100000) b(v)", timeout=60
)
turns, pressed = 0, []
def press():
    global turns
    until = time.monotonic() + 1
    while time.monotonic() < until:
        turns += 1
        time.sleep(0.005)
    pressed.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=press).start()
try:
    try:
        pyarrow.table(stream)
    except pyarrow.ArrowInvalid:
        for _ in range(3000):
            time.sleep(0.01)
        raise
except KeyboardInterrupt:
    pass
print(turns, time.monotonic() - pressed[0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    turns, seconds = done.stdout.split()
    assert int(turns) > 20 and float(seconds) < 20
