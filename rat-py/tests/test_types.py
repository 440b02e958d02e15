"""The stubs say what the native half is."""

import subprocess
import sys


def test_the_stubs_and_the_library_agree() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "rat._rat", "--ignore-missing-stub"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
