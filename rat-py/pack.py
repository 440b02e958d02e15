"""Packs a wheel around a library that is built already: `python rat-py/pack.py LIBRARY FOLDER`.

The metadata is maturin's own, from `pyproject.toml`. `maturin build` would compile as well, and `rat-py` alone resolves other features than
the workspace does: DataFusion would be compiled a second time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def pack(library: Path, folder: Path) -> Path:
    """The wheel's path. Symbols that only a debugger reads are left out."""
    with tempfile.TemporaryDirectory() as scratch:
        tree, made = Path(scratch) / "tree", Path(scratch) / "made"
        left_out = shutil.ignore_patterns("*.so", "__pycache__")
        shutil.copytree(HERE / "python" / "rat", tree / "rat", ignore=left_out)
        module = shutil.copyfile(library, tree / "rat" / "_rat.abi3.so")
        if strip := shutil.which("strip"):
            run(strip, "-x" if sys.platform == "darwin" else "--strip-unneeded", module)
        # A wheel of this machine: what other systems load is decided where releases are made.
        describe = ["pep517", "write-dist-info", "--metadata-directory", tree, "--interpreter", sys.executable]
        run(sys.executable, "-m", "maturin", *describe, "--compatibility", "linux", "--manifest-path", HERE / "Cargo.toml")
        made.mkdir()
        run(sys.executable, "-m", "wheel", "pack", tree, "--dest-dir", made)
        (wheel,) = made.iterdir()
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(wheel, folder / wheel.name))


def run(*command: object) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    wheel = pack(Path(sys.argv[1]), Path(sys.argv[2]))
    print(f"{wheel.stat().st_size / 1e6:.1f} MB; to install it, with the command:\n  pip install '{wheel.resolve()}[cli]'")
