"""Takes the pictures of docs/guides/notebook.md: `python docs/site/pictures.py NOTEBOOK`, with Chromium.

NOTEBOOK is examples/python/flights.ipynb as its test executes it: `RAT_EXECUTED_NOTEBOOK=NOTEBOOK pytest rat-py/tests/test_notebook.py`.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "guides"
# The pictures, and how the cells begin whose last output they show.
PICTURES = {
    "notebook-build": "lake.build()",
    "notebook-graph": "lake.graph()",
    "notebook-columns": "from IPython",
    "notebook-failed": "week =",
}
WIDE = 1000
PAGE = "<meta charset=utf-8><body style='margin:8px;width:{wide}px;font-family:sans-serif'><div>{output}</div>"
MEASURE = "<script>document.title = Math.ceil(document.querySelector('div').getBoundingClientRect().height)</script>"


def browse(page: Path, *asked: str) -> str:
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={page.parent}/browser"]
    return subprocess.run(["chromium", *flags, *asked, page.as_uri()], capture_output=True, text=True, check=True).stdout


def take(name: str, output: str, page: Path) -> None:
    page.write_text(PAGE.format(wide=WIDE, output=output) + MEASURE)
    height = re.search(r"<title>(\d+)</title>", browse(page, "--dump-dom"))
    if height is None:
        sys.exit(f"{name} was not drawn")
    browse(page, f"--window-size={WIDE + 16},{int(height[1]) + 16}", f"--screenshot={FOLDER}/{name}.png")


cells = [cell for cell in json.loads(Path(sys.argv[1]).read_text())["cells"] if cell["cell_type"] == "code"]
with tempfile.TemporaryDirectory() as scratch:
    for name, start in PICTURES.items():
        cell = next(cell for cell in cells if "".join(cell["source"]).startswith(start))
        shown = [output["data"]["text/html"] for output in cell["outputs"] if "text/html" in output.get("data", {})]
        take(name, "".join(shown[-1]), Path(scratch) / "page.html")
