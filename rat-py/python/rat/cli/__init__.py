"""The command ``rat``: the verbs of a lake, drawn for people and as JSON for programs."""

from __future__ import annotations

try:
    import click  # noqa: F401
except ModuleNotFoundError:
    raise SystemExit("the command rat needs click and rich: pip install 'rat-lake[cli]'") from None

from . import lake, pipelines  # noqa: F401 - the commands, which enter themselves
from .failing import EXIT_CODES
from .group import main

__all__ = ["EXIT_CODES", "main"]
