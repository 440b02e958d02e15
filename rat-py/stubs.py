"""Writes the stubs of the public classes from their sources: `python rat-py/stubs.py`.

A verb is written once, as what begins it (`_build`), and is there twice, waited for and awaited (`rat/verbs.py`). The stubs have both, each
with its signature and its words, for editors and type checkers. A test holds them against the sources.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent / "python" / "rat"
MODULES = ["handle", "lake", "nouns"]
HEAD = "# Written by rat-py/stubs.py from {module}.py.\n"


def stub(module: str) -> str:
    """The stub of a module of the package."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    body = [ast.unparse(statement) for statement in _statements(tree.body)]
    return _formatted(HEAD.format(module=module) + "\n".join(body), f"{module}.pyi")


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for item in body:
        match item:
            case ast.ImportFrom(module="__future__" | "verbs"):
                pass
            case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
                yield item
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from item.body
            case ast.ClassDef():
                made = [one for member in item.body for one in _members(member, item)]
                yield ast.ClassDef(item.name, item.bases, item.keywords, made, item.decorator_list)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if not item.name.startswith("_"):
                yield _declared(item)


def _members(member: ast.stmt, owner: ast.ClassDef) -> Iterator[ast.stmt]:
    match member:
        case ast.Assign(
            targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="waits" | "awaits" as how), args=[ast.Name(id=begin)])
        ):
            (found,) = [item for item in owner.body if isinstance(item, ast.FunctionDef) and item.name == begin]
            # `Call[T]` is what the caller gets a `T` out of.
            assert isinstance(found.returns, ast.Subscript), f"{owner.name}.{begin} gives no Call"
            kind = ast.FunctionDef if how == "waits" else ast.AsyncFunctionDef
            yield _declared(kind(name, found.args, found.body, [], found.returns.slice, lineno=0))
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if not name.startswith("_") or name.endswith("_"):
            yield _declared(member)
        case ast.AnnAssign() | ast.Expr():
            yield member


def _declared(function: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
    # `ast.unparse` asks for a line.
    words = function.body[:1] if ast.get_docstring(function) else []
    body = words or [ast.Expr(ast.Constant(...))]
    return type(function)(function.name, function.args, body, function.decorator_list, function.returns, lineno=0)


def _formatted(text: str, name: str) -> str:
    """Without the imports that only the bodies need, and as all Python of the project is laid out."""
    ruff = [sys.executable, "-m", "ruff"]
    for arguments in (["check", "--quiet", "--fix-only", "--select", "F401,I001"], ["format", "--quiet"]):
        done = subprocess.run(
            [*ruff, *arguments, "--stdin-filename", str(PACKAGE / name), "-"], input=text, capture_output=True, text=True, check=True
        )
        text = done.stdout
    return text


if __name__ == "__main__":
    for name in MODULES:
        (PACKAGE / f"{name}.pyi").write_text(stub(name))
