"""Every verb and every argument of it: found here rather than listed, so that none can be forgotten."""

import collections
import datetime
import decimal
import inspect
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pyarrow as pa
import pytest
import rat
from rat import nouns

NOUNS = {"tables": nouns.Tables, "runs": nouns.Runs, "landing": nouns.Landing, "namespaces": nouns.Namespaces}
# What the parameters that must be given are given while another one is wrong.
GIVEN: dict[str, object] = {
    "path": "memory://",
    "pipeline": "silver.orders",
    "sql": "select 1",
    "name": "silver.orders",
    "tag": "january",
    "to": "silver.renamed",
    "branch": "january",
    "snapshot_id": 1,
    "id": "none",
    "zone": "orders",
    "data": b"",
    "table": "bronze.t",
}
ROWS = {("write", "data"): pa.table({"id": [1]})}
NUMBERS = {"limit", "snapshot_id", "concurrency", "keep_snapshots", "after"}
SECONDS = {"timeout", "keep_for", "orphan_grace"}


RING: list[object] = []
RING.append(RING)


class Odd:
    """What no argument can be."""

    def __repr__(self) -> str:
        return "an odd thing"


def verbs() -> Iterator[tuple[str, Any]]:
    yield from [("open", rat.open), ("init", rat.init)]
    yield from ((name, member) for name, member in vars(rat.Lake).items() if is_verb(name, member))
    for noun, members in NOUNS.items():
        yield from ((f"{noun}.{name}", member) for name, member in vars(members).items() if is_verb(name, member))


def is_verb(name: str, member: object) -> bool:
    return hasattr(member, "__wrapped__") and not name.endswith("_async")


ARGUMENTS = [(verb, parameter) for verb, function in verbs() for parameter in inspect.signature(function).parameters if parameter != "self"]


def call(lake: rat.Lake, verb: str, wrong: dict[str, object]) -> None:
    function: Any = rat if verb in ("open", "init") else lake
    for part in verb.split("."):
        function = getattr(function, part)
    needed = {p.name for p in inspect.signature(function).parameters.values() if p.default is p.empty and p.name != "self"}
    function(**{**{name: ROWS.get((verb, name), GIVEN[name]) for name in needed}, **wrong})


def test_the_verbs_are_found() -> None:
    found = {verb for verb, _ in verbs()}
    assert {"open", "build", "maintain", "tables.tag", "runs.list", "landing.put"} <= found and len(ARGUMENTS) > 60


@pytest.mark.parametrize(("verb", "parameter"), ARGUMENTS)
def test_what_is_of_another_type(lake: rat.Lake, verb: str, parameter: str) -> None:
    with pytest.raises(TypeError, match=rf"'{parameter}'|`{parameter}`"):
        call(lake, verb, {parameter: Odd()})


@pytest.mark.parametrize(("verb", "parameter"), [(v, p) for v, p in ARGUMENTS if p in NUMBERS and (v, p) != ("runs.list", "after")])
@pytest.mark.parametrize("wrong", [2**70, True, 1.5, "1"])
def test_a_number_that_is_none(lake: rat.Lake, verb: str, parameter: str, wrong: object) -> None:
    with pytest.raises(TypeError, match=re.escape(f"argument '{parameter}': must be ") + ".*" + re.escape(f"and is {wrong!r}")):
        call(lake, verb, {parameter: wrong})


@pytest.mark.parametrize(("verb", "parameter"), [(v, p) for v, p in ARGUMENTS if p in SECONDS])
@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), 10**400, True, "1", datetime.timedelta(seconds=-1)])
def test_seconds_that_are_none(lake: rat.Lake, verb: str, parameter: str, wrong: object) -> None:
    with pytest.raises(TypeError, match=f"argument '{parameter}': must be a number of seconds, not negative, and is "):
        call(lake, verb, {parameter: wrong})


FLAGS = {"full_refresh", "allow_data_loss", "force", "fail_fast", "raise_on_failure", "dry_run", "relocate", "count", "read_only"}


