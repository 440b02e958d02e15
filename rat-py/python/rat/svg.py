"""The graph as an SVG: layers in columns, the order that crosses least inside them, colour by the newest run."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from zlib import crc32

from ._words import counted
from .display import COLOURS

if TYPE_CHECKING:
    from .graph import Graph, Node

_WIDTH, _GAP_X, _GAP_Y, _MARGIN, _TITLE, _LINE, _HEAD = 200, 90, 16, 16, 26, 16, 40


def graph(drawn: Graph, *, columns: bool = False) -> str:
    """One `<svg>`, self-contained. With `columns`, each node lists its columns and lines run between those."""
    ranks = _ranks(drawn)
    order = _order(drawn, ranks)
    place: dict[str, tuple[float, float]] = {}
    nodes = {node.name: node for node in drawn.nodes}
    heights = {node.name: _height(node, columns) for node in drawn.nodes}
    tall = max((sum(heights[n] + _GAP_Y for n in rank) - _GAP_Y for rank in order), default=0)
    for index, rank in enumerate(order):
        y = _MARGIN + _TITLE + (tall - (sum(heights[n] + _GAP_Y for n in rank) - _GAP_Y)) / 2
        for name in rank:
            place[name] = (_MARGIN + index * (_WIDTH + _GAP_X), y)
            y += heights[name] + _GAP_Y
    wide = 2 * _MARGIN + len(order) * (_WIDTH + _GAP_X) - _GAP_X
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {max(wide, 1)} {tall + 2 * _MARGIN + _TITLE:.0f}" '
        f'width="{max(wide, 1)}" style="max-width:100%;height:auto" font-family="system-ui,sans-serif" font-size="12" role="img">'
    ]
    for index, rank in enumerate(order):
        layers = list(dict.fromkeys(nodes[name].layer for name in rank))
        parts.append(
            f'<text x="{_MARGIN + index * (_WIDTH + _GAP_X)}" y="{_MARGIN + 10}" fill="#8a8f98" font-weight="600">'
            f"{escape(', '.join(layers))}</text>"
        )
    lines = [_line(place[e.source], place[e.reader], heights[e.source] / 2, heights[e.reader] / 2) for e in drawn.edges]
    parts.append(_behind(_column_lines(drawn, nodes, place) if columns else lines, place, heights))
    parts.extend(_node(nodes[name], place[name], heights[name], columns) for rank in order for name in rank)
    return "".join(parts) + "</svg>"


def _behind(lines: list[str], place: dict[str, tuple[float, float]], heights: dict[str, float]) -> str:
    """The lines, cut out where nodes are: those are translucent, on a background that nobody knows here."""
    holes = "".join(f'<rect x="{x}" y="{y:.1f}" width="{_WIDTH}" height="{heights[n]}" rx="6" fill="#000"/>' for n, (x, y) in place.items())
    # A notebook holds many drawings, and an identifier is its own only if it is made of what it is for.
    name = f"rat-{crc32(holes.encode()):08x}"
    mask = f'<mask id="{name}" maskUnits="userSpaceOnUse"><rect width="100%" height="100%" fill="#fff"/>{holes}</mask>'
    return f'{mask}<g mask="url(#{name})">{"".join(lines)}</g>'


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


def _order(drawn: Graph, ranks: dict[str, int]) -> list[list[str]]:
    order: list[list[str]] = [[] for _ in range(max(ranks.values(), default=-1) + 1)]
    for node in drawn.nodes:
        order[ranks[node.name]].append(node.name)
    near: dict[str, list[str]] = {}
    for edge in drawn.edges:
        near.setdefault(edge.source, []).append(edge.reader)
        near.setdefault(edge.reader, []).append(edge.source)
    # A few sweeps of the barycentre heuristic: every node goes to the mean place of its neighbours.
    for sweep in range(6):
        for rank in order if sweep % 2 == 0 else reversed(order):
            at = {name: i / max(len(r), 1) for r in order for i, name in enumerate(r)}
            rank.sort(key=lambda name: sum(at[n] for n in near[name]) / len(near[name]) if near.get(name) else at[name])
    return order


def _height(node: Node, columns: bool) -> float:
    return _HEAD + (_LINE * len(node.columns or []) + 6 if columns and node.columns else 0)


def _node(node: Node, place: tuple[float, float], height: float, columns: bool) -> str:
    x, y = place
    run = node.latest_run
    status = "error" if not node.ok else run["status"] if run else "pending"
    colour = COLOURS.get(status, "#8a8f98")
    kind = node.kind if node.kind == "table" else node.materialized if node.materialized != "table" else node.strategy
    short = node.name.split(".", 1)[1] if node.name.startswith("default.") else node.name
    told = [node.name, node.description or "", f"newest run: {run['status']} at {run['started_at']}" if run else "never ran"]
    rows = counted(run["rows_written"], "row") if run and run.get("rows_written") is not None else ""
    parts = [
        f"<g><title>{escape(chr(10).join(line for line in told if line))}</title>"
        f'<rect x="{x}" y="{y:.1f}" width="{_WIDTH}" height="{height}" rx="6" fill="{colour}" fill-opacity=".10" stroke="{colour}" '
        f'stroke-opacity=".8"{" stroke-dasharray=" + chr(34) + "4 3" + chr(34) if node.kind == "table" else ""}/>'
        f'<rect x="{x}" y="{y:.1f}" width="4" height="{height}" rx="2" fill="{colour}"/>'
        f'<text x="{x + 14}" y="{y + 17:.1f}" font-weight="600" fill="currentColor">{escape(_fit(short, 26))}</text>'
        f'<text x="{x + 14}" y="{y + 32:.1f}" fill="#8a8f98" font-size="11">{escape(kind or "")}</text>'
        f'<text x="{x + _WIDTH - 10}" y="{y + 32:.1f}" fill="#8a8f98" font-size="11" text-anchor="end">{escape(rows)}</text>'
    ]
    if columns:
        for index, column in enumerate(node.columns or []):
            down = f"{y + _HEAD + 11 + index * _LINE:.1f}"
            name, kind = escape(_fit(column.name, 20)), escape(_fit(column.type, 16))
            parts.append(f'<text x="{x + 14}" y="{down}" fill="currentColor" font-size="11">{name}</text>')
            parts.append(f'<text x="{x + _WIDTH - 10}" y="{down}" fill="#8a8f98" font-size="10" text-anchor="end">{kind}</text>')
    return "".join(parts) + "</g>"


def _column_lines(drawn: Graph, nodes: dict[str, Node], place: dict[str, tuple[float, float]]) -> list[str]:
    lines = []
    for node in drawn.nodes:
        at = {column.name.lower(): i for i, column in enumerate(node.columns or [])}
        for column in node.lineage:
            for origin in column["from"]:
                source = nodes.get(origin["table"])
                there = {c.name.lower(): i for i, c in enumerate(source.columns or [])} if source else {}
                if source and origin["column"].lower() in there and column["column"].lower() in at:
                    down = _HEAD + 7 + there[origin["column"].lower()] * _LINE
                    up = _HEAD + 7 + at[column["column"].lower()] * _LINE
                    lines.append(_line(place[source.name], place[node.name], down, up))
    return lines


def _line(source: tuple[float, float], reader: tuple[float, float], down: float, up: float) -> str:
    x1, y1, x2, y2 = source[0] + _WIDTH, source[1] + down, reader[0], reader[1] + up
    bend = max(40.0, (x2 - x1) / 2)
    return (
        f'<path d="M{x1},{y1:.1f} C{x1 + bend},{y1:.1f} {x2 - bend},{y2:.1f} {x2},{y2:.1f}" fill="none" stroke="#8a8f98" '
        f'stroke-opacity=".7" stroke-width="1.3"/>'
    )


def _fit(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
