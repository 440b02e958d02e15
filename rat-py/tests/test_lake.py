"""The verbs, from Python: what they give, and what they raise."""

import asyncio
import concurrent.futures
import copy
import datetime
import decimal
import pickle
import threading
from collections.abc import Callable
from pathlib import Path

import polars
import pyarrow
import pytest
import rat
from conftest import write
from rat import _rat


def test_a_build_runs_in_order_and_then_has_nothing_to_do(lake: rat.Lake) -> None:
    report = lake.build()
    assert [run.pipeline for run in report.runs] == ["default.silver.orders", "default.gold.totals"]
    assert [run.rows_written for run in report.runs] == [2, 2]
    assert lake.query("select * from gold.totals").to_pylist() == [
        {"customer": "Ada", "total": decimal.Decimal("12.50")},
        {"customer": "Bob", "total": decimal.Decimal("7.25")},
    ]
    again = lake.build()
    assert all(run.skipped_reason for run in again.runs)


def test_a_run_reports_and_tells_what_happens(lake: rat.Lake) -> None:
    events: list[str] = []
    report = lake.run("silver.orders", on_event=lambda event: events.append(event["event"]))
    assert (report.status, report.strategy, report.rows_total) == ("success", "incremental", 2)
    assert report.to_dict()["rows_written"] == 2
    assert events[0] == "started" and events[-1] == "finished"
    assert "success" in repr(report)


def test_rows_are_arrow_and_plain_python(lake: rat.Lake) -> None:
    result = lake.query(
        "select 1::bigint as i, 2.5::double as f, 'x' as s, true as b, date '2024-02-29' as d,"
        " timestamp '2024-02-29 12:30:00' as t, 1.50::decimal(5, 2) as m, null as n, [1, 2] as l"
    )
    assert len(result) == 1 and result.columns == ["i", "f", "s", "b", "d", "t", "m", "n", "l"]
    assert result.to_pylist() == [
        {
            "i": 1,
            "f": 2.5,
            "s": "x",
            "b": True,
            "d": datetime.date(2024, 2, 29),
            "t": datetime.datetime(2024, 2, 29, 12, 30),
            "m": decimal.Decimal("1.50"),
            "n": None,
            "l": [1, 2],
        }
    ]
    assert pyarrow.table(result).num_rows == 1
    assert polars.DataFrame(result)["s"].to_list() == ["x"]
    assert result.to_arrow().column_names == result.columns


def test_a_failed_run_raises_with_its_report_unless_told_not_to(project: Path, lake: rat.Lake) -> None:
    tests = project / "default" / "pipelines" / "silver" / "orders" / "tests" / "quality"
    tests.mkdir(parents=True)
    (tests / "cheap.sql").write_text("select * from {{ this }} where amount > 10")
    with pytest.raises(rat.RunFailedError) as failed:
        lake.run("silver.orders")
    assert (failed.value.code, failed.value.kind) == ("QUALITY_FAILED", "rejected")
    assert failed.value.report.tests[0].count == 1
    assert lake.run("silver.orders", raise_on_failure=False).error.code == "QUALITY_FAILED"
    with pytest.raises(rat.InvalidError, match="NOT_BUILT"):
        lake.query("select * from silver.orders")


def test_errors_carry_their_place(project: Path) -> None:
    write(project, "gold", "broken", "select customr\nfrom {{ ref('silver.orders') }}\n")
    report = rat.open(str(project)).check()
    assert not report.ok
    (problem,) = report.diagnostics
    assert (problem.code, problem.line, problem.column) == ("UNKNOWN_COLUMN", 1, 8)
    assert problem.path == "default/pipelines/gold/broken/pipeline.sql"
    assert "customer" in problem.help


def test_every_kind_has_its_class(tmp_path: Path, lake: rat.Lake) -> None:
    with pytest.raises(rat.NotFoundError) as missing:
        rat.open(str(tmp_path / "nothing"))
    assert missing.value.code == "PATH_NOT_FOUND" and isinstance(missing.value, rat.RatError)
    with pytest.raises(rat.DeniedError):
        lake.query("drop table silver.orders")
    with pytest.raises(rat.InvalidError) as syntax:
        lake.query("select from where")
    assert "query:1:" in str(syntax.value)
    with pytest.raises(rat.NotFoundError):
        lake.run("silver.ordrs")
    with pytest.raises(TypeError):
        lake.query("select 1", timeout=-1)


