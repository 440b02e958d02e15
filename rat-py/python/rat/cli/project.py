"""Which folder a command means, and whether there is anything to build in it."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from .failing import failure

_LAYERS = ("bronze", "silver", "gold")


def lake_path(ctx: click.Context) -> str:
    """The lake that was named; else the project that the working folder is in, looked for upwards, as git does; else that folder."""
    root = ctx.find_root()
    if root.get_parameter_source("path") is not ParameterSource.DEFAULT:
        return str(root.obj["path"])
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return "."
    for folder in (here, *here.parents):
        if _is_project(folder):
            return "." if folder == here else str(folder)
    return "."


def _is_project(folder: Path) -> bool:
    if (folder / "rat.toml").is_file() or (folder / ".rat").is_dir():
        return True
    # Others call a folder `pipelines`, too.
    return any((found / layer).is_dir() for found in folder.glob("*/pipelines") for layer in _LAYERS)


def need_pipelines(ctx: click.Context) -> None:
    """Fails where no pipeline is: in a wrong folder, or with a wrong namespace. A lake in it would not be opened, which leaves files."""
    path = lake_path(ctx)
    folder = _folder(path)
    if folder is not None and not folder.is_dir():
        return  # What is not there is the library's to tell.
    namespaces = [] if folder is None else sorted(found.parent.name for found in folder.glob("*/pipelines") if found.is_dir())
    if not namespaces:
        nothing_in(path)
    root = ctx.find_root()
    named = root.obj["namespace"]
    if root.get_parameter_source("namespace") is not ParameterSource.DEFAULT and named not in namespaces:
        there = ", ".join(f"`{name}`" for name in namespaces)
        raise failure("invalid", "INVALID_ARGUMENT", f"the namespace `{named}` has no pipeline", f"leave -n out, or name one of {there}")


def nothing_in(path: str) -> None:
    where = str(Path.cwd()) if path == "." else path
    way_out = "go into a project, name one with `rat -C FOLDER`, or write one with `rat init`"
    raise failure("invalid", "INVALID_ARGUMENT", f"there is no pipeline in `{where}`", way_out)


def _folder(path: str) -> Path | None:
    """The folder of a path or a ``file:`` URL; what is in memory has none."""
    if path.startswith("file:"):
        from urllib.parse import unquote, urlsplit

        return Path(unquote(urlsplit(path).path))
    return None if path.startswith("memory:") else Path(path)
