"""The graph as an SVG: layers in columns, the order that crosses least inside them, colour and a mark by the newest run.

A line that skips a column has a lane in it: a place among the nodes, so that it never runs behind one.
"""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ._words import counted
from .display import COLOURS, GREY

if TYPE_CHECKING:
    from .graph import Graph, Node

_WIDTH, _GAP_X, _GAP_Y, _MARGIN, _TITLE, _LINE, _HEAD = 200, 90, 16, 16, 26, 16, 40
# How far apart the lines of columns are that share a lane.
_APART = 4
# Text that is read less, on a background that nobody knows here.
_QUIET = 'fill="currentColor" fill-opacity=".75"'


class _Lane(NamedTuple):
    """The place of a pair's lines in a column that they skip."""

    source: str
    reader: str
    rank: int


Place = dict[str | _Lane, tuple[float, float]]
# Source and reader, and how far down in each a line begins and ends.
Line = tuple[str, str, float, float]


def graph(drawn: Graph, *, columns: bool = False) -> str:
    """One `<svg>`, self-contained. With `columns`, each node lists its columns and lines run between those."""
    ranks = _ranks(drawn)
    nodes = {node.name: node for node in drawn.nodes}
    heights: dict[str | _Lane, float] = {node.name: _height(node, columns) for node in drawn.nodes}
    lines = _column_lines(drawn, nodes) if columns else []
    told = {line[:2] for line in lines}
    # What is read for no column, for a filter alone, is read all the same.
    lines += [(e.source, e.reader, _HEAD / 2, _HEAD / 2) for e in drawn.edges if (e.source, e.reader) not in told]
    pairs: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        pairs.setdefault(line[:2], []).append(line)
    ways = {pair: _way(*pair, ranks) for pair in pairs}
    heights |= {lane: _APART * (len(pairs[pair]) - 1) for pair, way in ways.items() for lane in way[1:-1]}
    order = _order(drawn, ranks, list(ways.values()))
    place: Place = {}
    tall = max((sum(heights[one] + _GAP_Y for one in rank) - _GAP_Y for rank in order), default=0)
    for index, rank in enumerate(order):
        y = _MARGIN + _TITLE + (tall - (sum(heights[one] + _GAP_Y for one in rank) - _GAP_Y)) / 2
        for one in rank:
            place[one] = (_MARGIN + index * (_WIDTH + _GAP_X), y)
            y += heights[one] + _GAP_Y
    wide = max(2 * _MARGIN + len(order) * (_WIDTH + _GAP_X) - _GAP_X, 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall + 2 * _MARGIN + _TITLE:.0f}" width="{wide}" '
        f'style="max-width:100%;height:auto" font-family="system-ui,sans-serif" font-size="12" role="img" aria-label="{_told(drawn)}">'
    ]
    for index, rank in enumerate(order):
        layers = list(dict.fromkeys(nodes[one].layer for one in rank if isinstance(one, str)))
        parts.append(
            f'<text x="{_MARGIN + index * (_WIDTH + _GAP_X)}" y="{_MARGIN + 10}" {_QUIET} font-weight="600">'
            f"{escape(', '.join(layers))}</text>"
        )
    for pair, way in ways.items():
        parts += [_line(way, place, line, at) for at, line in enumerate(sorted(pairs[pair], key=lambda line: line[2:]))]
    parts.extend(_node(nodes[one], place[one], heights[one], columns) for rank in order for one in rank if isinstance(one, str))
    return "".join(parts) + "</svg>"


def _told(drawn: Graph) -> str:
    """What is drawn, for those who do not see it."""
    counts: dict[str, int] = {}
    for node in drawn.nodes:
        if node.kind == "pipeline":
            words = "with errors" if not node.ok else node.latest_run["status"] if node.latest_run else "never ran"
            counts[words] = counts.get(words, 0) + (1 if _mark(node) else 0)
    runs = ", ".join(f"{number} {words}" for words, number in counts.items() if number)
    text = f"Graph of {counted(len(drawn.nodes), 'node')} and {counted(len(drawn.edges), 'edge')}"
    return escape(f"{text}: {runs}" if runs else text)


def _ranks(drawn: Graph) -> dict[str, int]:
    # A layer is never left of an earlier one, and a reader never left of what it reads.
    first = {"bronze": 0, "silver": 1, "gold": 2}
    ranks = {node.name: first.get(node.layer, 0) for node in drawn.nodes}
    reads: dict[str, list[str]] = {}
    for edge in drawn.edges:
        reads.setdefault(edge.reader, []).append(edge.source)
    for name in [*(n.name for n in drawn.nodes if n.kind == "table"), *drawn.order()]:
        ranks[name] = max([ranks[name], *(ranks[source] + 1 for source in reads.get(name, []) if source in ranks)])
    used = sorted(set(ranks.values()))
    return {name: used.index(rank) for name, rank in ranks.items()}


def _way(source: str, reader: str, ranks: dict[str, int]) -> list[str | _Lane]:
    """From a node to one that reads it, with a lane in every column between."""
    return [source, *(_Lane(source, reader, rank) for rank in range(ranks[source] + 1, ranks[reader])), reader]


