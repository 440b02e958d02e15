"""How cards and graphs look: among the rules of JupyterLab, in a browser; and to those who do not tell colours apart."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import rat
from conftest import write
from rat import display
from test_display import ATTACK, Tags

# What JupyterLab, and nbconvert for the pages it writes, say of tables and `pre` inside of an output.
JUPYTER = """
:not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon td, :not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon th { text-align: right }
.jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th { white-space: normal; max-width: none; vertical-align: middle }
.jp-OutputArea-output pre { font-family: inherit }
"""
READ = """
const told = ({ textAlign, whiteSpace, fontFamily }) => [textAlign, whiteSpace, fontFamily].join('|')
const names = ['td.text', 'td.num', 'th', 'th.num', 'pre']
document.title = names.map((name) => name + '=' + told(getComputedStyle(document.querySelector(name)))).join('\\n')
"""


def weight(selector: str) -> tuple[int, int]:
    """The classes and the elements of a selector; those inside of `:not()` count."""
    return len(re.findall(r"\.[\w-]+", selector)), len(re.findall(r"(?<![\w.-])[a-z]\w*(?![\w(-])", re.sub(r"[.:][\w-]+", " ", selector)))


def test_rules_for_tables_and_text_weigh_more_than_those_of_jupyter() -> None:
    theirs = max(weight(selector) for rule in re.findall(r"([^{}]+){", JUPYTER) for selector in rule.split(","))
    assert theirs == (2, 1)
    ours = [selector for rule in re.findall(r"([^{}>]+){", display._STYLE) for selector in rule.split(",")]
    assert len(ours) > 20 and [selector for selector in ours if weight(selector) <= theirs] == []


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser here")
def test_text_is_left_numbers_are_right_and_carets_stand_under_their_words(lake: rat.Lake, tmp_path: Path) -> None:
    broken = lake.compile("silver.orders", sql="select nme from {{ ref('gold.totals') }}")
    assert broken.diagnostics != []
    cards = lake.query("select 'a' as t, 1 as n")._repr_html_() + broken.diagnostics[0]._repr_html_()
    outputs = f'<div class="jp-OutputArea-output"><div class="jp-RenderedHTMLCommon">{cards}</div></div>'
    page = tmp_path / "page.html"
    page.write_text(f"<meta charset=utf-8><style>{JUPYTER}</style><body style='font-family:serif'>{outputs}<script>{READ}</script>")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/browser"]
    done = subprocess.run(["chromium", *flags, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True, timeout=120)
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title is not None
    told = dict(line.split("=") for line in title[1].splitlines())
    assert told["td.text"].startswith("left|pre-wrap|") and told["th"].startswith("left|")
    assert told["td.num"].startswith("right|nowrap|") and told["th.num"].startswith("right|")
    assert told["pre"].startswith("start|pre|ui-monospace")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", sorted({display.GREY, *display.COLOURS.values()}))
def test_white_can_be_read_on_every_mark_and_a_border_be_seen_on_dark(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5
    assert (luminance(colour) + 0.05) / (luminance("#111111") + 0.05) >= 3


class Drawn(HTMLParser):
    """The boxes of nodes, and the points that lines go through."""

    def __init__(self, svg: str) -> None:
        super().__init__()
        self.boxes: list[tuple[float, float, float, float]] = []
        self.lines: list[list[tuple[float, float]]] = []
        self.feed(svg)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        of = dict(attributes)
        if tag == "rect" and of.get("rx") == "6":
            x, y, wide, high = (float(of[name]) for name in ("x", "y", "width", "height"))
            self.boxes.append((x, y, x + wide, y + high))
        elif tag == "path":
            self.lines.append(list(points(of["d"])))


def points(path: str) -> Any:
    x = y = 0.0
    for command, given in re.findall(r"([MCH])([^MCH]*)", path):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", given)]
        if command == "M":
            x, y = numbers
            continue
        ends = [x, y, *(numbers if command == "C" else [x, y, numbers[0], y, numbers[0], y])]
        for step in range(1, 40):
            at = step / 40
            shares = [(1 - at) ** 3, 3 * at * (1 - at) ** 2, 3 * at**2 * (1 - at), at**3]
            yield sum(s * e for s, e in zip(shares, ends[::2], strict=True)), sum(s * e for s, e in zip(shares, ends[1::2], strict=True))
        x, y = ends[-2:]


@pytest.mark.parametrize("columns", [False, True])
def test_a_line_leads_from_what_is_read_to_the_reader_and_runs_behind_nothing(tmp_path: Path, columns: bool) -> None:
    write(tmp_path, "bronze", "a", "select 1 as x, 2 as y")
    write(tmp_path, "bronze", "b", "select 1 as x, 2 as y")
    write(tmp_path, "silver", "c", "select x, y from {{ ref('bronze.a') }}")
    write(tmp_path, "silver", "d", "select x, y from {{ ref('silver.c') }}")
    for name in ("e", "f", "g"):
        # Each skips two columns that are full of others.
        write(
            tmp_path,
            "gold",
            name,
            "select a.x, b.y, d.x as z from {{ ref('bronze.a') }} a, {{ ref('bronze.b') }} b, {{ ref('silver.d') }} d",
        )
    graph = rat.open(tmp_path).graph()
    drawn = Drawn(graph.to_svg(columns=columns))
    assert len(drawn.boxes) == len(graph.nodes) and len(drawn.lines) == (13 if columns else len(graph.edges))
    inside = [
        (point, box)
        for line, box in product(drawn.lines, drawn.boxes)
        for point in line
        if box[0] < point[0] < box[2] and box[1] < point[1] < box[3]
    ]
    assert inside == []
    starts, ends = {box[2] for box in drawn.boxes}, {box[0] for box in drawn.boxes}
    assert all(min(abs(line[0][0] - x) for x in starts) < 5 and min(abs(line[-1][0] - x) for x in ends) < 5 for line in drawn.lines)


def test_a_graph_says_in_words_how_it_stands(project: Path) -> None:
    write(project, "gold", "broken", "select customr from {{ ref('silver.orders') }}")
    lake = rat.open(project)
    lake.run("silver.orders")
    svg = lake.graph().to_svg()
    assert 'role="img" aria-label="Graph of 3 nodes and 2 edges: 1 success, 1 with errors, 1 never ran"' in svg
    assert "✓ 2 rows" in svg and "✗ error" in svg and ">never ran</text>" in svg


def test_a_cycle_is_drawn(tmp_path: Path) -> None:
    write(tmp_path, "silver", "a", "select * from {{ ref('silver.b') }}")
    write(tmp_path, "silver", "b", "select * from {{ ref('silver.a') }}")
    assert len(Drawn(rat.open(tmp_path).graph().to_svg()).lines) == 2


def test_nothing_of_a_project_is_markup_in_a_graph(tmp_path: Path) -> None:
    attack = f"{ATTACK}\"'"
    write(tmp_path, "silver", "orders", 'select 1 as "' + attack.replace('"', '""') + '"')
    config = tmp_path / "default/pipelines/silver/orders/config.yaml"
    config.write_text("description: '" + attack.replace("'", "''") + "'\n")
    lake = rat.open(tmp_path)
    for svg in (lake.graph().to_svg(), lake.graph().to_svg(columns=True)):
        assert "img" not in Tags(svg).seen and "&lt;img" in svg
    html = lake.query('select 1 as "' + attack.replace('"', '""') + "\", '" + attack.replace("'", "''") + "' as t")._repr_html_()
    assert "img" not in Tags(html).seen and html.count("&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;") == 2


def test_every_header_of_a_column_says_so(lake: rat.Lake) -> None:
    reports: list[Any] = [lake.build(), lake.query("select 1 as n"), lake.runs.list(), lake.tables.list(), lake.maintain(dry_run=True)]
    for report in reports:
        html = report._repr_html_()
        assert html.count("<th ") == html.count('<th scope="col"') > 0 and "<th>" not in html
