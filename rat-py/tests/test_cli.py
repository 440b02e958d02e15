"""The command: what it prints, where, and how it exits."""

import json
import os
import subprocess
import sys
from pathlib import Path

from conftest import write


def rat(project: Path, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1"}
    command = [sys.executable, "-m", "rat", "-C", str(project), *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, env=environment, check=False)


def test_a_project_is_checked_built_and_asked(project: Path) -> None:
    assert "2 pipelines, 0 errors" in rat(project, "check").stdout
    built = rat(project, "build")
    assert built.returncode == 0 and "default.gold.totals\tsuccess\t2" in built.stdout
    again = json.loads(rat(project, "build", "--json").stdout)
    assert all(run["skipped_reason"] for run in again["runs"])
    assert json.loads(rat(project, "query", "--json", "select customer from gold.totals order by 1").stdout) == [
        {"customer": "Ada"},
        {"customer": "Bob"},
    ]
    assert rat(project, "query", "--csv", stdin="select 1 as a, 'x,y' as b").stdout == 'a,b\n1,"x,y"\n'
    assert rat(project, "query", "select 1 as a").stderr.startswith("1 row, ")
    assert rat(project, "query", "from gold.totals").stderr.startswith("2 rows, ")
    assert rat(project, "preview", "gold.totals", "--limit", "1", "--count").stderr.startswith("1 of 2 rows, ")
    assert "default.silver.orders\ttable\t2\t1\t" in rat(project, "tables").stdout
    assert "customer\tVARCHAR" in rat(project, "tables", "silver.orders").stdout
    assert json.loads(rat(project, "tables", "silver.orders", "--history", "--json").stdout)[0]["is_current"] is True
    assert "success" in rat(project, "runs").stdout
    assert '"silver"."orders"' in rat(project, "compile", "gold.totals").stdout
    assert json.loads(rat(project, "test", "--json").stdout) == []
    assert "default.gold.totals\ttable\tfull_refresh\tdefault.silver.orders" in rat(project, "graph").stdout
    assert rat(project, "graph", "--svg").stdout.startswith("<svg")
    assert rat(project, "run", "silver.orders", "--full-refresh").returncode == 0


def test_rows_are_shown_before_anything_is_written(project: Path) -> None:
    shown = rat(project, "preview", "silver.orders", "--limit", "1", "--count")
    assert shown.returncode == 0 and "id\tcustomer\tamount" in shown.stdout and "1 of 2 rows" in shown.stderr
    text = "select {{ 6 * var('n') }} as n"
    assert rat(project, "preview", "--csv", "--var", "n=7", "--full-refresh", "--sql", "-", stdin=text).stdout == "n\n42\n"
    report = json.loads(rat(project, "preview", "silver.orders", "--json").stdout)
    assert (report["row_count"], report["data"][0]["customer"]) == (2, "Ada")
    planned = rat(project, "preview", "silver.orders", "--plan")
    assert "Limit" in planned.stderr and "Limit" not in planned.stdout
    unbuilt = rat(project, "preview", "gold.totals")
    assert unbuilt.returncode == 1 and "rat build +silver.orders" in unbuilt.stderr
    assert rat(project, "preview").returncode == 2
    (project / "latin.sql").write_bytes(b"select '\xff' as a")
    assert rat(project, "preview", "--sql", str(project / "latin.sql")).returncode == 2
    assert rat(project, "tables").stdout == "name\tkind\trows\tfiles\tbytes\n"


def test_exit_codes_tell_what_kind_of_failure(project: Path, tmp_path: Path) -> None:
    assert rat(project, "nonsense").returncode == 2
    assert rat(project, "run", "silver.ordrs").returncode == 3
    assert rat(tmp_path / "nothing", "check").returncode == 3
    assert rat(project, "query", "drop table silver.orders").returncode == 4
    write(project, "gold", "broken", "select customr from {{ ref('silver.orders') }}")
    checked = rat(project, "check")
    assert checked.returncode == 1 and "error[UNKNOWN_COLUMN]" in checked.stdout and "\x1b" not in checked.stdout
    failed = rat(project, "build")
    assert failed.returncode == 1 and "error[UNKNOWN_COLUMN]" in failed.stderr


def test_variables_are_json_or_text(project: Path) -> None:
    write(project, "gold", "v", "select {{ var('n') }} as n, '{{ var('s') }}' as s")
    assert rat(project, "run", "gold.v", "--var", "n=3", "--var", "s=a b").returncode == 0
    assert json.loads(rat(project, "query", "--json", "select * from gold.v").stdout) == [{"n": 3, "s": "a b"}]
    assert rat(project, "run", "gold.v", "--var", "oops").returncode == 2


def test_help_and_completion(project: Path) -> None:
    shown = rat(project, "--help").stdout
    assert all(word in shown for word in ["check", "run", "build", "query", "tables", "runs", "graph", "Exit codes"])
    assert "_RAT_COMPLETE" in rat(project, "completion", "bash").stdout


def test_a_project_is_begun(tmp_path: Path) -> None:
    def begun(*arguments: str, **environment: str) -> str:
        command, environment = [sys.executable, "-m", "rat", *arguments], {**os.environ, **environment}
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True, env=environment).stdout

    assert begun("init", "shop") == "wrote 3 pipelines to shop; next: rat -C shop build\n"
    assert rat(tmp_path / "shop", "build").returncode == 0
    # The line may be copied, whatever the folder is called.
    assert begun("init", "it's new").endswith("rat -C 'it'\"'\"'s new' build\n")
    assert begun("-C", "named", "init") == "wrote 3 pipelines to named; next: rat -C named build\n"
    assert begun("init", RAT_LAKE="of the shell").startswith("wrote 3 pipelines to of the shell;")
    assert begun("init", "over it", RAT_LAKE="of the shell").startswith("wrote 3 pipelines to over it;")
    assert begun("init") == "wrote 3 pipelines to .; next: rat build\n" and (tmp_path / "default").is_dir()
    assert rat(tmp_path, "init", "elsewhere").returncode == 2 and rat(tmp_path, "-n", "a", "init").returncode == 2
