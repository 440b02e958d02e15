"""The notebook of the flights example, executed as it is; and what the magic takes and refuses."""

import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
import rat
from IPython.core.error import UsageError
from nbclient import NotebookClient
from rat import magic

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def cells() -> list[dict[str, object]]:
    notebook = nbformat.read(EXAMPLES / "python" / "flights.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(EXAMPLES / "python")}})
    client.execute(env={**os.environ})
    if kept := os.environ.get("RAT_EXECUTED_NOTEBOOK"):
        nbformat.write(notebook, kept)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cells: list[dict[str, object]], source: str) -> str:
    (cell,) = [cell for cell in cells if cell["source"].startswith(source)]
    return "".join(output.get("data", {}).get("text/html", "") for output in cell["outputs"])


def test_reports_graph_and_rows_are_drawn(cells: list[dict[str, object]]) -> None:
    assert "0 errors" in shown(cells, "lake.check()")
    assert "<svg" in shown(cells, "lake.graph()")
    assert "carrier" in shown(cells, "%%rat delays <<")
    assert "QUALITY_FAILED" in shown(cells, "week =")


def test_what_runs_was_shown_while_it_ran(cells: list[dict[str, object]]) -> None:
    first = next(cell for cell in cells if cell["source"] == "lake.build()")
    live = [output["data"]["text/plain"] for output in first["outputs"] if output["output_type"] == "display_data"]
    # Counts alone: nothing is left that seems to run.
    assert len(live) == 1 and re.fullmatch(r"\d+ success, \d+ skipped", live[0])


def test_a_mistake_shows_the_snippet_and_the_cells_own_frame(cells: list[dict[str, object]]) -> None:
    (cell,) = [cell for cell in cells if "carier" in cell["source"]]
    (error,) = cell["outputs"]
    traceback = "\n".join(error["traceback"])
    assert "did you mean `carrier`?" in traceback and "in <module>" in traceback
    assert traceback.count("File ") == 1 and "site-packages" not in traceback


class Notebook:
    """As much of IPython as a magic needs."""

    def __init__(self, **names: object) -> None:
        self.user_ns = names
        magic.load(self)

    def register_magic_function(self, function: Any, kind: str, name: str) -> None:
        assert (kind, name) == ("line_cell", "rat")
        self.rat = function


SQL = "select 1 as n"


def test_the_magic_asks_a_lake_and_keeps_the_result_where_it_is_told(lake: rat.Lake, tmp_path: Path) -> None:
    notebook = Notebook(shop=lake)
    assert notebook.rat("", SQL).num_rows == 1 and set(notebook.user_ns) == {"shop"}
    assert notebook.rat("shop", SQL).num_rows == 1 and set(notebook.user_ns) == {"shop"}
    assert notebook.rat("one <<", SQL) is notebook.user_ns["one"]
    (tmp_path / "my shop").mkdir()
    opened = notebook.rat(f'"{tmp_path}/my shop"')
    assert opened.url.endswith("/my%20shop")
    opened.close()
    with pytest.raises(rat.InvalidError, match="CLOSED"):
        notebook.rat("", SQL)
    assert notebook.rat("shop two<<", SQL) is notebook.user_ns["two"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("shopp", "`shopp` is not a lake; to keep the result under this name, write `%%rat shopp <<`"),
        ("a b", "write `%%rat`, "),
        ("shop a b <<", "write `%%rat`, "),
        ("<<", "write `%%rat`, "),
        ("a << select 1", "write `%%rat`, "),
        ("shopp a <<", "`shopp` is not a lake"),
        ("a-b <<", "`a-b` is not a name of a variable"),
        ("class <<", "`class` is not a name of a variable"),
        ("print <<", "`print` is a name of Python's own"),
        ("shop <<", "`shop` is a lake"),
        ("'shop", "'shop: No closing quotation"),
    ],
)
def test_a_line_that_could_mean_something_else_is_refused(lake: rat.Lake, line: str, told: str) -> None:
    notebook = Notebook(shop=lake)
    with pytest.raises(UsageError) as refused:
        notebook.rat(line, SQL)
    assert str(refused.value).startswith(told) and "\n" not in str(refused.value)
    assert notebook.user_ns == {"shop": lake}


def test_a_path_in_two_words_is_refused_and_so_is_a_cell_without_a_lake() -> None:
    with pytest.raises(UsageError, match="put a path with spaces in quotes"):
        Notebook().rat("my shop")
    with pytest.raises(UsageError, match="there are 0 lakes"):
        Notebook().rat("", SQL)
