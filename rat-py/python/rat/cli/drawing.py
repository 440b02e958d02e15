"""What the command prints: tables, rows, reports, snippets in colour, and what runs while it runs."""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from .._words import counted, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._rat import Result
    from ..reports import RunReport

MARKS = {
    "success": "green",
    "passed": "green",
    "failed": "red",
    "error": "red",
    "cancelled": "yellow",
    "skipped": "bright_black",
    "warn": "yellow",
}


def print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, default=str))


def print_rows(result: Result, *, as_csv: bool) -> None:
    rows = result.to_pylist()
    if as_csv:
        import csv

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(result.columns)
        writer.writerows(row.values() for row in rows)
        return
    print_table(result.columns, [[text_of(value) for value in row.values()] for row in rows], right=[is_number(t) for t in result.types])


def print_runs(reports: list[RunReport]) -> None:
    lines = []
    for one in reports:
        failed = sum(test.status != "passed" for test in one.tests)
        tests = f"{len(one.tests) - failed}/{len(one.tests)}" if one.tests else ""
        status = "skipped" if one.skipped_reason else one.status
        done = ["", ""] if one.skipped_reason else [f"{one.rows_written:,}", f"{one.duration_ms:,} ms"]
        note = one.skipped_reason or (one.error.code if one.error is not None else "")
        lines.append([one.pipeline, status, *done, tests, note])
    print_table(["pipeline", "status", "rows", "time", "tests", ""], lines, right=[False, False, True, True, True, False], marks=1)
    for one in reports:
        for warning in one.warnings:
            click.echo("\n" + coloured(warning.drawn), err=True)
        if one.error is not None:
            click.echo("\n" + coloured(str(one.error)), err=True)
        for test in one.tests:
            if test.status != "passed" and test.samples:
                click.secho(
                    f"\n{test.name}: {counted(test.count or 0, 'row')}, {len(test.samples)} shown", err=True, fg=MARKS.get(test.severity)
                )
                for row in test.samples:
                    click.echo(f"  {json.dumps(row, default=str)}", err=True)


def print_table(columns: list[str], rows: list[list[str]], *, right: list[bool] | None = None, marks: int | None = None) -> None:
    if not sys.stdout.isatty():
        # Elsewhere than on a terminal, what a pipe can read.
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    _need_rich()
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if right and right[index] else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=MARKS.get(cell, "") if index == marks else "") for index, cell in enumerate(row)))
    Console().print(table)


@contextmanager
def progress(*, shown: bool) -> Iterator[Callable[[dict[str, Any]], None] | None]:
    """A line a running pipeline, on standard error and only on a terminal."""
    if not shown or not sys.stderr.isatty():
        yield None
        return
    _need_rich()
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[phase]}", style="cyan"),
        TextColumn("{task.fields[rows]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        lines: dict[str, Any] = {}

        def on_event(event: dict[str, Any]) -> None:
            kind, run = event["event"], event.get("run_id", "")
            if kind == "started":
                lines[run] = bars.add_task(event["pipeline"], total=None, phase="", rows="")
            elif kind == "phase" and run in lines:
                bars.update(lines[run], phase=event["phase"])
            elif kind == "progress" and run in lines:
                bars.update(lines[run], rows=counted(event["rows"], "row"))
            elif kind == "finished" and event["report"]["id"] in lines:
                bars.remove_task(lines.pop(event["report"]["id"]))

        yield on_event


def _need_rich() -> None:
    try:
        import rich  # noqa: F401
    except ModuleNotFoundError:
        raise click.ClickException("on a terminal the command rat needs rich: pip install 'rat-lake[cli]'") from None


def coloured(drawn: str) -> str:
    """The snippet in colour; click takes the colour away again where there is no terminal."""
    colours = [
        (r"^(error)(\[[A-Z0-9_]+\])?", "red"),
        (r"^(warning)(\[[A-Z0-9_]+\])?", "yellow"),
        (r"^ *(-->|\|)?.*\^+.*$", "red"),
        (r"^ *--> .*$", "blue"),
        (r"^ *help:", "green"),
    ]
    lines = []
    for line in drawn.split("\n"):
        for pattern, colour in colours:
            found = re.match(pattern, line)
            if found:
                line = click.style(found.group(0), fg=colour, bold=colour in ("red", "yellow")) + line[found.end() :]
                break
        lines.append(line)
    return "\n".join(lines)


def text_of(value: Any) -> str:
    return (
        ""
        if value is None
        else f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15
        else str(value)
    )
