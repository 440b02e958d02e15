"""What is wrong with the way the command is used: arguments, standard streams, the folder, the namespace; and what completes it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rat
from click.testing import CliRunner
from conftest import write
from rat.cli import main
from test_cli_failures import command, on_a_terminal
from test_cli_output import invoked, strict

MANY = "9" * 23
WRONG = [
    *(("query", "select 1", "--timeout", value) for value in ("-1", "nan", "inf", "1e300", "soon")),
    *(("query", "select 1", "--limit", value) for value in (MANY, "-1")),
    *(("build", "-j", value) for value in (MANY, "0")),
    ("run", "silver.orders", "--timeout", "-1"),
    ("run", "silver.orders", "--var", "a=1e999"),
    ("run", "silver.orders", "--var", f"a={'[' * 100_000}"),
    ("run", "silver.orders", "--var", "oops"),
    ("query", "select '\udcff'"),
    ("query", "--csv", "--json", "select 1"),
    ("preview", "silver.orders", "--csv", "--json"),
    ("preview",),
    ("preview", "--sql", "no such file"),
    ("graph", "--svg", "--json"),
    ("graph", "--svg", "--mermaid"),
    ("tables", "silver.orders", "--history", "--rename", "silver.other"),
    ("tables", "--history"),
    ("nonsense",),
    ("check", "--nonsense"),
]


@pytest.mark.parametrize("arguments", WRONG, ids=lambda arguments: " ".join(arguments)[:40].encode("ascii", "replace").decode())
def test_wrong_usage_is_told_in_a_line(arguments: tuple[str, ...], project: Path) -> None:
    if "--json" not in arguments:
        done = invoked(project, *arguments)
        assert (done.exit_code, done.stdout) == (2, "") and done.stderr.splitlines()[-1].startswith("Error: ")
    done = invoked(project, *arguments, *([] if "--json" in arguments else ["--json"]))
    error = strict(done.stdout)["error"]
    assert (done.exit_code, done.stderr, error["kind"], error["code"]) == (2, "", "invalid", "INVALID_ARGUMENT")
    assert set(error) == {"kind", "code", "message", "help", "retryable", "context", "diagnostics", "drawn"}


def test_a_variable_is_json_where_json_has_it(project: Path) -> None:
    write(project, "gold", "v", "select '{{ var('n') }}' as n")
    assert invoked(project, "run", "gold.v", "--var", "n=NaN").exit_code == 0
    assert strict(invoked(project, "query", "--json", "from gold.v").stdout) == [{"n": "NaN"}]


def test_standard_input_is_sql(project: Path) -> None:
    for arguments in (["query", "--csv"], ["query", "--csv", "-"], ["preview", "--csv", "--sql", "-"]):
        assert invoked(project, *arguments, input="select 'ä' as a".encode()).stdout == "a\nä\n"
        wrong = invoked(project, *arguments, input=b"select '\xff' as a")
        assert wrong.exit_code == 2 and "standard input is not UTF-8" in wrong.stderr
        closed = subprocess.run(["sh", "-c", '"$@" <&-', "sh", *command(project, *arguments)], capture_output=True, text=True, check=False)
        assert closed.returncode == 2 and "standard input" in closed.stderr and "Traceback" not in closed.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["tables"], ["check", "--json"], ["query", "--csv", "select 1"], ["--help"]], ids=" ".join)
def test_an_output_that_takes_no_more_is_told(arguments: list[str], project: Path) -> None:
    full = subprocess.run(["sh", "-c", '"$@" >/dev/full', "sh", *command(project, *arguments)], capture_output=True, text=True, check=False)
    assert (full.returncode, full.stderr) == (6, "error: No space left on device\n")
    nowhere = ["sh", "-c", '"$@" >/dev/full 2>/dev/full', "sh", *command(project, *arguments)]
    assert subprocess.run(nowhere, check=False).returncode == 6
    closed = subprocess.run(["sh", "-c", '"$@" >&- 2>&-', "sh", *command(project, *arguments)], check=False)
    assert closed.returncode == 0


def test_a_project_is_looked_for_upwards(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAT_LAKE", raising=False)
    (project / "docs" / "deep").mkdir(parents=True)
    for folder in ("default/pipelines/silver/orders", "docs/deep", "."):
        monkeypatch.chdir(project / folder)
        assert CliRunner().invoke(main, ["check"]).stdout.startswith("2 pipelines, 0 errors")
    monkeypatch.chdir(project / "docs")
    # What is named is meant.
    assert CliRunner().invoke(main, ["-C", ".", "check"]).exit_code == 1
    assert CliRunner().invoke(main, ["check"], env={"RAT_LAKE": "."}).exit_code == 1
    (project / "default" / "rat.toml").write_text("")
    monkeypatch.chdir(project / "default" / "pipelines")
    assert CliRunner().invoke(main, ["check"]).exit_code == 1


@pytest.mark.parametrize("verb", [["check"], ["build"], ["test"], ["run", "silver.orders"]], ids=" ".join)
def test_nothing_to_work_on_is_no_success(verb: list[str], project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("empty")
    for lake in (str(folder), folder.as_uri(), "memory://"):
        done = invoked(lake, *verb)
        assert (done.exit_code, done.stdout) == (1, "")
        assert "rat init" in done.stderr and f"there is no pipeline in `{lake}`" in done.stderr
        assert strict(invoked(lake, *verb, "--json").stdout)["error"]["kind"] == "invalid"
    assert list(folder.iterdir()) == []
    wrong = invoked(project, "-n", "nope", *verb)
    assert wrong.exit_code == 1 and "the namespace `nope` has no pipeline" in wrong.stderr and "`default`" in wrong.stderr
    assert invoked(project, "-n", "default", "check").exit_code == 0
    assert invoked(folder / "nowhere", *verb).exit_code == 3


def test_the_version_is_told_without_an_installation() -> None:
    done = subprocess.run([sys.executable, "-m", "rat", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"rat {rat.__version__}\n"


def completed(project: Path, *words: str, shell: str = "bash") -> list[str]:
    """What a shell gets for the last word."""
    line = ["rat", "-C", str(project), *words]
    environment = {**os.environ, "_RAT_COMPLETE": f"{shell}_complete", "COMP_WORDS": " ".join(line), "COMP_CWORD": str(len(line) - 1)}
    code = "from rat.cli import main; main(prog_name='rat')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == ""
    return [line.removeprefix("plain,") for line in done.stdout.splitlines() if line]


def test_names_of_the_lake_complete(project: Path, tmp_path: Path) -> None:
    write(project, "silver", "others", "select 1 as a")
    assert invoked(project, "run", "silver.orders").exit_code == 0
    assert completed(project, "run", "silver.o") == ["silver.orders", "silver.others"]
    assert completed(project, "build", "+silver.or") == ["+silver.orders"]
    assert completed(project, "check", "gold.totals,2+silver.or") == ["gold.totals,2+silver.orders"]
    assert completed(project, "tables", "s") == ["silver.orders"]
    assert completed(project, "-n", "other", "run", "default.g") == ["default.gold.totals"]
    assert completed(project, "init", "sh") == ["dir,sh"]
    assert completed(tmp_path / "nowhere", "run", "s") == completed(tmp_path / "nowhere", "tables", "s") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_takes_what_completes_it(shell: str, tmp_path: Path) -> None:
    script = tmp_path / "completion"
    script.write_text(invoked(tmp_path, "completion", shell).stdout)
    assert "_RAT_COMPLETE" in script.read_text()
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} on this machine")
    assert subprocess.run([shell, "-n", script], capture_output=True, check=False).returncode == 0


def test_init_and_its_words_are_true(project: Path) -> None:
    shown = invoked(project, "init", "--help").output
    assert "empty" not in shown and "anything but a project" in " ".join(shown.split())
    (project / "notes.txt").write_text("mine")
    shutil.rmtree(project / "default")
    assert invoked(project, "init").exit_code == 0 and (project / "notes.txt").read_text() == "mine"


def test_json_is_all_that_is_said(project: Path) -> None:
    assert json.loads(on_a_terminal(project, "check", "--json"))["ok"] is True
