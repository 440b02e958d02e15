"""What completes words of the command: names that the lake has. A lake that cannot be opened has none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click
    from click.shell_completion import CompletionItem

    from ..lake import Lake


def folders(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Folders, which the shell itself knows."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def pipelines(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The names of pipelines, as short as they may be."""
    return _beginning(incomplete, _names_of_pipelines(ctx))


def tables(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The names of tables and views."""
    from ..errors import RatError

    try:
        return _beginning(incomplete, _short(ctx, (table.name for table in _lake(ctx).tables.list())))
    except (RatError, OSError):
        return []


def selections(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The last name of a selection: after a comma, and after the signs for what it needs."""
    before = re.match(r"(?:.*,)?(?:\d*\+|@)?", incomplete)
    start = before[0] if before else ""
    return [start + name for name in _beginning(incomplete[len(start) :], _names_of_pipelines(ctx))]


def _names_of_pipelines(ctx: click.Context) -> list[str]:
    from ..errors import RatError

    try:
        return _short(ctx, _lake(ctx).graph().order())
    except (RatError, OSError):
        return []


def _lake(ctx: click.Context) -> Lake:
    from .group import open_lake

    root = ctx.find_root()
    # The command itself has not begun, nor has it said what its options come to.
    root.obj = {"path": root.params.get("path") or ".", "namespace": root.params.get("namespace") or "default"}
    return open_lake(root, read_only=True)


def _short(ctx: click.Context, names: Iterable[str]) -> list[str]:
    return [name.removeprefix(f"{ctx.find_root().obj['namespace']}.") for name in names]


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
