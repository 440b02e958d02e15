"""Writes the words of the core's structs under the fields of the reports: `python rat-py/words.py`.

What a field means is written once, in Rust. Here it stands under each field, for editors and for the reference; a test holds it against
what this writes. The few fields that the core says without having them keep the words that they have.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "python" / "rat"
MODULES = ["errors", "graph", "reports/checks", "reports/runs", "reports/tables"]
sys.path.insert(0, str(HERE.parent / "docs" / "site"))

import parity  # noqa: E402
import sources  # noqa: E402

RUST = {noun.python: noun.rust for noun in parity.NOUNS.values() if noun.python and noun.rust}
# What is called otherwise here, because `from` is a word of Python's own.
NAMES = {("Edge", "source"): "from", ("Edge", "reader"): "to"}


def told(words: str, nullable: bool) -> str:
    """Documentation of Rust's, as a docstring has it."""
    text = re.sub(r"\[`(?:(?:Self|(\w+))::)?(\w+)`\](?:\([^)]*\))?", lambda m: f"`{m[1]}.{m[2]}`" if m[1] else f"`{m[2]}`", words)
    if nullable:
        text = re.sub(r"\bnone(?= (?:on|for|when|at|while|where|until|before)\b)", "`None`", text)
    return re.sub(r"`([^`]+)`", r"``\1``", text)


def written(module: str) -> str:
    """The text of a module with the words under its fields."""
    text = (PACKAGE / f"{module}.py").read_text()
    lines = text.splitlines()
    for item in reversed(ast.parse(text).body):
        if not isinstance(item, ast.ClassDef) or item.name not in RUST:
            continue
        known = sources.rust_words(RUST[item.name])
        for field, after in reversed(list(zip(item.body, [*item.body[1:], None], strict=True))):
            match field:
                case ast.AnnAssign(target=ast.Name(id=name), value=None) if words := known.get(NAMES.get((item.name, name), name)):
                    pass
                case _:
                    continue
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                del lines[after.lineno - 1 : after.end_lineno]
            lines[field.end_lineno : field.end_lineno] = _docstring(told(words, "None" in ast.unparse(field.annotation)))
    return "\n".join(lines) + "\n"


def _docstring(words: str) -> list[str]:
    if len(words) < 128:
        return [f'    """{words}"""']
    first, *more = textwrap.wrap(words, 134)
    return [f'    """{first}', *(f"    {line}" for line in more), '    """']


if __name__ == "__main__":
    for name in MODULES:
        (PACKAGE / f"{name}.py").write_text(written(name))
