"""What Python says of the package where no stub is read: `help`, and the types that programs ask for."""

import ast
import inspect
import pydoc
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rat

PACKAGE = Path(rat.__file__).parent
STUB = {item.name: item for item in ast.parse((PACKAGE / "_rat.pyi").read_text()).body if isinstance(item, ast.ClassDef)}


def functions() -> dict[str, Callable[..., Any]]:
    owners = {"Lake": rat.Lake, "RunHandle": rat.RunHandle}
    owners |= {name: getattr(rat.nouns, name) for name in ("Tables", "Runs", "Landing", "Namespaces")}
    found = {
        f"{name}.{verb}": member for name, owner in owners.items() for verb, member in vars(owner).items() if inspect.isfunction(member)
    }
    return found | {name: getattr(rat, name) for name in ("open", "open_async", "init", "init_async", "log_events")}


@pytest.mark.parametrize("name", functions())
def test_the_types_of_a_signature_are_found(name: str) -> None:
    function = functions()[name]
    hints = typing.get_type_hints(function)
    assert set(inspect.signature(function).parameters) - {"self"} == set(hints) - {"return"}
    assert not [one for one in hints.values() if isinstance(one, str)]


@pytest.mark.parametrize("name", [name for name in rat.__all__ if isinstance(getattr(rat, name), type)])
def test_the_types_of_a_class_are_found(name: str) -> None:
    hints = typing.get_type_hints(getattr(rat, name))
    assert not [one for one in hints.values() if isinstance(one, str)]


def test_help_says_what_comes_back() -> None:
    assert typing.get_type_hints(rat.Lake.run)["return"] is rat.RunReport
    for verb in (rat.Lake.build, rat.Lake.build_async):
        assert ") -> rat.reports.runs.BuildReport\n" in pydoc.plain(pydoc.render_doc(verb))


@pytest.mark.parametrize("name", ["Result", "Stream", "Batch", "RunEvents"])
def test_rows_have_the_words_of_the_stub(name: str) -> None:
    found = getattr(rat, name)
    assert inspect.getdoc(found) == ast.get_docstring(STUB[name])
    # Python has words of its own for what is called by a sign.
    members = [item for item in STUB[name].body if isinstance(item, ast.FunctionDef) and not item.name.startswith("_")]
    assert {item.name: inspect.getdoc(getattr(found, item.name)) for item in members} == {
        item.name: ast.get_docstring(item) for item in members
    }
