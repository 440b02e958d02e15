"""Every Python from 3.10 on: one wheel opens, builds, answers and refuses in each that is on this machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ORDERS, TOTALS, write
from test_wheel import outside, wheel

__all__ = ["wheel"]

VERSIONS = ["3.10", "3.11", "3.12", "3.13"]
# What the tests themselves run on is there.
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"

PROGRAM = """
import asyncio, datetime, decimal, sys
sys.path.insert(0, sys.argv[2])
import rat

assert rat.__file__.startswith(sys.argv[2]), rat.__file__
with rat.open(sys.argv[1]) as lake:
    events = []
    report = lake.build(on_event=lambda event: events.append(event["event"]))
    assert [run.rows_written for run in report.runs] == [2, 2] and events[-1] == "finished", report
    rows = lake.query("select *, $day as day from gold.totals order by 1", params={"day": datetime.date(2024, 2, 29)}).to_pylist()
    assert rows[0] == {"customer": "Ada", "total": decimal.Decimal("12.50"), "day": datetime.date(2024, 2, 29)}, rows
    assert sum(len(batch) for batch in lake.stream("select * from range(100000)")) == 100000
    assert "success" in report._repr_html_() and asyncio.run(lake.check_async()).ok
    for wrong, code in [("select nothing from gold.totals", "UNKNOWN_COLUMN"), ("drop table gold.totals", "NOT_READ_ONLY")]:
        try:
            lake.query(wrong)
        except rat.RatError as error:
            assert error.code == code and error.diagnostics[0].line == 1, error
        else:
            raise AssertionError(wrong)
    try:
        lake.run(5)
    except TypeError as error:
        assert "'pipeline'" in str(error)
print(".".join(map(str, sys.version_info[:2])))
"""


def interpreter(version: str) -> Path | None:
    """One that runs: a name on the path may be pyenv's for a Python that is not the chosen one."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [Path(sys.executable)] if version == HERE else []
    found += [Path(path) for path in [shutil.which(f"python{version}")] if path]
    found += sorted(pyenv.glob(f"{version}.*/bin/python"))
    ask = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
    for python in found:
        done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return python
    return None


@pytest.mark.parametrize("version", VERSIONS)
def test_it_opens_builds_answers_and_refuses(version: str, wheel: Path, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    write(tmp_path / "lake", "silver", "orders", ORDERS)
    write(tmp_path / "lake", "gold", "totals", TOTALS)
    # A wheel of pure files and one library is installed by unpacking it.
    shutil.unpack_archive(wheel, tmp_path / "installed", format="zip")
    command = [python, "-I", "-c", PROGRAM, tmp_path / "lake", tmp_path / "installed"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=outside(), cwd="/")
    assert (done.returncode, done.stdout.strip()) == (0, version), done.stderr


def test_the_python_of_the_tests_is_one_of_them() -> None:
    assert HERE in VERSIONS and interpreter(HERE) is not None
