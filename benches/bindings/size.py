"""How large the packages are that people download: `python size.py FOLDER [MEGABYTES]`, of a folder with both libraries.

The wheel and the npm package are packed as they are published, and told. One that is over the limit, 60 MB unless given, fails it.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 60.0


def wheel(library: Path, folder: Path) -> Path:
    spec = importlib.util.spec_from_file_location("pack", ROOT / "rat-py" / "pack.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Path = module.pack(library, folder)
    return made


def npm(library: Path, folder: Path) -> Path:
    """What `npm pack` packs: the files that package.json names, and itself."""
    package = ROOT / "rat-node"
    with tarfile.open(folder / "rat-node.tgz", "w:gz") as packed:
        for name in ["package.json", *json.loads((package / "package.json").read_text())["files"]]:
            packed.add(library if name == "rat.node" else package / name, f"package/{name}")
        return Path(str(packed.name))


def main(libraries: Path, limit: float) -> int:
    over = 0
    with tempfile.TemporaryDirectory() as folder:
        for what, library, pack in [("wheel", "librat_py.so", wheel), ("npm package", "librat_node.so", npm)]:
            packed = pack(libraries / library, Path(folder)).stat().st_size / 1e6
            loaded = (libraries / library).stat().st_size / 1e6
            told = "" if packed <= limit else f": over the limit of {limit:g} MB"
            print(f"{what}: {packed:.1f} MB packed, {loaded:.1f} MB of library{told}")
            over += packed > limit
    return 1 if over else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) == 3 else LIMIT))
