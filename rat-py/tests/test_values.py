"""Rows as plain Python values: exact, or the text that SQL writes."""

import datetime
import decimal
import json
import math

import numpy
import pytest
import rat

LONG = "12345678901234567890123456789012345678901234567890.25"


def value(lake: rat.Lake, sql: str) -> object:
    ((only,),) = [row.values() for row in lake.query(f"select {sql} as x")]
    return only


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"{LONG}::decimal(60, 2)", decimal.Decimal(LONG)),
        ("1.50::decimal(5, 2)", decimal.Decimal("1.50")),
        ("date '0001-01-01'", datetime.date(1, 1, 1)),
        ("date '9999-12-31'", datetime.date(9999, 12, 31)),
        ("make_date(10000, 1, 1)", "10000-01-01"),
        ("date '0001-01-01' - interval '1 day'", "0001-12-31 (BC) 00:00:00"),
        ("timestamp '9999-12-31 23:59:59.999999'", datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)),
        ("timestamp '9999-12-31 23:59:59' + interval '1 second'", "10000-01-01 00:00:00"),
        ("cast(timestamp '9999-12-31 23:59:59' + interval '1 second' as timestamptz)", "10000-01-01 00:00:00+00"),
        ("time '23:59:59.999999'", datetime.time(23, 59, 59, 999999)),
        ("time '23:59:59.999999999'", "23:59:59.999999999"),
        ("interval '1 month 2 days 3 seconds'", "1 month 2 days 00:00:03"),
        ("timestamp '2024-01-02' - timestamp '2024-01-01'", "1 day"),
        ("map([1, 2], ['a', 'b'])", {1: "a", 2: "b"}),
        ("map([[1], [2]], [3, 4])", [([1], 3), ([2], 4)]),
        ("map([{'a': 1}], [2])", [({"a": 1}, 2)]),
        ("[make_date(10000, 1, 1), date '2024-02-29']", ["10000-01-01", datetime.date(2024, 2, 29)]),
    ],
)
def test_a_value_is_exact_or_its_text(lake: rat.Lake, sql: str, expected: object) -> None:
    found = value(lake, sql)
    assert found == expected and type(found) is type(expected)


def test_a_card_shows_what_python_does_not_reach(lake: rat.Lake) -> None:
    result = lake.query("select make_date(10000, 1, 1) as d, map([[1]], [2]) as m")
    assert "10000-01-01" in result._repr_html_()


def test_rows_of_a_preview_are_what_json_has(lake: rat.Lake) -> None:
    sql = (
        "select 9007199254740993 as i, 1.50::decimal(5, 2) as d, date '2024-02-29' as day, 'nan'::double as f, [1, null] as l, "
        "{'t': time '10:30:00', 'b': true} as s, map([1], [2]) as m"
    )
    (row,) = json.loads(json.dumps(lake.preview(sql=sql).to_dict(), allow_nan=False))["data"]
    assert row == {
        "i": 9007199254740993,
        "d": "1.50",
        "day": "2024-02-29",
        "f": "nan",
        "l": [1, None],
        "s": {"t": "10:30:00", "b": True},
        "m": "{1=2}",
    }


@pytest.mark.parametrize(
    ("given", "expected", "kind"),
    [
        (numpy.float32(1.5), 1.5, "DOUBLE"),
        (numpy.float64(1.5), 1.5, "DOUBLE"),
        (numpy.int16(7), 7, "BIGINT"),
        (numpy.bool_(True), True, "BOOLEAN"),
        (numpy.str_("a"), "a", "VARCHAR"),
        (numpy.bytes_(b"a"), b"a", "BLOB"),
        (numpy.datetime64("2024-02-29"), datetime.date(2024, 2, 29), "DATE"),
        (numpy.datetime64("2024-02-29T10:00:00.5", "ns"), datetime.datetime(2024, 2, 29, 10, 0, 0, 500000), None),
        (numpy.timedelta64(1500, "ms"), "00:00:01.5", "INTERVAL"),
        (numpy.datetime64("NaT"), None, "NULL"),
        (bytearray(b"a"), b"a", "BLOB"),
        (memoryview(b"abc")[::-1], b"cba", "BLOB"),
        (range(3), [0, 1, 2], "BIGINT[]"),
    ],
)
def test_a_scalar_of_numpy_is_the_value_that_it_is(lake: rat.Lake, given: object, expected: object, kind: str | None) -> None:
    result = lake.query("select $1 as x", params=[given])
    assert result.to_pylist() == [{"x": expected}] and kind in (None, *result.types)
    if kind not in ("NULL", "INTERVAL"):
        lake.write("bronze.t", [{"x": given}])
        assert lake.query("select x from bronze.t").num_rows == 1


@pytest.mark.parametrize(
    "wrong",
    [
        numpy.array([1, 2]),
        numpy.array(5),
        numpy.array([5]),
        numpy.array([b"a"]),
        numpy.datetime64("2024-01-01T00:00:00.123456789"),
        numpy.timedelta64(1, "M"),
        numpy.longdouble(1.5),
        numpy.complex128(1),
        numpy.uint64(2**64 - 1),
    ],
)
def test_what_is_no_value_is_no_bytes(lake: rat.Lake, wrong: object) -> None:
    with pytest.raises(TypeError, match=r"`params\[0\]` must be None, bool"):
        lake.query("select $1 as x", params=[wrong])
    with pytest.raises(TypeError, match=r"""`data\[0\]\["x"\]` must be None, bool"""):
        lake.write("bronze.t", [{"x": wrong}])


def test_a_moment_in_a_zone_with_seconds_is_a_moment(lake: rat.Lake) -> None:
    amsterdam = datetime.timezone(datetime.timedelta(minutes=19, seconds=32))
    at = datetime.datetime(1900, 1, 1, tzinfo=amsterdam)
    assert lake.query("select $1 as x", params=[at]).to_pylist() == [{"x": at}]
    assert lake.runs.list(since=at).runs == []


def test_a_float_that_is_none_stays_one(lake: rat.Lake) -> None:
    found = value(lake, "'nan'::double")
    assert isinstance(found, float) and math.isnan(found)
