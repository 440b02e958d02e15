"""Rows before anything is written: of a pipeline, of an editor's text, over samples."""

import asyncio
from pathlib import Path

import pytest
import rat
from conftest import write
from test_display import ATTACK, Tags


def test_a_pipeline_shows_its_rows_and_what_they_took(lake: rat.Lake) -> None:
    shown = lake.preview("silver.orders", limit=1, count=True)
    assert shown.data.to_pylist() == [{"id": 1, "customer": "Ada", "amount": 12.5}]
    assert (shown.columns[0].name, shown.columns[0].type) == ("id", "BIGINT")
    assert (shown.row_count, [phase.phase for phase in shown.phases]) == (2, ["plan", "execute", "count"])
    assert all(phase.duration_ms >= 0 for phase in shown.phases)
    assert "Limit" in shown.plan and shown.warnings == [] and shown.peak_memory_bytes >= 0
    assert repr(shown) == "<Preview 1 of 2 rows, 3 columns>"
    assert shown.to_dict()["data"] == [{"id": 1, "customer": "Ada", "amount": "12.50"}] and shown.to_dict()["row_count"] == 2
    assert lake.runs.list().runs == [] and lake.tables.list() == []


def test_a_text_stands_for_the_file_or_alone(project: Path, lake: rat.Lake) -> None:
    edited = lake.preview("silver.orders", sql="select {{ 6 * 7 }} as n")
    assert edited.data.to_pylist() == [{"n": 42}]
    assert lake.preview(sql="select {{ var('n') }} as n", vars={"n": 7}, full_refresh=True).data.to_pylist() == [{"n": 7}]
    with pytest.raises(rat.InvalidError, match=r"rat build \+silver\.orders") as unbuilt:
        lake.preview("gold.totals")
    assert unbuilt.value.code == "NOT_BUILT"
    with pytest.raises(rat.InvalidError) as nothing:
        lake.preview()
    assert nothing.value.code == "INVALID_ARGUMENT"
    with pytest.raises(rat.InvalidError) as wrong:
        lake.preview("silver.orders", sql="select 1 as a,\n  b")
    (diagnostic,) = wrong.value.diagnostics
    assert (diagnostic.code, diagnostic.line, diagnostic.column) == ("UNKNOWN_COLUMN", 2, 3)


def test_samples_are_shown_where_there_are_any(project: Path, lake: rat.Lake) -> None:
    write(project, "bronze", "landed", "select * from read_csv_auto('{{ landing_zone('in') }}')")
    lake.landing.put("in", "a.csv", b"word\nlanded\n")
    assert lake.preview("bronze.landed").data.to_pylist() == [{"word": "landed"}]
    lake.landing.put("in", "_samples/s.csv", b"word\nsample\n")
    assert lake.preview("bronze.landed").data.to_pylist() == [{"word": "sample"}]
    assert [file.name for file in lake.landing.files("in")] == ["a.csv"]


def test_a_card_with_rows_and_nothing_of_theirs_as_markup(lake: rat.Lake) -> None:
    html = lake.preview(sql=f"select '{ATTACK}' as \"{ATTACK}\", i from range(30) t(i) order by i", count=True)._repr_html_()
    tags = Tags(html)
    assert "table" in tags.seen and "img" not in tags.seen
    assert "30 of 30 rows, the first 20 shown" in html and "how the engine goes about it" in html


def test_the_twin_for_asyncio(lake: rat.Lake) -> None:
    assert asyncio.run(lake.preview_async("silver.orders")).row_count == 2
