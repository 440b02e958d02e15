"""Tables, runs, landing zones, namespaces and the graph."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import rat


def test_tables_say_what_they_hold(lake: rat.Lake) -> None:
    lake.build()
    table = lake.tables.get("silver.orders")
    assert [column.name for column in table.columns] == ["id", "customer", "amount"]
    assert (table.kind, table.row_count) == ("table", 2)
    (snapshot,) = lake.tables.history("silver.orders")
    assert snapshot.is_current and snapshot.snapshot_id == table.snapshot_id
    assert table.to_dict()["name"] == "default.silver.orders"


def test_a_pipeline_is_compiled_and_its_table_tested(project: Path) -> None:
    config = project / "default/pipelines/silver/orders/config.yaml"
    config.write_text("tests:\n  - unique: [id]\n  - range: {column: amount, min: 10}\n")
    lake = rat.open(project)
    compiled = lake.compile("gold.totals")
    assert compiled.ok and compiled.dependencies == ["default.silver.orders"]
    assert [column.name for column in compiled.schema] == ["customer", "total"]
    assert not lake.compile("gold.totals", sql="select nothing from {{ ref('silver.orders') }}").ok
    config.write_text("tests:\n  - unique: [id]\n")
    lake.run("silver.orders")
    config.write_text("tests:\n  - unique: [id]\n  - range: {column: amount, min: 10}\n")
    results = {result.status: result for result in lake.test("silver.orders")}
    assert set(results) == {"passed", "failed"} and results["failed"].count == 1


def test_runs_are_paged(lake: rat.Lake) -> None:
    for _ in range(3):
        lake.run("silver.orders")
    first = lake.runs.list("silver.orders", limit=2)
    rest = lake.runs.list("silver.orders", limit=2, after=first.next)
    assert len(first.runs) == 2 and len(rest.runs) == 1 and rest.next is None
    run = first.runs[0]
    assert lake.runs.get(run.id) == run
    assert lake.runs.report(run.id).rows_written == 2
    assert lake.runs.list(status="failed").runs == []
    assert isinstance(lake.runs.logs(run.id), list) and lake.runs.tests(run.id) == []


def test_files_land_and_are_shown(lake: rat.Lake) -> None:
    assert lake.landing.put("orders", "a.csv", b"id,name\n1,Ada\n") == "default/landing/orders/a.csv"
    (zone,) = lake.landing.zones()
    assert (zone.name, zone.files, zone.bytes) == ("orders", 1, 14)
    assert [file.name for file in lake.landing.files("orders")] == ["a.csv"]
    assert lake.landing.preview("orders").to_pylist() == [{"id": 1, "name": "Ada"}]
    lake.landing.remove("orders", "a.csv")
    assert lake.landing.samples("orders") == []
    assert "default" in lake.namespaces.list()


def test_the_graph_knows_who_reads_whom(lake: rat.Lake) -> None:
    lake.run("silver.orders")
    graph = lake.graph()
    assert graph.order() == ["default.silver.orders", "default.gold.totals"]
    assert graph.upstream("gold.totals") == ["default.silver.orders"]
    assert graph.downstream("silver.orders") == ["default.gold.totals"]
    assert [(edge.source, edge.reader) for edge in graph.edges] == [("default.silver.orders", "default.gold.totals")]
    assert graph.nodes[0].latest_run["status"] == "success"
    assert "flowchart" in graph.to_mermaid() and graph.to_json()["edges"]
    assert len(lake.graph("gold.totals").nodes) >= 1


def test_the_drawing_is_whole_and_holds_no_markup_of_the_project(project: Path) -> None:
    sql = '-- @description: <script>alert(1)</script> & more\nselect 1 as "<b>x"\n'
    folder = project / "default" / "pipelines" / "gold" / "odd"
    folder.mkdir(parents=True)
    (folder / "pipeline.sql").write_text(sql)
    graph = rat.open(project).graph()
    for drawn in [graph.to_svg(), graph.to_svg(columns=True), graph._repr_html_()]:
        assert "<script" not in drawn and "<b>" not in drawn
        ElementTree.fromstring(drawn)


def test_the_past_of_a_table_can_be_named_asked_and_brought_back(project: Path) -> None:
    lake = rat.open(project)
    lake.run("silver.orders")
    first = lake.tables.get("silver.orders").snapshot_id
    lake.tables.tag("silver.orders", "january")
    sql = project / "default/pipelines/silver/orders/pipeline.sql"
    sql.write_text(sql.read_text().replace("(2, 'Bob', 7.25)", "(3, 'Cem', 1)"))
    lake.run("silver.orders")
    count = "select count(*) as n from silver.orders"
    assert lake.query(count).to_pylist() == [{"n": 3}]
    for moment in ["january", first, str(first)]:
        assert lake.query(count, as_of=moment).to_pylist() == [{"n": 2}]
    assert lake.tables.rollback("silver.orders", first).row_count == 2
    assert lake.query(count).to_pylist() == [{"n": 2}]
    assert [reference["name"] for reference in lake.tables.untag("silver.orders", "january").references] == ["main"]
    lake.tables.drop("silver.orders")
    assert lake.tables.list() == []


def test_a_project_to_begin_with_runs(tmp_path: Path) -> None:
    lake = rat.init(tmp_path / "shop")
    assert lake.check().ok and lake.build().ok
    with pytest.raises(rat.RatError):
        rat.init(tmp_path / "shop")


def test_a_renamed_pipeline_takes_its_table_along(project: Path) -> None:
    lake = rat.open(project)
    lake.run("silver.orders")
    before = lake.tables.get("silver.orders")
    folder = project / "default/pipelines/silver/orders"
    folder.rename(folder.with_name("sales"))
    (project / "default/pipelines/gold/totals/pipeline.sql").write_text("select * from {{ ref('silver.sales') }}\n")
    (gone,) = lake.check().diagnostics
    assert (gone.code, gone.severity) == ("PIPELINE_GONE", "warning") and "--rename" in gone.help
    assert lake.tables.rename("silver.orders", "silver.sales").snapshot_id == before.snapshot_id
    assert lake.check().diagnostics == [] and lake.run("silver.sales").base_snapshot_id == before.snapshot_id
    said = [sys.executable, "-m", "rat", "-C", str(project), "tables", "silver.sales", "--rename", "silver.other"]
    refused = subprocess.run(said, capture_output=True, text=True)
    assert refused.returncode == 1 and "TABLE_HAS_PIPELINE" in refused.stderr


def test_a_plan_tells_what_a_run_then_does(project: Path) -> None:
    lake = rat.open(project)
    plan = lake.plan("silver.orders")
    assert plan.ok and plan.is_first_run and str(plan.rows_written) == "at most 2" and plan.rows_written.kind == "at_most"
    assert plan.files_dropped.value == 0 and str(plan.bytes_written) == "unknown" and plan.tests == []
    assert repr(plan) == "<WritePlan default.silver.orders, rows: at most 2, files: at most 2 new, 0 gone>"
    assert lake.tables.list() == [] and lake.runs.list().runs == []
    lake.run("silver.orders")
    assert "incremental" in lake.plan("silver.orders", full_refresh=True)._repr_html_()
    command = [sys.executable, "-m", "rat", "-C", str(project), "plan", "gold.totals"]
    assert "rows written" in subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (project / "default/pipelines/silver/orders/pipeline.sql").write_text("-- @merge_strategy: scd2\n-- @unique_key: id\nselect 1 as id\n")
    refused = lake.plan("silver.orders")
    assert not refused.ok and repr(refused) == "<WritePlan default.silver.orders refused: STRATEGY_CHANGED>"
    assert (refused.diagnostics[0].line, refused.diagnostics[0].path) == (1, "default/pipelines/silver/orders/pipeline.sql")
