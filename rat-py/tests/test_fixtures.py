"""Every project with a mistake says in Python what it says in Rust: the same code at the same place."""

import re
import shutil
from pathlib import Path

import pytest
import rat
from conftest import write

FIXTURES = Path(__file__).resolve().parents[2] / "tests" / "projects" / "errors"
# The fixtures' lake holds one table that no pipeline makes; here a pipeline stands for it.
CRM = "select 1::bigint as id, 'Ada' as name, 1.5::double as amount, timestamp '2024-01-01' as ts"
PLACE = re.compile(r"^(?:error|warning)\[(\w+)\].*\n +--> (.+):(\d+):(\d+)$", re.MULTILINE)

Place = tuple[str, str, int, int]


def told(folder: Path) -> set[Place]:
    found: list[rat.Diagnostic] = []
    try:
        lake = rat.open(folder)
    except rat.RatError as error:
        # A lake whose settings are wrong does not open; the rest of the project is told once they are mended.
        found += error.diagnostics
        (folder / "rat.toml").unlink()
        lake = rat.open(folder)
    found += lake.check().diagnostics
    return {(d.code, d.path, d.line, d.column) for d in found if d.path}


@pytest.mark.parametrize("fixture", sorted(p for p in FIXTURES.iterdir() if p.is_dir()), ids=lambda path: path.name)
def test_the_same_code_at_the_same_place(fixture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAT_FIXTURE_REGION", "eu-west-1")
    project = tmp_path / "project"
    shutil.copytree(fixture, project)
    if not (project / "default" / "pipelines" / "bronze" / "crm").exists():
        write(project, "bronze", "crm", CRM)
    code = fixture.name.split("-")[0]
    snapshot = (fixture / "expected.snap").read_text()
    expected = {(c, path, int(line), int(column)) for c, path, line, column in PLACE.findall(snapshot) if c == code}
    assert {place for place in told(project) if place[0] == code} == expected