@pytest.mark.parametrize(("verb", "parameter"), [(v, p) for v, p in ARGUMENTS if p in FLAGS])
@pytest.mark.parametrize("wrong", [1, None, "yes"])
def test_a_flag_that_is_none(lake: rat.Lake, verb: str, parameter: str, wrong: object) -> None:
    with pytest.raises(TypeError, match=f"argument '{parameter}': must be a bool, and is {wrong!r}"):
        call(lake, verb, {parameter: wrong})


@pytest.mark.parametrize(("verb", "parameter"), [(v, p) for v, p in ARGUMENTS if p in ("vars", "settings")])
def test_values_by_name_that_are_none(lake: rat.Lake, verb: str, parameter: str) -> None:
    with pytest.raises(TypeError, match=rf"argument '{parameter}': must be a dict, and is \[1\]"):
        call(lake, verb, {parameter: [1]})


class Raises:
    """A path with a defect of its own."""

    def __fspath__(self) -> str:
        raise LookupError("mine")


def test_what_the_callers_own_code_raises_comes_out(lake: rat.Lake) -> None:
    for verb in ("open", "init"):
        with pytest.raises(LookupError, match="mine"):
            call(lake, verb, {"path": Raises()})


TEXTS = ["pipeline", "sql", "name", "tag", "branch", "id", "zone", "select", "exclude", "namespace", "example", "run", "publish", "status"]


@pytest.mark.parametrize(("verb", "parameter"), [(v, p) for v, p in ARGUMENTS if p in TEXTS])
def test_text_that_is_not_unicode(lake: rat.Lake, verb: str, parameter: str) -> None:
    with pytest.raises(TypeError, match=f"argument '{parameter}': must be a str"):
        call(lake, verb, {parameter: "\ud800"})


@pytest.mark.parametrize(("verb", "parameter"), [(v, p) for v, p in ARGUMENTS if p == "limit"])
def test_fewer_than_none(lake: rat.Lake, verb: str, parameter: str) -> None:
    with pytest.raises(TypeError, match="argument 'limit': must be a whole number, not negative, and is -1"):
        call(lake, verb, {parameter: -1})


@pytest.mark.parametrize("verb", [verb for verb, _ in verbs()])
def test_a_name_that_is_no_parameter(lake: rat.Lake, verb: str) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        call(lake, verb, {"nonsense": 1})


