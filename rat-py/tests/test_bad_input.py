"""What cannot be meant is refused, and the refusal names it."""

import datetime
import decimal
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import quote, unquote

import numpy
import pytest
import rat
from conftest import ORDERS, write


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda lake: lake.query(5), "sql"),
        (lambda lake: lake.query("select 1", params=7), "params"),
        (lambda lake: lake.query("select ?", params=[object()]), "params"),
        (lambda lake: lake.query("select ?", params=[2**70]), "params"),
        (lambda lake: lake.query("select 1", timeout=float("nan")), "timeout"),
        (lambda lake: lake.query("select 1", limit="many"), "limit"),
        (lambda lake: lake.query("select 1", nonsense=1), "nonsense"),
        (lambda lake: lake.run("silver.orders", vars={"x": object()}), "vars"),
        (lambda lake: lake.run(["silver.orders"]), "pipeline"),
        (lambda lake: lake.build(select=5), "select"),
        (lambda lake: lake.runs.list(since="yesterday"), "since"),
        (lambda lake: lake.tables.get(None), "name"),
    ],
)
def test_a_wrong_argument_is_named(lake: rat.Lake, call, named: str) -> None:
    with pytest.raises(TypeError, match=named):
        call(lake)


def test_what_is_not_built_yet_says_how_to_build_it(lake: rat.Lake) -> None:
    for asked in (lake.query, lake.stream):
        with pytest.raises(rat.InvalidError, match=r"rat build \+gold\.totals") as refused:
            asked("select * from gold.totals")
        assert refused.value.code == "NOT_BUILT"


def test_wrong_words_are_errors_with_a_way_out(lake: rat.Lake) -> None:
    with pytest.raises(rat.InvalidError, match="together"):
        lake.build(publish="both")
    with pytest.raises(rat.NotFoundError, match=r"silver\.orders"):
        lake.run("silver.ordrs")
    with pytest.raises(rat.NotFoundError):
        lake.runs.get("no-such-run")
    with pytest.raises(rat.InvalidError, match="`odd` is no status of a run"):
        lake.runs.list(status="odd")
    with pytest.raises(rat.InvalidError):
        rat.open("memory://", settings={"engine": {"memory": "lots"}})


def test_parameters_are_values_never_sql(lake: rat.Lake) -> None:
    day = datetime.date(2024, 2, 29)
    at = datetime.datetime(2024, 2, 29, 12, 30)
    given = ["x' or '1'='1", None, True, -3, 2.5, day, at]
    (row,) = lake.query("select ? as a, ? as b, ? as c, ? as d, ? as e, ? as f, ? as g", params=given).to_pylist()
    assert list(row.values()) == given
    assert lake.query("select $who as w", params={"who": "Ada"}).to_pylist() == [{"w": "Ada"}]


def test_a_parameter_of_every_type_is_a_value_of_that_type(lake: rat.Lake) -> None:
    given = {
        "m": decimal.Decimal("-12.50"),
        "raw": b"a'\0\xff",
        "view": memoryview(b"xy"),
        "at": datetime.time(10, 30, 0, 5),
        "name": uuid.UUID(int=7),
        "list": [1, None, 3],
        "deep": [["a'b"], ("c",)],
        "long": datetime.timedelta(days=1, microseconds=5),
        "index": numpy.int64(7),
    }
    result = lake.query("select " + ", ".join(f"${name} as {name}" for name in given), params=given)
    types = ["DECIMAL(4, 2)", "BLOB", "BLOB", "TIME", "VARCHAR", "BIGINT[]", "VARCHAR[][]", "INTERVAL", "BIGINT"]
    assert dict(zip(result.columns, result.types, strict=True)) == dict(zip(given, types, strict=True))
    (row,) = result.to_pylist()
    shown = {**given, "view": b"xy", "name": str(given["name"]), "deep": [["a'b"], ["c"]], "long": "24 hours 0.000005000 secs"}
    assert row == shown
    found = lake.query("select x from generate_series(1, 5) t(x) where x = any(?) order by x", params=[[2, 4, 9]])
    assert found.to_pylist() == [{"x": 2}, {"x": 4}]
    later = lake.query("select ? + ? as t", params=[datetime.datetime(2024, 2, 28, 23), datetime.timedelta(hours=2)])
    assert later.to_pylist() == [{"t": datetime.datetime(2024, 2, 29, 1)}]


def test_variables_may_be_dates_and_exact_numbers(project: Path) -> None:
    write(project, "gold", "v", "select '{{ var('day') }}' as day, '{{ var('at') }}' as at, {{ var('m') }} as m, '{{ var('in')[0] }}' as i")
    lake = rat.open(project)
    day, at = datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 12, 30)
    lake.run("gold.v", vars={"day": day, "at": at, "m": decimal.Decimal("1.50"), "in": [datetime.time(10, 30)]})
    expected = {"day": "2024-02-29", "at": "2024-02-29 12:30:00", "m": decimal.Decimal("1.50"), "i": "10:30:00"}
    assert lake.query("select * from gold.v").to_pylist() == [expected]


def test_a_callback_that_raises_stops_the_run(lake: rat.Lake) -> None:
    class EnoughError(Exception):
        pass

    def on_event(event: dict[str, object]) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        lake.run("silver.orders", on_event=on_event)
    with pytest.raises(rat.NotFoundError):
        lake.tables.get("silver.orders")
    assert lake.run("silver.orders").status == "success"


