"""The stubs say what the package is: written from the sources, the same as what runs, whole, and of use to a type checker."""

import ast
import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from test_arguments import verbs

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "python" / "rat"
CONFIG = HERE.parent / "pyproject.toml"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE.parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


STUBS = script("stubs")
WORDS = script("words")


def run(*command: object) -> str:
    done = subprocess.run([sys.executable, "-m", *map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("module", STUBS.MODULES)
def test_the_stubs_are_written_from_the_sources(module: str) -> None:
    file = PACKAGE / f"{module}.pyi"
    if os.environ.get("RAT_UPDATE"):
        file.write_text(STUBS.stub(module))
    assert file.read_text() == STUBS.stub(module), f"python rat-py/stubs.py writes {file.name} anew"


@pytest.mark.parametrize("module", WORDS.MODULES)
def test_the_fields_of_reports_have_the_words_of_the_core(module: str) -> None:
    file = PACKAGE / f"{module}.py"
    if os.environ.get("RAT_UPDATE"):
        file.write_text(WORDS.written(module))
    assert file.read_text() == WORDS.written(module), f"python rat-py/words.py writes {file.name} anew"
    for item in ast.parse(file.read_text()).body:
        if isinstance(item, ast.ClassDef) and item.name in WORDS.RUST:
            fields = [(field, after) for field, after in itertools.pairwise([*item.body, None]) if isinstance(field, ast.AnnAssign)]
            told = [ast.unparse(field) for field, after in fields if field.value is None and not isinstance(after, ast.Expr)]
            assert told == [], f"{item.name} has fields without words"
            words = [after.value.value for _, after in fields if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)]
            assert all(isinstance(one, str) and len(one) < 400 for one in words), f"{item.name} has words that are more than a field's"


def test_the_stubs_and_what_runs_agree() -> None:
    modules = ["rat._rat", *(f"rat.{module}" for module in STUBS.MODULES)]
    run("mypy.stubtest", *modules, "--ignore-missing-stub", "--mypy-config-file", CONFIG)


@pytest.mark.parametrize("module", ["_rat", *STUBS.MODULES])
def test_everything_public_has_its_words(module: str) -> None:
    tree = ast.parse((PACKAGE / f"{module}.pyi").read_text())
    without = []
    for owner in [tree, *(item for item in tree.body if isinstance(item, ast.ClassDef))]:
        # The native half of a class that is documented where people meet it.
        if module == "_rat" and (owner is tree or not ast.get_docstring(owner)):
            continue
        items = [item for item in owner.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
        without += [item.name for item in items if not item.name.startswith("_") and not ast.get_docstring(item)]
    assert without == []


def test_a_typed_program_is_taken_and_each_wrong_use_refused() -> None:
    assert "0 errors" in run("basedpyright", "--project", CONFIG, "--pythonpath", sys.executable)


def test_no_public_name_is_without_a_type() -> None:
    told = run("basedpyright", "--verifytypes", "rat", "--ignoreexternal", "--pythonpath", sys.executable)
    assert "Type completeness score: 100%" in told, told


def test_the_typed_program_uses_every_verb_and_runs(tmp_path: Path) -> None:
    text = (HERE / "typed" / "uses.py").read_text()
    unused = [
        verb for verb, _ in verbs() if f".{verb.rpartition('.')[2]}(" not in text and f".{verb.rpartition('.')[2]}_async(" not in text
    ]
    assert unused == []
    for name, sql in {
        "silver/orders": "-- @merge_strategy: incremental\n-- @unique_key: id\nselect 1 as id, 2.5 as amount",
        "gold/totals": "select sum(amount) as total from {{ ref('silver.orders') }}",
    }.items():
        folder = tmp_path / "default" / "pipelines" / name
        folder.mkdir(parents=True)
        (folder / "pipeline.sql").write_text(sql)
    subprocess.run([sys.executable, HERE / "typed" / "uses.py", tmp_path], check=True, capture_output=True)
