"""The notebook of the flights example, executed as it is."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

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
    assert "carrier" in shown(cells, "%%rat delays")
    assert "QUALITY_FAILED" in shown(cells, "week =")


def test_what_runs_was_shown_while_it_ran(cells: list[dict[str, object]]) -> None:
    first = next(cell for cell in cells if cell["source"] == "lake.build()")
    live = [output["data"]["text/plain"] for output in first["outputs"] if output["output_type"] == "display_data"]
    # Counts alone: nothing is left that seems to run.
    assert len(live) == 1 and re.fullmatch(r"\d+ success, \d+ skipped", live[0])


def test_a_mistake_shows_the_snippet_and_no_frames(cells: list[dict[str, object]]) -> None:
    (cell,) = [cell for cell in cells if "carier" in cell["source"]]
    (error,) = cell["outputs"]
    traceback = "\n".join(error["traceback"])
    assert "did you mean `carrier`?" in traceback and "site-packages" not in traceback
