"""``lake.graph()``: what reads what."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Literal

from . import _rat
from ._words import counted
from .reports import Column, Report
from .reports.base import Language


@dataclass(frozen=True, repr=False, eq=False)
class Node(Report):
    """A pipeline, or a table that no pipeline makes (``kind``); of that, only name and layer are known."""

    name: str
    """``namespace.layer.name``."""
    kind: Literal["pipeline", "table"]
    """What it is."""
    layer: Literal["bronze", "silver", "gold"]
    """The layer."""
    path: str | None
    """The pipeline's folder inside the project."""
    language: Language | None
    """What it is written in."""
    materialized: Literal["table", "view", "ephemeral"] | None
    """``table``, ``view`` or ``ephemeral``."""
    strategy: str | None
    """The merge strategy of a pipeline that makes a table."""
    description: str | None
    """What the pipeline makes, in a sentence."""
    owner: str | None
    """Who answers for it."""
    tags: list[str]
    """Words to select it by."""
    columns: list[Column] | None
    """The columns of its table; ``None`` when they are unknown."""
    lineage: list[dict[str, Any]]
    """Where each column comes from, in the order of the columns."""
    ok: bool
    """Whether its project files have no error."""
    latest_run: dict[str, Any] | None
    """Its newest run, if it ever ran."""

    @classmethod
    def _from(cls, data: dict[str, Any]) -> Node:
        columns = data.get("columns")
        made = {**data, "columns": None if columns is None else [Column._from(column) for column in columns]}
        return cls(**made, _data=data)

    def __repr__(self) -> str:
        return f"<Node {self.name} ({self.kind})>"


@dataclass(frozen=True, repr=False, eq=False)
class Edge(Report):
    """``reader`` reads ``source``."""

    source: str
    """What is read."""
    reader: str
    """What reads it."""

    def __repr__(self) -> str:
        return f"<Edge {self.source} -> {self.reader}>"


class Graph:
    """Pipelines in build order, the tables they read that no pipeline makes, and what reads what. An SVG in a notebook."""

    def __init__(self, native: _rat.Graph, data: dict[str, Any]) -> None:
        self._native = native
        self._data = data
        self.nodes: list[Node] = [Node._from(node) for node in data["nodes"]]
        self.edges: list[Edge] = [Edge(edge, edge["from"], edge["to"]) for edge in data["edges"]]

    def order(self) -> list[str]:
        """The pipelines, each after all that it reads."""
        return self._native.order()

    def upstream(self, pipeline: str) -> list[str]:
        """Everything a pipeline needs, directly or not, in build order. Raises ``NotFoundError`` for one that is not in the graph."""
        return self._native.upstream(pipeline)

    def downstream(self, pipeline: str) -> list[str]:
        """Everything that needs a pipeline, directly or not, in build order. Raises as :meth:`upstream`."""
        return self._native.downstream(pipeline)

    def to_mermaid(self) -> str:
        """A Mermaid flowchart."""
        return self._native.to_mermaid()

    def to_json(self) -> dict[str, Any]:
        """``{"nodes": [...], "edges": [{"from", "to"}]}``."""
        return copy.deepcopy(self._data)

    def to_dict(self) -> dict[str, Any]:
        """As :meth:`to_json`: what every report has."""
        return self.to_json()

    def to_svg(self, *, columns: bool = False) -> str:
        """The graph drawn: layers in columns, colour by the newest run. With ``columns``, the lineage of columns too."""
        from . import svg

        return svg.graph(self, columns=columns)

    def __repr__(self) -> str:
        return f"<Graph of {counted(len(self.nodes), 'node')}, {counted(len(self.edges), 'edge')}>"

    def _repr_html_(self) -> str:
        return self.to_svg()
