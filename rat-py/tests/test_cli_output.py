"""What the command prints is the data: in a pipe, in CSV, in JSON, and on a terminal, which no data can drive."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import rat
from click.testing import CliRunner, Result
from conftest import write
from rat.cli import main
from rat.cli.drawing import coloured
from test_cli_failures import command, on_a_terminal

# A title for the window, an erased screen, and C1's control sequence introducer.
HOSTILE = "\x1b]0;pwned\x07\x1b[2J\x9b31m\x7f"


def invoked(project: Path | str, *arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(main, ["-C", str(project), *arguments], **options)


def strict(text: str) -> Any:
    """JSON as other languages read it: no NaN."""

    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def drives(written: str) -> list[str]:
    """What in a terminal's text is neither a style, nor the end of a line, nor the cursor of a progress."""
    return re.findall(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", re.sub(r"\x1b\[[\d;]*m|\x1b\[\?25[lh]|\x1b\[2K|\x1b\[1A", "", written))


def test_a_pipe_gets_the_values_and_nothing_else(project: Path) -> None:
    done = invoked(project, "query", "select 2013 as year, 1234567 as id, true as b, null as n, [1, 2] as l, 'a\tb' as t")
    assert done.stdout == "year\tid\tb\tn\tl\tt\n2013\t1234567\ttrue\t\t[1, 2]\ta b\n"
    assert re.fullmatch(r"1 row, \d+ ms\n", done.stderr)


def test_csv_tells_null_from_nothing_and_nests_json(project: Path) -> None:
    sql = (
        "select true as b, {'a': 'x'} as s, [1, null] as l, null as n, '' as e, 'q\"' as q, 1e-10::decimal(20, 15) as d, 'nan'::float as f"
    )
    lines = invoked(project, "query", "--csv", sql).stdout.splitlines()
    assert lines == ["b,s,l,n,e,q,d,f", 'true,"{""a"": ""x""}","[1, null]",,"","q""",0.000000000100000,NaN']


def test_json_is_json_and_rounds_nothing(project: Path) -> None:
    sql = "select 'nan'::double as a, ['-infinity'::double] as b, 9007199254740993 as c, 9007199254740991 as d, 7 as snapshot_id"
    rows = strict(invoked(project, "query", "--json", sql).stdout)
    assert rows == [{"a": "NaN", "b": ["-Infinity"], "c": "9007199254740993", "d": 9007199254740991, "snapshot_id": 7}]
    write(project, "silver", "bad", "select 1 as parent_id")
    tests = project / "default" / "pipelines" / "silver" / "bad" / "tests" / "quality"
    tests.mkdir(parents=True)
    (tests / "none.sql").write_text("select * from {{ this }}")
    report = strict(invoked(project, "build", "--json").stdout)
    totals, bad = (next(run for run in report["runs"] if run["pipeline"] == f"default.{name}") for name in ("gold.totals", "silver.bad"))
    assert isinstance(totals["snapshot_id"], str) and isinstance(totals["inputs"]["default.silver.orders"], str)
    # Rows in a report are data: a column of that name is no identifier.
    assert bad["tests"][0]["samples"] == [{"parent_id": 1}]
    history = strict(invoked(project, "tables", "gold.totals", "--history", "--json").stdout)
    listed = {table["name"]: table for table in strict(invoked(project, "tables", "--json").stdout)}
    assert history[0]["snapshot_id"] == listed["default.gold.totals"]["snapshot_id"] == totals["snapshot_id"]
    assert int(totals["snapshot_id"]) == rat.open(project).tables.get("gold.totals").snapshot_id


def test_no_data_drives_a_terminal(project: Path) -> None:
    shown = on_a_terminal(project, "query", f"select '{HOSTILE}' as \"{HOSTILE}\", ['{HOSTILE}'] as l")
    assert drives(shown) == [] and shown.count("␛]0;pwned␇␛[2J\\x9b31m␡") == 2 and r'["\u001b]0;pwned' in shown
    assert drives(on_a_terminal(project, "query", "--csv", f"select '{HOSTILE}' as x")) == []
    write(project, "gold", "hostile", f"select '{HOSTILE}' as x, nothing from {{{{ ref('silver.orders') }}}}")
    for arguments in (["check"], ["compile", "gold.hostile"], ["build"], ["query", f"select nothing, '{HOSTILE}'"]):
        shown = on_a_terminal(project, *arguments)
        assert drives(shown) == [] and "pwned␇" in shown
    # A pipe gets what is there.
    assert HOSTILE in invoked(project, "query", f"select '{HOSTILE}' as x").stdout


def test_what_looks_like_markup_is_text(project: Path) -> None:
    shown = on_a_terminal(project, "query", 'select \'[red]a[/red]\' as "[/x]", 1 as "[bold]"')
    assert all(text in shown for text in ("[red]a[/red]", "[/x]", "[bold]"))


def test_a_terminal_shows_values_verbatim_and_null_as_null(project: Path) -> None:
    shown = on_a_terminal(project, "query", "select 20130101 as day, null as n, 'NULL' as t")
    assert "20130101" in shown and "\x1b[2mNULL\x1b[0m" in shown and shown.count("NULL") == 2
    invoked(project, "run", "silver.orders")
    wide = "select i as id, repeat('x', 10) as customer, 1.5 as amount from range(2000) t(i)"
    (project / "default/pipelines/silver/orders/pipeline.sql").write_text(wide)
    invoked(project, "run", "silver.orders", "--full-refresh")
    assert re.search(r"silver\.orders +table +2,000 ", on_a_terminal(project, "tables"))
    assert "default.silver.orders\ttable\t2000\t" in invoked(project, "tables").stdout


def test_lists_are_readable_at_80_columns(project: Path) -> None:
    write(project, "silver", "a_pipeline_of_some_length", "select 1 as a")
    write(project, "gold", "broken", "select cast('x' as int) as i")
    invoked(project, "build")
    for arguments, expected in [
        (["runs"], r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  silver\.a_pipeline_of_some_length  success +1 "),
        (["tables"], r"silver\.a_pipeline_of_some_length  table +1 +1 +\d+ *$"),
        (["tables", "silver.a_pipeline_of_some_length", "--history"], r"\d{15,}  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  overwrite +1 +1  yes *$"),
        (["build", "-x", "gold.broken"], r"silver\.a_pipeline_of_some_length  skipped *$"),
        (["maintain", "--dry-run"], r"silver\.a_pipeline_of_some_length +success +0 +0 "),
    ]:
        lines = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", on_a_terminal(project, *arguments)).replace("\r", "").splitlines()
        assert any(re.search(expected, line) for line in lines), lines
        assert max(map(len, lines)) <= 80
    told = "skipped: its code and its inputs have not changed since its last run"
    assert on_a_terminal(project, "build", "-x", "gold.broken").count(told) == 1
    wide = on_a_terminal(project, "runs", COLUMNS="160")
    assert "EXECUTION_FAILED" in wide and rat.open(project).runs.list().runs[0].id in wide


def test_help_cuts_no_sentence() -> None:
    shown = main.get_help(click.Context(main, info_name="rat", terminal_width=80, max_content_width=80))
    assert "..." not in shown.partition("Commands:")[2]
    assert all(len(command.get_short_help_str(200)) <= 55 for command in main.commands.values())


def test_colours_may_be_forced_and_a_dumb_terminal_has_none(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    wrong = ("query", "selct 1")

    def piped(**environment: str) -> bool:
        return "\x1b[31m" in invoked(project, *wrong, env=environment).stderr

    assert not piped() and not piped(CLICOLOR_FORCE="0") and not piped(FORCE_COLOR="")
    assert piped(FORCE_COLOR="1") and piped(CLICOLOR_FORCE="1") and piped(FORCE_COLOR="1", TERM="dumb")
    assert not piped(FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(project, *wrong, TERM="dumb")
    assert "\x1b" not in on_a_terminal(project, "query", "select null as n", TERM="dumb")


def test_only_carets_are_red() -> None:
    drawn = "error[A_CODE]: no\n  --> query:1:8\n   | 12 | where 2 ^ 3\n   |    |       ^ so\n   help: do"
    lines = coloured(drawn).split("\n")
    assert lines[2] == "   | 12 | where 2 ^ 3" and "\x1b[31m" in lines[3]


def test_a_table_that_cannot_be_read_does_not_hide_the_others(project: Path) -> None:
    invoked(project, "build")
    moved = project.with_name("moved")
    project.rename(moved)
    listed = invoked(moved, "tables")
    assert listed.exit_code == 1 and "default.silver.orders\ttable\t\t\t\n" in listed.stdout and "error[LAKE_MOVED]" in listed.stderr


def test_a_reader_that_goes_away_is_no_error(project: Path) -> None:
    # Without a buffer Python takes what was written to a closing pipe for all there was.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    for arguments in (["query", "select * from range(200000)"], ["query", "--csv", "select * from range(200000)"]):
        with subprocess.Popen(command(project, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b"" and process.wait() == 1
