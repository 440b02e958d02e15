"""Every broken project of tests/projects/errors is told in Python as in Rust: each code, path, line and column, and the drawing."""

import re
import shutil
from pathlib import Path

import pytest
import rat

FIXTURES = Path(__file__).resolve().parents[2] / "tests" / "projects" / "errors"
# The one table of every fixture's lake that no pipeline makes.
CRM = "select 1::bigint as id, 'Ada' as name, 1.5::double as amount, timestamp '2024-01-01' as ts"
DRAWN = re.compile(r"^(?:error|warning)\[(\w+)\].*(?:\n +--> (.*):(\d+):(\d+)$)?", re.MULTILINE)

Place = tuple[str, str | None, int | None, int | None]


def places(drawn: str) -> list[Place]:
    """The places of a drawn report: `error[CODE]: …` and the `-->` below it."""
    return [
        (code, path or None, int(line) if line else None, int(column) if column else None)
        for code, path, line, column in DRAWN.findall(drawn)
    ]


def placed(diagnostics: list[rat.Diagnostic]) -> list[Place]:
    return [(one.code, one.path, one.line, one.column) for one in diagnostics]


def sections(fixture: Path) -> dict[str, str]:
    _, *parts = re.split(r"^== (\w+) ==\n", (fixture / "expected.snap").read_text(), flags=re.MULTILINE)
    return {name: body.strip("\n") for name, body in zip(parts[::2], parts[1::2], strict=True)}


@pytest.mark.parametrize("fixture", sorted(p for p in FIXTURES.iterdir() if p.is_dir()), ids=lambda path: path.name)
def test_it_is_told_as_in_rust(fixture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAT_FIXTURE_REGION", "eu-west-1")
    expected = sections(fixture)
    if any(b"crm" in file.read_bytes() for file in fixture.rglob("*") if file.is_file()):
        with rat.open(tmp_path) as empty:
            empty.write("bronze.crm", empty.query(CRM))
    shutil.copytree(fixture, tmp_path, dirs_exist_ok=True)
    try:
        lake = rat.open(tmp_path)
    except rat.RatError as error:
        # What is wrong with rat.toml keeps the lake shut; the rest of the project is not looked at.
        told = [place for place in places(expected["diagnostics"]) if place[1] == "rat.toml"]
        assert placed(error.diagnostics) == told and told
        assert error.code == next(one.code for one in error.diagnostics if one.severity == "error")
        return
    diagnostics = lake.check().diagnostics
    assert "\n\n".join(one.drawn for one in diagnostics) == expected.get("diagnostics", "")
    assert placed(diagnostics) == places(expected.get("diagnostics", ""))
    refused = re.findall(r"^(.*)\nerror\[(\w+)\]", expected.get("select", ""), re.MULTILINE)
    assert diagnostics or refused
    for line, code in refused:
        with pytest.raises(rat.RatError) as selected:
            lake.check(line)
        assert selected.value.code == code, line