def test_what_stops_a_run_that_is_being_published_comes_late(lake: rat.Lake) -> None:
    def on_event(event: dict[str, object]) -> None:
        if event.get("phase") == "publish":
            raise RuntimeError("too late")

    with pytest.raises(RuntimeError, match="too late"):
        lake.run("silver.orders", on_event=on_event)
    (record,) = lake.runs.list("silver.orders").runs
    assert record.status == "success" and lake.query("select count(*) as n from silver.orders").to_pylist() == [{"n": 2}]


def test_a_callback_may_ask_the_lake(lake: rat.Lake) -> None:
    answers: list[object] = []
    lake.run("silver.orders", on_event=lambda event: answers.append(lake.query("select 1 as x").to_pylist()[0]["x"]))
    assert answers and set(answers) == {1}


def test_a_missing_package_says_what_to_install(project: Path) -> None:
    code = (
        "import sys, rat; sys.modules['polars'] = None\n"
        "result = rat.open(sys.argv[1]).query('select 1 as x')\n"
        "assert result.to_pylist() == [{'x': 1}]\n"
        "try: result.to_polars()\n"
        "except ModuleNotFoundError as missing: print(missing)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(project)], capture_output=True, text=True, check=True)
    assert "pip install polars" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not have such names")
def test_a_path_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/sh\xff"))
    path.mkdir()
    for given in (path, str(path)):
        for verb in (rat.open, rat.init):
            with pytest.raises(rat.InvalidError, match="`path` is not UTF-8"):
                verb(given)
    with pytest.raises(TypeError, match=r"argument 'path': must be a str or os\.PathLike, and is of type bytes"):
        rat.open(os.fsencode(path))
    assert list(path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not have such names")
def test_a_file_whose_name_is_not_utf8_is_named(project: Path, lake: rat.Lake) -> None:
    for folder, file in ((b"landing/orders", b"caf\xe9.csv"), (b"pipelines/silver/caf\xe9", b"pipeline.sql")):
        inside = project / "default" / os.fsdecode(folder)
        inside.mkdir(parents=True, exist_ok=True)
        (inside / os.fsdecode(file)).write_text("select 1 as a")
        with pytest.raises(rat.InvalidError, match="/caf%E9") as refused:
            lake.landing.files("orders") if b"landing" in folder else lake.check()
        assert refused.value.code == "INVALID_NAME" and not refused.value.retryable
        (inside / os.fsdecode(file)).unlink()


def test_a_name_with_signs_of_urls_in_it_is_that_name(tmp_path: Path) -> None:
    folder = tmp_path / "a%FFb%20c #?d é"
    write(folder, "silver", "orders", ORDERS)
    url = rat.open(folder).url
    for given in (folder, str(folder), url, folder.as_uri(), folder.as_uri().replace("///", "/"), f"file://localhost{quote(str(folder))}"):
        lake = rat.open(given)
        assert lake.url == url and unquote(lake.url) == f"file://{folder}"
        assert lake.build(force=True).ok
        assert lake.query("select count(*) as n from silver.orders").to_pylist() == [{"n": 2}]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("url", ["s3://bucket/shop", "file://host/shop", "file:shop", "file:///a%2Fb", "file:///sh%FF", "file:///a?b#c"])
def test_a_url_that_is_no_folder_here_is_refused_by_its_code(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for verb in (rat.open, rat.init):
        with pytest.raises(rat.InvalidError) as refused:
            verb(url)
        assert refused.value.code == "INVALID_URL" and url.split("?")[0] in refused.value.message and refused.value.help
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_stops_a_query(lake: rat.Lake) -> None:
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        lake.query("select sum(sin(a.v * b.v)) from range(100000) a(v), range(100000) b(v)")
    assert time.monotonic() - began < 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_gets_a_clear_error(lake: rat.Lake) -> None:
    lake.query("select 1")
    child = os.fork()
    if child == 0:
        try:
            lake.query("select 1")
        except rat.InvalidError as refused:
            os._exit(17 if "forked" in str(refused) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 17


def test_two_lakes_do_not_know_each_other(tmp_path: Path, lake: rat.Lake) -> None:
    lake.build()
    other = rat.open("memory://")
    assert other.tables.list() == [] and len(lake.tables.list()) == 2


def test_ctrl_c_stops_a_run_and_leaves_no_half_of_it(project: Path, lake: rat.Lake) -> None:
    write(project, "bronze", "heavy", "select sum(sin(a.v * b.v)) as s from range(100000) a(v), range(100000) b(v)")
    pressed: list[float] = []

    def press(event: dict[str, object]) -> None:
        if event["event"] == "phase" and event["phase"] == "execute":
            pressed.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

    for verb in (lambda: lake.run("bronze.heavy", on_event=press), lambda: lake.build("bronze.heavy", on_event=press)):
        with pytest.raises(KeyboardInterrupt):
            verb()
        assert time.monotonic() - pressed[-1] < 10
    assert lake.tables.list() == []
    # Written down before the exception comes: the process may be about to end.
    assert [record.status for record in lake.runs.list("bronze.heavy").runs] == ["cancelled", "cancelled"]
    assert lake.run("silver.orders").ok
