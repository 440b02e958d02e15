"""Every verb, as a program in typed Python says it: pyright takes it as it is, and a test runs it."""

import asyncio
import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rat
from rat import graph, reports

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:

    def assert_type(value: object, kind: object) -> object:
        return value


ROWS = "select 1 as id, 'Ada' as name"


def told(event: rat.Event) -> None:
    if event["event"] == "finished":
        assert_type(event["report"], dict[str, Any])


def verbs(lake: rat.Lake) -> None:
    assert_type(lake.check(), rat.CheckReport)
    assert_type(lake.check(("silver.orders", "gold.totals")).diagnostics, list[rat.Diagnostic])
    assert_type(lake.compile("gold.totals", full_refresh=True, vars={"since": "2024-01-01"}).schema, list[reports.Column] | None)
    assert_type(lake.plan("silver.orders", full_refresh=True, allow_data_loss=False).rows_written, reports.Amount)
    assert_type(lake.run("silver.orders", timeout=60.0, on_event=print, raise_on_failure=False).rows_total, int | None)
    handle = lake.submit("silver.orders", timeout=datetime.timedelta(minutes=1))
    assert_type(handle, rat.RunHandle)
    for event in handle.events():
        assert_type(event, rat.Event)
        if event["event"] == "progress":
            assert_type(event["rows"], int)
    assert_type((handle.id, handle.pipeline, handle.status), tuple[str, str, rat.reports.RunStatus])
    assert_type(handle.wait(60, raise_on_failure=False), rat.RunReport)
    handle.cancel()
    built = lake.build("+gold.totals", exclude=["gold.totals"], publish="together", force=True, fail_fast=True, concurrency=2)
    assert_type(built.runs, list[rat.RunReport])
    assert_type(built.runs[0].error, rat.RatError | None)
    assert_type(lake.test("silver.orders"), reports.Reports[rat.TestResult])
    assert_type(lake.preview("gold.totals", limit=1, count=True).data, rat.Result)
    assert_type(lake.preview(sql=ROWS).row_count, int | None)
    result = lake.query("select $1 as id, $2 as day", params=[1, datetime.date(2024, 2, 29)], limit=10, timeout=5)
    assert_type(result.to_pylist(), list[dict[str, Any]])
    assert_type((result.columns, result.types, result.num_rows, result.duration_ms), tuple[list[str], list[str], int, float])
    with lake.stream(ROWS, namespaces="default") as stream:
        for batch in stream:
            assert_type(batch.num_rows, int)
    assert_type(lake.write("bronze.people", [{"id": 2, "name": "Bob"}], settings={"sort_by": ["id"]}), rat.RunReport)
    assert_type(lake.write("bronze.people", lake.query(ROWS), strategy="incremental", unique_key=["id"]), rat.RunReport)
    drawn = lake.graph()
    assert_type((drawn.nodes, drawn.edges), tuple[list[graph.Node], list[graph.Edge]])
    assert_type([*drawn.order(), *drawn.upstream("gold.totals"), *drawn.downstream("silver.orders")], list[str])
    assert_type(drawn.to_mermaid() + drawn.to_svg(columns=True), str)
    assert_type((drawn.to_json(), drawn.to_dict()), tuple[dict[str, Any], dict[str, Any]])
    assert_type(lake.maintain(dry_run=True, keep_snapshots=1, keep_for=datetime.timedelta(days=7)).tables, list[reports.MaintainedTable])


def nouns(lake: rat.Lake) -> None:
    tables, runs, landing = lake.tables, lake.runs, lake.landing
    assert_type(tables.list(), reports.Reports[reports.TableEntry])
    table = tables.get("silver.orders")
    assert_type((table.columns, table.snapshot_id), tuple[list[reports.Column], int | None])
    (newest, *_) = tables.history("silver.orders")
    assert_type(lake.query("select 1", as_of=newest.snapshot_id), rat.Result)
    assert_type(tables.tag("silver.orders", "monday", newest.snapshot_id), rat.Table)
    assert_type(tables.branch("silver.orders", "next"), rat.Table)
    assert_type(tables.untag("silver.orders", "next"), rat.Table)
    assert_type(tables.rollback("silver.orders", newest.snapshot_id), rat.Table)
    assert_type(tables.rename("bronze.people", "bronze.persons"), rat.Table)
    tables.drop("bronze.persons")
    page = runs.list(
        "silver.orders", status=["success", "failed"], since=datetime.datetime.fromtimestamp(0, datetime.timezone.utc), limit=5
    )
    assert_type((page.runs, page.next), tuple[list[reports.RunRecord], str | None])
    id = page.runs[0].id
    assert_type(runs.get(id).duration_ms, int | None)
    assert_type(runs.report(id), rat.RunReport | None)
    assert_type(runs.logs(id, after=0), reports.Reports[reports.LogLine])
    assert_type(runs.tests(id), reports.Reports[reports.TestLine])
    try:
        runs.cancel(id)
    except rat.ConflictError as ended:
        assert_type((ended.kind, ended.code, ended.diagnostics, ended.retryable), tuple[rat.errors.Kind, str, list[rat.Diagnostic], bool])
    assert_type(landing.put("orders", "monday.csv", b"id\n1\n"), str)
    assert_type(landing.zones(), reports.Reports[reports.Zone])
    assert_type(landing.files("orders") + landing.samples("orders"), list[reports.ZoneFile])
    assert_type(landing.preview("orders", 5), rat.Result)
    assert_type(landing.restore("orders"), reports.Restored)
    landing.remove("orders", "monday.csv")
    assert_type(lake.namespaces.list(), list[str])
    assert_type((lake.url, lake.namespace), tuple[str, str])


async def awaited(folder: Path) -> None:
    async with await rat.open_async(folder, read_only=False) as lake:
        assert_type(await lake.build_async(on_event=told), rat.BuildReport)
        assert_type(await lake.tables.list_async(), reports.Reports[reports.TableEntry])
        async with await lake.stream_async(ROWS) as stream:
            async for batch in stream:
                assert_type(batch.to_pylist(), list[dict[str, Any]])
        handle = await lake.submit_async("silver.orders")
        assert_type(await handle.wait_async(), rat.RunReport)
    (await rat.init_async(folder / "flights", example="flights")).close()


def main(folder: Path) -> None:
    with rat.init(folder / "shop", example="shop") as shop:
        assert_type(shop, rat.Lake)
    with rat.open(folder, namespace="default", settings={"engine": {"memory": "1GiB"}}) as lake:
        verbs(lake)
        nouns(lake)
    asyncio.run(awaited(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
