"""``%load_ext rat``: ``%rat ./shop`` opens a lake, ``%%rat`` asks it."""

from __future__ import annotations

import builtins
import keyword
import shlex
from typing import Any

from .lake import Lake, open


def load(ipython: Any) -> None:
    """Registers the magic with a running IPython."""
    opened: dict[str, Lake] = {}

    def rat(line: str, cell: str | None = None) -> Any:
        """``%rat PATH`` opens a lake. ``%%rat [LAKE] [NAME <<]`` answers the cell's SQL, and keeps the result as NAME."""
        if cell is None:
            path, *more = _words(line) or ["."]
            if more:
                raise _usage("`%rat` opens one lake: put a path with spaces in quotes")
            opened["lake"] = open(path)
            return opened["lake"]
        asked, keeps, rest = line.partition("<<")
        words = _words(asked)
        name = words.pop() if keeps and words else None
        if len(words) > 1 or rest.strip() or (keeps and name is None):
            raise _usage("write `%%rat`, `%%rat LAKE`, `%%rat NAME <<` or `%%rat LAKE NAME <<`, and the SQL below")
        if name is not None:
            _check_name(name, ipython.user_ns)
        lake = _named_lake(words[0], ipython.user_ns) if words else opened.get("lake") or _only_lake(ipython.user_ns)
        result = lake.query(cell)
        if name is not None:
            ipython.user_ns[name] = result
        return result

    ipython.register_magic_function(rat, "line_cell", "rat")


def _usage(words: str) -> Exception:
    """What IPython shows as one line."""
    from IPython.core.error import UsageError

    return UsageError(words)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise _usage(f"{line.strip()}: {error}") from None


def _check_name(name: str, names: dict[str, Any]) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise _usage(f"`{name}` is not a name of a variable")
    if hasattr(builtins, name):
        raise _usage(f"`{name}` is a name of Python's own: keep the result under another one")
    if isinstance(names.get(name), Lake):
        raise _usage(f"`{name}` is a lake: keep the result under another name")


def _named_lake(name: str, names: dict[str, Any]) -> Lake:
    lake = names.get(name)
    if not isinstance(lake, Lake):
        raise _usage(f"`{name}` is not a lake; to keep the result under this name, write `%%rat {name} <<`")
    return lake


def _only_lake(names: dict[str, Any]) -> Lake:
    lakes = {id(value): value for name, value in names.items() if isinstance(value, Lake) and not name.startswith("_")}
    if len(lakes) != 1:
        raise _usage(f"there are {len(lakes)} lakes in this notebook: say which with `%%rat LAKE`, or open one with `%rat PATH`")
    return next(iter(lakes.values()))
