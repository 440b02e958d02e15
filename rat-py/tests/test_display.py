"""Cards in a notebook: whole, and nothing of a project or its data can be markup."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
import rat
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


def test_a_check_lists_what_is_drawn(project: Path) -> None:
    write(project, "gold", "broken", "select customr from {{ ref('silver.orders') }}")
    html = rat.open(project).check()._repr_html_()
    Tags(html)
    assert "UNKNOWN_COLUMN" in html and "· 1 error ·" in html


def test_a_failure_in_a_notebook_is_the_snippet(lake: rat.Lake) -> None:
    with pytest.raises(rat.InvalidError) as failed:
        lake.query("select from where")
    (shown,) = failed.value._render_traceback_()
    assert shown.startswith("InvalidError: error[") and "query:1:" in shown
