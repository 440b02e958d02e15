"""The example scripts, run as a reader would."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCRIPTS = sorted((EXAMPLES / "python").glob("*.py"))
ANSWERS = sorted((EXAMPLES / "answers").glob("*.txt"))
GIVEN = {"late_airlines": ["45"]}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_runs(script: Path) -> None:
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.stem)
def test_it_says_the_same_as_in_the_other_languages(answer: Path) -> None:
    script = EXAMPLES / "python" / f"{answer.stem}.py"
    done = subprocess.run([sys.executable, script, *GIVEN.get(answer.stem, [])], capture_output=True, text=True, check=True)
    assert done.stdout == answer.read_text()
