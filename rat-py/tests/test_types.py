"""The stubs say what the native half is."""

import subprocess
import sys
from pathlib import Path

CONFIG = str(Path(__file__).resolve().parents[1] / "pyproject.toml")


def test_the_stubs_and_the_library_agree() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "rat._rat", "--ignore-missing-stub", "--mypy-config-file", CONFIG],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