def _order(drawn: Graph, ranks: dict[str, int], ways: list[list[str | _Lane]]) -> list[list[str | _Lane]]:
    order: list[list[str | _Lane]] = [[] for _ in range(max(ranks.values(), default=-1) + 1)]
    for node in drawn.nodes:
        order[ranks[node.name]].append(node.name)
    near: dict[str | _Lane, list[str | _Lane]] = {}
    for way in ways:
        for lane in way[1:-1]:
            order[lane.rank].append(lane)  # type: ignore[union-attr]
        for one, next_one in pairwise(way):
            near.setdefault(one, []).append(next_one)
            near.setdefault(next_one, []).append(one)
    # A few sweeps of the barycentre heuristic: every node goes to the mean place of its neighbours.
    for sweep in range(6):
        for rank in order if sweep % 2 == 0 else reversed(order):
            at = {one: i / max(len(r), 1) for r in order for i, one in enumerate(r)}
            rank.sort(key=lambda one: sum(at[n] for n in near[one]) / len(near[one]) if near.get(one) else at[one])
    return order


def _height(node: Node, columns: bool) -> float:
    return _HEAD + (_LINE * len(node.columns or []) + 6 if columns and node.columns else 0)


def _node(node: Node, place: tuple[float, float], height: float, columns: bool) -> str:
    x, y = place
    run = node.latest_run
    status = "error" if not node.ok else run["status"] if run else "pending"
    colour = COLOURS.get(status, GREY)
    kind = node.kind if node.kind == "table" else node.materialized if node.materialized != "table" else node.strategy
    short = node.name.split(".", 1)[1] if node.name.startswith("default.") else node.name
    told = [node.name, node.description or "", f"newest run: {run['status']} at {run['started_at']}" if run else "never ran"]
    parts = [
        f"<g><title>{escape(chr(10).join(line for line in told if line))}</title>"
        f'<rect x="{x}" y="{y:.1f}" width="{_WIDTH}" height="{height}" rx="6" fill="{colour}" fill-opacity=".10" stroke="{colour}"'
        f"{' stroke-dasharray=' + chr(34) + '4 3' + chr(34) if node.kind == 'table' else ''}/>"
        f'<rect x="{x}" y="{y:.1f}" width="4" height="{height}" rx="2" fill="{colour}"/>'
        f'<text x="{x + 14}" y="{y + 17:.1f}" font-weight="600" fill="currentColor">{escape(_fit(short, 26))}</text>'
        f'<text x="{x + 14}" y="{y + 32:.1f}" {_QUIET} font-size="11">{escape(kind or "")}</text>'
        f'<text x="{x + _WIDTH - 10}" y="{y + 32:.1f}" {_QUIET} font-size="11" text-anchor="end">{escape(_mark(node))}</text>'
    ]
    if columns:
        for index, column in enumerate(node.columns or []):
            down = f"{y + _HEAD + 11 + index * _LINE:.1f}"
            name, kind = escape(_fit(column.name, 20)), escape(_fit(column.type, 16))
            parts.append(f'<text x="{x + 14}" y="{down}" fill="currentColor" font-size="11">{name}</text>')
            parts.append(f'<text x="{x + _WIDTH - 10}" y="{down}" {_QUIET} font-size="10" text-anchor="end">{kind}</text>')
    return "".join(parts) + "</g>"


def _mark(node: Node) -> str:
    """How it stands, in a word: colour alone is not for everybody."""
    run = node.latest_run
    if node.kind == "table" or (run is None and node.ok and node.materialized == "ephemeral"):
        return ""
    if not node.ok:
        return "✗ error"
    if run is None:
        return "never ran"
    if run["status"] == "success":
        return "✓ success" if run.get("rows_written") is None else f"✓ {counted(run['rows_written'], 'row')}"
    return f"✗ {run['status']}" if run["status"] == "failed" else str(run["status"])


def _column_lines(drawn: Graph, nodes: dict[str, Node]) -> list[Line]:
    lines: list[Line] = []
    for node in drawn.nodes:
        at = {column.name.lower(): i for i, column in enumerate(node.columns or [])}
        for column in node.lineage:
            for origin in column["from"]:
                source = nodes.get(origin["table"])
                there = {c.name.lower(): i for i, c in enumerate(source.columns or [])} if source else {}
                if source and origin["column"].lower() in there and column["column"].lower() in at:
                    down = _HEAD + 7 + there[origin["column"].lower()] * _LINE
                    up = _HEAD + 7 + at[column["column"].lower()] * _LINE
                    lines.append((source.name, node.name, down, up))
    return lines


def _line(way: list[str | _Lane], place: Place, line: Line, at: int) -> str:
    """A line along its way, curved between the columns and straight through the lanes; `at` is its place among those of its pair."""
    _, _, down, up = line
    x, y = place[way[0]]
    x, y = x + _WIDTH, y + down
    path = f"M{x},{y:.1f}"
    for one in way[1:]:
        to_x, to_y = place[one]
        to_y += up if one == way[-1] else at * _APART
        bend = max(40.0, (to_x - x) / 2)
        path += f" C{x + bend:.0f},{y:.1f} {to_x - bend:.0f},{to_y:.1f} {to_x},{to_y:.1f}"
        path += f" H{to_x + _WIDTH}" if one != way[-1] else ""
        x, y = to_x + _WIDTH, to_y
    # Only in a cycle does a line lead back, over whatever is there.
    colour = COLOURS["error"] if place[way[-1]][0] <= place[way[0]][0] else GREY
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.3"/>'


def _fit(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