def test_errors_and_reports_go_to_other_processes_and_are_copied(project: Path, lake: rat.Lake) -> None:
    write(project, "gold", "broken", "select nothing from {{ ref('silver.orders') }}")
    raised: list[rat.RatError] = []
    for verb in (lambda: lake.query("select from where"), lambda: lake.run("gold.broken")):
        with pytest.raises(rat.RatError) as failed:
            verb()
        raised.append(failed.value)
    for error in raised:
        for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
            assert type(again) is type(error) and str(again) == str(error) and again.to_dict() == error.to_dict()
            assert again.diagnostics == error.diagnostics and again.diagnostics
    assert isinstance(raised[1], rat.RunFailedError) and pickle.loads(pickle.dumps(raised[1])).report.status == "failed"
    report = lake.run("silver.orders")
    assert pickle.loads(pickle.dumps(report)) == report


def test_a_closed_lake_and_a_read_only_one_refuse(project: Path) -> None:
    with rat.open(str(project)) as lake:
        lake.run("silver.orders")
    with pytest.raises(rat.InvalidError) as closed:
        lake.query("select 1")
    assert closed.value.code == "CLOSED"
    reader = rat.open(str(project), read_only=True)
    assert reader.query("select count(*) as n from silver.orders").to_pylist() == [{"n": 2}]
    with pytest.raises(rat.DeniedError):
        reader.run("silver.orders")


def together(tasks: list[Callable[[], object]]) -> list[object]:
    """What each task gives, all of them in threads of their own that begin at the same time."""
    begin = threading.Barrier(len(tasks))
    with concurrent.futures.ThreadPoolExecutor(len(tasks)) as threads:
        return [done.result() for done in [threads.submit(lambda task=task: (begin.wait(), task())[1]) for task in tasks]]


def test_eight_threads_run_eight_pipelines_of_one_lake(tmp_path: Path) -> None:
    for n in range(8):
        write(tmp_path, "bronze", f"p{n}", f"select {n} as n, i from range(1000) t(i)")
    lake = rat.open(tmp_path)
    reports = together([lambda n=n: lake.run(f"bronze.p{n}") for n in range(8)])
    assert [(report.pipeline, report.status, report.rows_total) for report in reports] == [
        (f"default.bronze.p{n}", "success", 1000) for n in range(8)
    ]
    union = " union all ".join(f"select n, count(*) as rows from bronze.p{n} group by n" for n in range(8))
    assert lake.query(f"select * from ({union}) order by n").to_pylist() == [{"n": n, "rows": 1000} for n in range(8)]
    assert len(lake.runs.list().runs) == 8


def test_one_pipeline_runs_once_at_a_time(lake: rat.Lake) -> None:
    def run() -> str:
        try:
            return lake.run("silver.orders").status
        except rat.ConflictError as refused:
            return refused.code

    answers = together([run] * 8)
    assert "success" in answers and set(answers) <= {"success", "ALREADY_RUNNING"}
    assert lake.query("select count(*) as n from silver.orders").to_pylist() == [{"n": 2}]


def test_two_lakes_of_one_process_are_built_at_once(tmp_path: Path) -> None:
    for name in ["a", "b"]:
        write(tmp_path / name, "gold", "names", f"select '{name}' as name")
    lakes = [rat.open(tmp_path / name) for name in ["a", "b"]]
    assert all(report.ok for report in together([lake.build for lake in lakes]))
    assert [lake.query("select name from gold.names").to_pylist() for lake in lakes] == [[{"name": "a"}], [{"name": "b"}]]
    lakes[0].close()
    assert lakes[1].run("gold.names").ok


def test_a_defect_is_an_error_and_the_process_lives(lake: rat.Lake) -> None:
    for defect in (lambda: panic().wait(), lambda: asyncio.run(awaited())):
        with pytest.raises(rat.InternalError, match="a defect on purpose") as failed:
            defect()
        assert (failed.value.code, failed.value.kind) == ("INTERNAL", "internal")
    assert lake.run("silver.orders").ok


panic = _rat._panic_on_purpose


async def awaited() -> None:
    await panic()


def test_threads_share_a_lake(lake: rat.Lake) -> None:
    lake.build()
    answers: list[int] = []
    ask = lambda: answers.append(lake.query("select count(*) as n from silver.orders").to_pylist()[0]["n"])  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [2] * 8