@pytest.mark.parametrize("verb", [verb for verb, function in verbs() if len(inspect.signature(function).parameters) > 1])
def test_python_says_the_name_that_was_called(lake: rat.Lake, verb: str) -> None:
    with pytest.raises(TypeError, match=rf"\b{verb.rpartition('.')[2]}\(\) "):
        call(lake, verb, {"nonsense": 1})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"params": [1, Odd()]},
            "`params[1]` must be None, bool, int of 64 bits, float, Decimal of up to 38 digits, str, bytes, date, datetime",
        ),
        ({"params": [1, Odd()]}, "time without zone, timedelta, UUID, or a list of these, and is an odd thing"),
        ({"params": {"who": [1, {}]}}, '`params["who"][1]` must be None'),
        ({"params": [decimal.Decimal("1e38")]}, "`params[0]` must be None"),
        ({"params": [decimal.Decimal("NaN")]}, "and is Decimal('NaN')"),
        ({"params": [datetime.time(10, tzinfo=datetime.timezone.utc)]}, "`params[0]` must be None"),
        ({"params": [datetime.timedelta.max]}, "`params[0]` must be None"),
        ({"params": [[RING]]}, "`params[0]" + "[0]" * 64 + "` must be None"),
        ({"params": {1: 2}}, "the names in `params` must be str, and one is 1"),
        ({"params": [2**70]}, "`params[0]` must be None"),
        ({"params": ["\ud800"]}, "`params[0]` must be None"),
        ({"namespaces": [1]}, "argument 'namespaces': must be a str or a list of str, and is [1]"),
        ({"as_of": True}, "argument 'as_of': must be a datetime, a snapshot id, or the name of a tag, and is True"),
        ({"sql": b"x" * 1000}, "argument 'sql': must be a str, and is of type bytes"),
    ],
)
def test_what_is_inside_is_named(lake: rat.Lake, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        call(lake, "query", wrong)


@pytest.mark.parametrize("wrong", [{"x": float("nan")}, {"x": Odd()}, {"x": b""}, {"x": datetime.timedelta(1)}, {"x": "\ud800"}, {1: 2}])
def test_variables_are_made_of_what_json_has(lake: rat.Lake, wrong: dict[str, object]) -> None:
    circle: dict[str, object] = {}
    circle["again"] = circle
    for given in [wrong, circle]:
        with pytest.raises(TypeError, match="`vars` must be made of what JSON has"):
            lake.run("silver.orders", vars=given)


@pytest.mark.parametrize("parameter", ["vars", "settings"])
def test_an_int_that_json_would_round_is_named(lake: rat.Lake, parameter: str) -> None:
    verb, given = ("compile", {"pipeline": "silver.orders"}) if parameter == "vars" else ("open", {"path": "memory://"})
    told = re.escape(f'`{parameter}["a"][1]["n"]` is 1180591620717411303424, which has more than 64 bits')
    with pytest.raises(TypeError, match=told):
        call(lake, verb, {**given, parameter: {"a": [1, {"n": 2**70}]}})


def test_ints_of_variables_are_exact(project: Path) -> None:
    folder = project / "default" / "pipelines" / "gold" / "v"
    folder.mkdir()
    (folder / "pipeline.sql").write_text("select {{ var('n') }} as n, {{ var('m') }} as m")
    compiled = rat.open(project).compile("gold.v", vars={"n": 2**63 - 1, "m": numpy.int64(7)})
    assert compiled.sql == "select 9223372036854775807 as n, 7 as m"


def test_sequences_and_mappings_are_lists_and_dicts(lake: rat.Lake) -> None:
    lake.build(collections.deque(["silver.orders"]))
    assert lake.runs.list(status=("success", "failed")).runs[0].status == "success"
    assert lake.query("select $1 as x", params=collections.deque([[1, 2]])).to_pylist() == [{"x": [1, 2]}]
    assert lake.query("select $a as x", params=types.MappingProxyType({"a": 1})).to_pylist() == [{"x": 1}]
    for flat in ("ab", b"ab"):
        with pytest.raises(TypeError, match="`params` must be a list of values, or a dict of them by name"):
            lake.query("select $1", params=flat)


def test_what_fits_in_more_than_one_form_is_taken(lake: rat.Lake) -> None:
    lake.build(("silver.orders",), exclude="gold.totals")
    began = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    assert len(lake.runs.list(since=began, status=["success", "failed"]).runs) == 1
    assert lake.runs.list(until=began.isoformat()).runs == []
    with pytest.raises(TypeError, match="argument 'since': must be a datetime or ISO 8601 text, with its zone"):
        lake.runs.list(since=datetime.datetime(2020, 1, 1))
    assert lake.query("select 1 as x", timeout=datetime.timedelta(minutes=1), namespaces="default").num_rows == 1
    for data in [b"a\n1\n", bytearray(b"a\n1\n"), memoryview(b"a\n1\n")]:
        lake.landing.put("z", "a.csv", data)
    assert [file.size for file in lake.landing.files("z")] == [4]


@pytest.mark.parametrize("verb", [verb for verb, _ in verbs() if verb not in ("open", "init")])
def test_a_closed_lake_refuses_it(lake: rat.Lake, verb: str) -> None:
    lake.close()
    with pytest.raises(rat.InvalidError) as closed:
        call(lake, verb, {})
    assert closed.value.code == "CLOSED"


READS = {"check", "compile", "plan", "preview", "test", "graph", "query", "stream"}
READS |= {"landing.zones", "landing.files", "landing.samples", "landing.preview"}
READS |= {"tables.list", "tables.get", "tables.history", "namespaces.list"}
READS |= {"runs.list", "runs.get", "runs.report", "runs.logs", "runs.tests"}


@pytest.mark.parametrize("verb", [verb for verb, _ in verbs() if verb not in ("open", "init")])
def test_a_lake_for_reading_only_refuses_what_writes(project: Path, verb: str) -> None:
    before = sorted(project.rglob("*"))
    reader = rat.open(project, read_only=True)
    code = None
    try:
        call(reader, verb, {})
    except rat.RatError as refused:
        code = refused.code
    assert (code == "READ_ONLY_LAKE") == (verb not in READS), code
    assert sorted(project.rglob("*")) == before
