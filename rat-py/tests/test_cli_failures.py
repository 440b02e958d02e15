"""How the command fails: one exit code a kind, drawn or as JSON, plain where colour is not wanted, and when it is interrupted."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import rat
from click.testing import CliRunner
from conftest import write
from rat import _rat, cli

HEAVY = "select sum(sin(a.v * b.v)) as s from range(100000) a(v), range(100000) b(v)"


def command(project: Path | str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "rat", "-C", str(project), *arguments]


def run(project: Path | str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(project, *arguments), capture_output=True, text=True, check=False)


def failure(project: Path | str, *arguments: str) -> tuple[int, str, str]:
    """The exit code, kind and code of what fails, which is JSON on standard output and nothing anywhere else."""
    done = run(project, *arguments, "--json")
    assert done.stderr == ""
    error = json.loads(done.stdout)["error"]
    drawn = run(project, *arguments)
    assert drawn.returncode == done.returncode and f"error[{error['code']}]" in drawn.stderr and drawn.stdout == ""
    return done.returncode, error["kind"], error["code"]


class Failing:
    """A lake of which every verb fails in the same way."""

    def __init__(self, fail: Any) -> None:
        self.fail = fail

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: self.fail()


COMMANDS = [
    *(["check"], ["compile", "a.b"], ["plan", "a.b"], ["test"], ["run", "a.b"], ["build"], ["query", "select 1"], ["preview", "a.b"]),
    *(["tables", "a.b", "--history"], ["tables"], ["runs"], ["graph"], ["maintain"]),
]


def test_every_command_that_tells_something_tells_it_as_json() -> None:
    commands = cli.main.commands.items()
    told = [name for name, command in commands if not any("--json" in option.opts for option in command.params)]
    assert told == ["completion"]
    assert {name for name, _ in commands} == {*(arguments[0] for arguments in COMMANDS), "init", "completion"}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(("kind", "code"), cli.EXIT_CODES.items())
def test_each_kind_of_failure_has_its_exit_code_in_each_command(
    arguments: list[str], kind: str, code: int, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rat import errors, lake

    monkeypatch.chdir(project)

    data = {"kind": kind, "code": "A_CODE", "message": "it fails", "help": "", "retryable": False, "drawn": "error[A_CODE]: it fails"}
    error = errors.from_data({**data, "context": {}, "diagnostics": []})

    def fail() -> None:
        raise error

    failing = Failing(fail)
    failing.tables = failing.runs = Failing(fail)  # type: ignore[attr-defined]
    monkeypatch.setattr(lake, "open", lambda *_, **__: failing)
    drawn = CliRunner().invoke(cli.main, arguments)
    assert (drawn.exit_code, drawn.stdout, drawn.stderr) == (code, "", "error[A_CODE]: it fails\n")
    told = CliRunner().invoke(cli.main, [*arguments, "--json"])
    assert (told.exit_code, told.stderr) == (code, "")
    assert json.loads(told.stdout) == {"error": error.to_dict()}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_ctrl_c_is_told_in_each_command(arguments: list[str], project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rat import lake

    def stop() -> None:
        raise KeyboardInterrupt

    failing = Failing(stop)
    failing.tables = failing.runs = Failing(stop)  # type: ignore[attr-defined]
    monkeypatch.setattr(lake, "open", lambda *_, **__: failing)
    monkeypatch.chdir(project)
    writes = arguments[0] in ("run", "build")
    message = "interrupted: nothing was published" if writes else "interrupted"
    drawn = CliRunner().invoke(cli.main, arguments)
    assert (drawn.exit_code, drawn.stdout, drawn.stderr) == (130, "", message + "\n")
    told = json.loads(CliRunner().invoke(cli.main, [*arguments, "--json"]).stdout)
    fields = {"kind", "code", "message", "help", "retryable", "context", "diagnostics", "drawn"}
    assert set(told["error"]) == fields and (told["error"]["code"], told["error"]["message"]) == ("CANCELLED", message)
    assert told.get("runs") == ([] if writes else None)


def test_a_defect_exits_with_its_code(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rat import lake

    monkeypatch.chdir(project)
    monkeypatch.setattr(lake, "open", lambda *_, **__: Failing(lambda: _rat._panic_on_purpose().wait()))
    done = CliRunner().invoke(cli.main, ["check", "--json"])
    assert (done.exit_code, json.loads(done.stdout)["error"]["code"]) == (70, "INTERNAL")


def test_what_really_fails(project: Path, tmp_path: Path) -> None:
    assert failure(project, "query", "selct 1") == (1, "invalid", "SQL_SYNTAX")
    assert failure(project, "run", "silver.ordrs") == (3, "not_found", "PIPELINE_NOT_FOUND")
    assert failure(project, "query", "drop table silver.orders") == (4, "denied", "NOT_READ_ONLY")
    assert failure(project, "query", HEAVY, "--timeout", "0.01") == (7, "timeout", "TIMED_OUT")
    assert failure(project, "init") == (1, "invalid", "INVALID_ARGUMENT")
    (project / "rat.toml").write_text('[engine]\nmemory = "lots"\n')
    assert failure(project, "check") == (1, "invalid", "INVALID_VALUE")
    (project / "rat.toml").write_text('[engine]\nquery_bytes = "1KiB"\n')
    assert failure(project, "query", "select * from range(10000)") == (6, "unavailable", "RESULT_TOO_LARGE")
    assert run(project, "run", "silver.orders").returncode == 0
    (project / ".rat" / "catalog.db").write_bytes(b"worn out" * 1000)
    assert failure(project, "tables") == (8, "corrupt", "CORRUPT_CATALOG")


def test_a_run_that_fails_is_its_report(project: Path) -> None:
    write(project, "silver", "broken", "select cast('x' as int) as i")
    done = run(project, "run", "silver.broken", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["status"], report["error"]["code"], done.stderr) == (1, "failed", "EXECUTION_FAILED", "")
    done = run(project, "build", "--json")
    assert (done.returncode, json.loads(done.stdout)["status"]) == (1, "failed")


def test_a_project_is_begun_and_told_as_json(tmp_path: Path) -> None:
    told = json.loads(run(tmp_path / "shop", "init", "--json").stdout)
    assert told["url"] == f"file://{tmp_path}/shop" and told["example"] == "shop"
    assert told["pipelines"] == ["default.bronze.orders", "default.silver.orders", "default.gold.daily_sales"]


def test_a_lake_may_be_a_url(project: Path, tmp_path: Path) -> None:
    assert run(rat.open(project).url, "check").returncode == 0
    folder = tmp_path / "my shop"
    done = run(folder.as_uri(), "init")
    assert (done.returncode, done.stdout) == (0, f"wrote 3 pipelines to {folder.as_uri()}; next: rat -C {folder.as_uri()} build\n")
    assert failure("s3://bucket/shop", "check") == (1, "invalid", "INVALID_URL")
    assert failure("file://host/shop", "check") == (1, "invalid", "INVALID_URL")


def on_a_terminal(project: Path, *arguments: str, **environment: str) -> str:
    """What the command writes where standard output and standard error are a terminal."""
    ours, theirs = pty.openpty()
    environment = {**{name: value for name, value in os.environ.items() if name != "NO_COLOR"}, "TERM": "xterm-256color", **environment}
    with subprocess.Popen(command(project, *arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says so when the other side is closed.
                part = b""
            if not part:
                break
            written += part
        process.wait()
    os.close(ours)
    return written.decode()


@pytest.mark.parametrize("arguments", [["check"], ["query", "selct 1"], ["run", "silver.orders"], ["tables"]], ids=lambda a: a[0])
def test_a_terminal_has_colours_unless_they_are_not_wanted(project: Path, arguments: list[str]) -> None:
    write(project, "gold", "broken", "select customr from {{ ref('silver.orders') }}")
    colour = "\x1b[3"
    assert run(project, "run", "silver.orders").returncode == 0
    if arguments != ["tables"]:
        assert colour in on_a_terminal(project, *arguments)
    plain = on_a_terminal(project, *arguments, NO_COLOR="1")
    assert plain.strip() and colour not in plain
    # Empty is not set: https://no-color.org
    assert arguments == ["tables"] or colour in on_a_terminal(project, *arguments, NO_COLOR="")


def interrupted(project: Path, *arguments: str, until: Any) -> tuple[int, str, str]:
    """What comes of a command that gets Ctrl-C once something holds."""
    with subprocess.Popen(command(project, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 60
            while not until() and process.poll() is None:
                assert time.monotonic() < deadline, "it never began"
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
            return process.returncode, out, err
        finally:
            process.kill()


def test_a_terminal_without_rich_says_what_to_install(project: Path, tmp_path: Path) -> None:
    (tmp_path / "rich.py").write_text("raise ModuleNotFoundError('there is none', name='rich')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    told = on_a_terminal(project, "tables", PYTHONPATH=path)
    assert "pip install 'rat-lake[cli]'" in told and "Traceback" not in told


def test_a_terminal_is_not_waited_for(project: Path) -> None:
    assert "give the SQL as an argument, or on standard input" in on_a_terminal(project, "query")


def test_ctrl_c_ends_a_run_with_nothing_published(project: Path) -> None:
    write(project, "bronze", "heavy", HEAVY)
    lake = rat.open(project)

    def running() -> bool:
        return any(record.status == "running" for record in lake.runs.list("bronze.heavy").runs)

    code, out, err = interrupted(project, "run", "bronze.heavy", until=running)
    assert (code, out, err) == (130, "", "interrupted: nothing was published\n")
    code, out, err = interrupted(project, "run", "bronze.heavy", "--json", until=running)
    assert (code, err, json.loads(out)["error"]["kind"]) == (130, "", "cancelled")
    assert lake.tables.list() == []
    assert [record.status for record in lake.runs.list("bronze.heavy").runs] == ["cancelled", "cancelled"]
    assert run(project, "run", "silver.orders").returncode == 0


def test_ctrl_c_says_what_a_build_published_before(project: Path) -> None:
    # It begins when the other two have ended.
    write(project, "gold", "heavy", HEAVY + ", {{ ref('gold.totals') }}")
    lake = rat.open(project)

    def under_way(time: int) -> bool:
        runs = lake.runs.list("gold.heavy").runs
        return len(runs) == time and runs[0].status == "running"

    code, out, err = interrupted(project, "build", until=lambda: under_way(1))
    assert (code, out, err) == (130, "", "interrupted: 2 pipelines published, 1 stopped\n")
    assert {table.name for table in lake.tables.list()} == {"default.silver.orders", "default.gold.totals"}
    code, out, err = interrupted(project, "build", "--force", "--json", until=lambda: under_way(2))
    told = json.loads(out)
    assert (code, err, told["error"]["message"]) == (130, "", "interrupted: 2 pipelines published, 1 stopped")
    published = [report["pipeline"] for report in told["runs"] if report["status"] == "success"]
    assert sorted(published) == ["default.gold.totals", "default.silver.orders"]


def test_completion_completes(project: Path) -> None:
    for words, expected in [("rat qu", "query"), ("rat check --js", "--json"), ("rat init --example fl", "flights")]:
        environment = {"_RAT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
        code = "from rat.cli import main; main(prog_name='rat')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env={**os.environ, **environment})
        assert expected in done.stdout, done.stderr
