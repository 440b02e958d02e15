"""Cards in a notebook: whole, and nothing of a project or its data can be markup."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import rat
import rat.reports
from conftest import write

ATTACK = "<img src=x onerror=alert(1)>"


VOID = {"img", "br", "hr", "input", "meta", "link"}


class Tags(HTMLParser):
    """Counts tags and checks that they close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        assert tag != "tr" or self.open[-1] in {"table", "thead", "tbody"}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_result_is_a_table_with_types(lake: rat.Lake) -> None:
    html = lake.query(f"select '{ATTACK}' as \"{ATTACK}\", 1 as n, null as z")._repr_html_()
    tags = Tags(html)
    assert "table" in tags.seen and "img" not in tags.seen
    assert "VARCHAR" in html and "NULL" in html


def test_runs_and_builds_are_cards(project: Path, lake: rat.Lake) -> None:
    report = lake.build()
    assert "card" in report._repr_html_() and "success" in report._repr_html_()
    Tags(report._repr_html_())
    Tags(report.runs[0]._repr_html_())
    assert "skipped" in lake.build()._repr_html_()
    Tags(lake.tables.get("silver.orders")._repr_html_())


def test_a_failed_run_shows_its_tests_rows_and_the_drawn_error(project: Path) -> None:
    write(project, "silver", "bad", f"select '{ATTACK}' as x")
    tests = project / "default/pipelines/silver/bad/tests/quality"
    tests.mkdir(parents=True)
    (tests / "none.sql").write_text(f"-- @description: {ATTACK}\nselect * from {{{{ this }}}}")
    report = rat.open(project).run("silver.bad", raise_on_failure=False)
    html = report._repr_html_()
    assert "img" not in Tags(html).seen
    assert "QUALITY_FAILED" in html and "none" in html and "onerror" in html


def test_a_build_says_which_test_failed_and_shows_its_rows_and_warnings(project: Path) -> None:
    (project / "default/pipelines/silver/orders/config.yaml").write_text("tests:\n  - unique: [id]\n")
    tests = project / "default/pipelines/silver/orders/tests/quality"
    tests.mkdir(parents=True)
    (tests / "no_ada.sql").write_text("-- @severity: warn\nselect id, customer from {{ this }} where customer = 'Ada'")
    published = rat.open(project).build()._repr_html_()
    Tags(published)
    assert "1/2" in published and "no_ada" in published and '<td class="text">Ada</td>' in published
    assert "<details><summary>default.silver.orders: 1 of 2 tests did not pass" in published
    (tests / "no_ada.sql").write_text("select id, customer from {{ this }} where customer = 'Ada'")
    refused = rat.open(project).build(force=True, raise_on_failure=False)._repr_html_()
    Tags(refused)
    assert "<details open><summary>default.silver.orders: 1 of 2 tests did not pass" in refused and '<td class="text">Ada</td>' in refused
    assert "default.gold.totals:" not in refused, "a run that found nothing has nothing to unfold"


def test_a_check_lists_what_is_drawn(project: Path) -> None:
    write(project, "gold", "broken", "select customr from {{ ref('silver.orders') }}")
    html = rat.open(project).check()._repr_html_()
    Tags(html)
    assert "UNKNOWN_COLUMN" in html and "· 1 error ·" in html


def test_a_failure_in_a_notebook_is_the_snippet(lake: rat.Lake) -> None:
    with pytest.raises(rat.InvalidError) as failed:
        lake.query("select from where")
    *frames, shown = failed.value._render_traceback_()
    assert shown.startswith("InvalidError: error[") and "query:1:" in shown
    # The user's own frame, and none of the package.
    (frame,) = frames
    assert Path(__file__).name in frame and "select from where" in frame


