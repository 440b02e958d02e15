"""``%load_ext rat``: ``%rat ./shop`` opens a lake, ``%%rat`` asks it."""

from __future__ import annotations

from typing import Any

from .lake import Lake, open


def load(ipython: Any) -> None:
    """Registers the magic with a running IPython."""
    opened: dict[str, Lake] = {}

    def rat(line: str, cell: str | None = None) -> Any:
        """``%rat PATH`` opens a lake. ``%%rat [NAME]`` answers the cell's SQL; NAME keeps the result, or is the lake to ask."""
        word = line.strip()
        if cell is None:
            opened["lake"] = open(word or ".")
            return opened["lake"]
        known = ipython.user_ns.get(word)
        lake = known if isinstance(known, Lake) else opened.get("lake") or _only_lake(ipython.user_ns)
        result = lake.query(cell)
        if word and not isinstance(known, Lake):
            ipython.user_ns[word] = result
        return result

    ipython.register_magic_function(rat, "line_cell", "rat")


def _only_lake(names: dict[str, Any]) -> Lake:
    lakes = {id(value): value for name, value in names.items() if isinstance(value, Lake) and not name.startswith("_")}
    if len(lakes) != 1:
        raise ValueError(f"there are {len(lakes)} lakes in this notebook: say which with `%%rat NAME`, or open one with `%rat PATH`")
    return next(iter(lakes.values()))
