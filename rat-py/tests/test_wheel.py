"""The wheel, installed where there is nothing else: it opens, builds the flights, answers and iterates."""

import _sqlite3
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
import rat

ROOT = Path(__file__).resolve().parents[2]

ITERATE = """
import importlib.util, rat
assert not any(importlib.util.find_spec(name) for name in ("pyarrow", "pandas", "polars", "click", "rich"))
with rat.open("memory://") as lake:
    assert lake.query("select 42 as answer").to_pylist() == [{"answer": 42}]
    print(sum(len(batch) for batch in lake.stream("select v from range(100000) t(v)")), rat.__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = Path(rat.__file__).with_name("_rat.abi3.so")
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run([sys.executable, ROOT / "rat-py" / "pack.py", library, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = folder.iterdir()
    # The line that installs it may be copied.
    assert done.stdout.endswith(f"pip install '{made}[cli]'\n")
    return made


@pytest.fixture(scope="module")
def empty(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-compile", wheel]
    subprocess.run(install, check=True, env=outside())
    return python


def outside() -> dict[str, str]:
    """An environment in which the clone's package is not on the path."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def test_the_wheel_is_for_every_python_and_holds_no_litter(wheel: Path) -> None:
    assert wheel.name.startswith("rat_lake-") and "-cp310-abi3-" in wheel.name
    names = zipfile.ZipFile(wheel).namelist()
    assert {"rat/__init__.py", "rat/_rat.abi3.so", "rat/_rat.pyi", "rat/py.typed"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]
    assert [name for name in names if name.endswith(".so")] == ["rat/_rat.abi3.so"]


def test_it_needs_no_other_package(empty: Path) -> None:
    done = subprocess.run([empty, "-c", ITERATE], capture_output=True, text=True, check=True, env=outside(), cwd="/")
    rows, place = done.stdout.split()
    assert rows == "100000" and place.startswith(str(empty.parents[1]))


def test_it_builds_the_flights(empty: Path) -> None:
    flights = ROOT / "examples" / "python" / "flights.py"
    done = subprocess.run([empty, flights], capture_output=True, text=True, check=True, env=outside(), cwd="/")
    assert "27,004 flights in January 2013" in done.stdout


def test_the_command_says_what_it_needs(empty: Path) -> None:
    done = subprocess.run([empty.with_name("rat"), "--help"], capture_output=True, text=True, check=False, env=outside())
    assert done.returncode != 0 and "rat-lake[cli]" in done.stderr and "Traceback" not in done.stderr


SIZE = ROOT / "benches" / "bindings" / "size.py"


def test_what_is_published_is_small() -> None:
    dist = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "dist"
    if not all((dist / library).exists() for library in ("librat_py.so", "librat_node.so")):
        pytest.skip(f"there is no release build in {dist}: make release")
    done = subprocess.run([sys.executable, SIZE, dist], capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_too_large_is_told(tmp_path: Path) -> None:
    # Any libraries do: here one of Python's own.
    for library in ("librat_py.so", "librat_node.so"):
        shutil.copy(_sqlite3.__file__, tmp_path / library)
    fits, over = (
        subprocess.run([sys.executable, SIZE, tmp_path, limit], capture_output=True, text=True, check=False) for limit in ("5", "0.01")
    )
    assert fits.returncode == 0 and "over" not in fits.stdout, fits.stderr
    assert over.returncode == 1 and over.stdout.count("over the limit of 0.01 MB") == 2
    assert [line.partition(":")[0] for line in fits.stdout.splitlines()] == ["wheel", "npm package"]