def test_every_report_has_a_line_a_card_and_its_data(project: Path) -> None:
    config = project / "default/pipelines/silver/orders/config.yaml"
    config.write_text(f"description: '{ATTACK}'\ntests:\n  - unique: [id]\n")
    lake = rat.open(project)
    lake.landing.put("orders", "a.csv", b"id\n1\n")
    plan, check, compiled = lake.plan("silver.orders"), lake.check(), lake.compile("gold.totals")
    run = lake.run("silver.orders")
    lake.run("gold.totals")
    write(project, "gold", "broken", f"select '{ATTACK}' as x, customr from {{{{ ref('silver.orders') }}}}")
    handle = lake.submit("gold.totals")
    handle.wait()
    graph, page = lake.graph(), lake.runs.list(limit=1)
    broken = lake.check().diagnostics[0]
    listed = [
        *(lake.tables.list(), lake.tables.history("silver.orders"), lake.test("silver.orders")),
        *(lake.runs.logs(run.id), lake.runs.tests(run.id), lake.landing.zones(), lake.landing.files("orders")),
    ]
    reports: list[Any] = [
        *(run, lake.build(force=True, raise_on_failure=False), plan, check, compiled, lake.compile("gold.broken"), check.pipelines[0]),
        *(lake.preview("silver.orders"), lake.tables.get("silver.orders"), page, page.runs[0], lake.landing.restore("orders")),
        *(lake.maintain(dry_run=True), handle, graph, graph.nodes[0], graph.edges[0], broken, *(one[0] for one in listed)),
        *(plan.rows_written, plan.tests[0], compiled.schema[0], run.phases[0], lake.maintain(dry_run=True).tables[0]),
    ]
    for report in [*reports, *listed]:
        line = repr(report)
        assert "\n" not in line and (isinstance(report, list) or re.fullmatch(r"<\w+ .*>", line)), line
        assert "img" not in Tags(report._repr_html_()).seen, line
        json.dumps(report.to_dict(), default=str)
        assert report.to_dict(), line
    for noun in ("tables", "runs", "landing", "namespaces"):
        assert repr(getattr(lake, noun)) == f"<{noun.capitalize()} of {lake.url}>"
    assert repr(handle.events()) == "<RunEvents>"
    assert all(isinstance(many, list) and many.to_dict() == [one.to_dict() for one in many] for many in listed)
    assert lake.landing.samples("orders") == [] and "none" in lake.landing.samples("orders")._repr_html_()


NOUNS = [
    "row",
    "column",
    "pipeline",
    "test",
    "table",
    "file",
    "snapshot",
    "orphan",
    "diagnostic",
    "run",
    "node",
    "edge",
    "error",
    "warning",
    "setting",
    "byte",
]


def test_one_is_not_many(lake: rat.Lake) -> None:
    run = lake.run("silver.orders", full_refresh=True)
    one = lake.query("select 1 as one")
    (batch,) = lake.stream("select 1 as one")
    shown: list[Any] = [
        *(
            run,
            lake.build("silver.orders", force=True),
            lake.check("silver.orders"),
            lake.compile("silver.orders"),
            lake.plan("silver.orders"),
        ),
        *(lake.graph("silver.orders"), lake.preview(sql="select 1 as one"), lake.preview(sql="select 1 as one", limit=1), one, batch),
        *(lake.runs.list(limit=1), lake.maintain("silver.orders"), lake.tables.get("silver.orders"), lake.stream("select 1 as one")),
    ]
    for report in shown:
        text = repr(report) + re.sub("<[^>]*>", " ", getattr(report, "_repr_html_", str)())
        assert re.findall(rf"(?<![\d,.])1 (?:{NOUNS})s\b", text) == [], text
    assert repr(one).startswith("<Result 1 row, 1 column, ") and "1 row ·" in one._repr_html_()
    assert repr(batch) == "<Batch 1 row, 1 column>" and repr(shown[-1]) == "<Stream of 1 column>"


def test_a_card_shows_what_its_report_says(project: Path, lake: rat.Lake) -> None:
    lake.build()
    compiled = lake.compile("gold.totals")._repr_html_()
    assert "&quot;silver&quot;.&quot;orders&quot;" in compiled and "2 columns" in compiled and "merge_strategy" in compiled
    page = lake.runs.list(limit=1)
    assert f"after={page.next}" in page._repr_html_() and "default.gold.totals" in page._repr_html_()
    assert "default.silver.orders" in lake.tables.list()._repr_html_() and "table" in Tags(lake.tables.list()._repr_html_()).seen
    write(project, "gold", "many", "select i from generate_series(1, 150) t(i)")
    assert "150 in all, the first 100 shown" in rat.reports.Reports(lake.tables.list() * 75)._repr_html_()
    handle = lake.submit("gold.many")
    handle.wait()
    assert "success" in handle._repr_html_() and handle.to_dict() == {"id": handle.id, "pipeline": handle.pipeline, "status": "success"}
