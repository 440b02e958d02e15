"""Packages that rat does not need, and some of its methods do."""

from __future__ import annotations

import importlib
from typing import Any


def package(name: str) -> Any:
    """Imports it, or says what to install."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        raise ModuleNotFoundError(f"this needs {name}, which is not installed: pip install {name}", name=name) from None
