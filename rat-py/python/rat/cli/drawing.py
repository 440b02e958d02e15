"""What the command prints: tables, rows, reports, snippets in colour, and what runs while it runs."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from .._words import counted, is_number
from .values import csv_line, json_of, jsonable, text_of, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.text import Text

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


class Column(NamedTuple):
    """A column of a table: how a terminal shows it. Elsewhere a value is as it is, under its name."""

    name: str
    # What stands over it on a terminal, if not its name.
    title: str | None = None
    right: bool = False
    # Whether its values are broken into lines where the terminal is narrow.
    folds: bool = False
    # Whether its values are statuses, which have colours.
    marks: bool = False
    shown: Callable[[Any], str] | None = None


def on_terminal(stream: Any) -> bool:
    """Whether a standard stream is one; there is none where the shell closed it."""
    return stream is not None and stream.isatty()


def print_json(data: Any, *, report: bool = True) -> None:
    """Prints a report, or rows that are no report, as JSON."""
    import json

    _print_data(json.dumps(jsonable(data, report=report), indent=2, allow_nan=False))


def print_text(text: str) -> None:
    """Prints a text of the project: as it is, but for a terminal, which it must not drive."""
    _print_data(visible(text) if on_terminal(sys.stdout) else text)


def _print_data(text: str) -> None:
    # Told that colours are wanted, click leaves data alone that looks like one.
    click.echo(text, color=True)


def print_note(text: str) -> None:
    """Says what is no part of the answer."""
    click.secho(visible(text), dim=True, err=True)


def print_drawn(drawn: str, *, err: bool = True, before: str = "\n", after: str = "") -> None:
    """Prints a snippet."""
    click.echo(before + coloured(drawn) + after, err=err)


def print_rows(result: Result, *, as_csv: bool) -> None:
    """Prints the rows of a query. Their values are data: no digit of them is grouped, and NULL is no text."""
    rows = [list(row.values()) for row in result.to_pylist()]
    if as_csv:
        print_text("\n".join(csv_line(row) for row in (result.columns, *rows)))
    elif not on_terminal(sys.stdout):
        _print_lines(result.columns, rows)
    else:
        _need_rich()
        from rich.text import Text

        columns = [Column(name, right=is_number(kind), folds=True) for name, kind in zip(result.columns, result.types, strict=True)]
        _draw(columns, [[Text("NULL", "dim") if value is None else Text(visible(text_of(value))) for value in row] for row in rows])


def print_runs(reports: list[RunReport]) -> None:
    """Prints the runs of a build, a line each, and what went wrong in them."""
    # A terminal is told once why nothing was to do, instead of in every line.
    reasons = {one.skipped_reason for one in reports if one.skipped_reason}
    once = reasons.pop() if on_terminal(sys.stdout) and len(reasons) == 1 and len(reports) > 1 else None
    lines = []
    for one in reports:
        failed = sum(test.status != "passed" for test in one.tests)
        tests = f"{len(one.tests) - failed}/{len(one.tests)}" if one.tests else ""
        status = "skipped" if one.skipped_reason else one.status
        done = [None, None] if one.skipped_reason else [one.rows_written, f"{one.duration_ms:,} ms"]
        note = one.error.code if one.error is not None else "" if one.skipped_reason == once else one.skipped_reason
        lines.append([one.pipeline, status, *done, tests, note])
    columns = [Column("pipeline", shown=short), Column("status", marks=True), Column("rows", right=True), Column("time", right=True)]
    print_table([*columns, Column("tests", right=True), Column("", folds=True)], lines)
    if once is not None:
        print_note(f"skipped: {once}")
    for one in reports:
        for warning in one.warnings:
            print_drawn(warning.drawn)
        if one.error is not None:
            print_drawn(str(one.error))
        for test in one.tests:
            if test.status != "passed" and test.samples:
                told = f"{test.name}: {counted(test.count or 0, 'row')}, {len(test.samples)} shown"
                click.secho("\n" + visible(told), err=True, fg=MARKS.get(test.severity))
                for row in test.samples:
                    click.echo(f"  {visible(json_of(row))}", err=True)


def print_table(columns: list[Column], rows: list[list[Any]], *, keep: int | None = None) -> None:
    """Prints lists of rat's own. Of a table that is wider than the terminal the last columns are left out, the first `keep` never."""
    if not on_terminal(sys.stdout):
        _print_lines([column.name for column in columns], rows)
        return
    _need_rich()
    _draw(columns, [[_cell(value, column) for value, column in zip(row, columns, strict=True)] for row in rows], keep)


def _print_lines(names: list[str], rows: list[list[Any]]) -> None:
    # Elsewhere than on a terminal, what a pipe can read: a line is a row, and a tab ends a value.
    lines = ["\t".join(re.sub(r"[\t\r\n]", " ", text_of(value)) for value in row) for row in (names, *rows)]
    _print_data("\n".join(lines))


def _cell(value: Any, column: Column) -> Text:
    from rich.text import Text

    if column.shown is not None and value is not None:
        told = column.shown(value)
    elif isinstance(value, bool):
        told = "yes" if value else ""
    else:
        told = f"{value:,}" if isinstance(value, int) else text_of(value)
    return Text(visible(told), MARKS.get(told, "") if column.marks else "")


def _draw(columns: list[Column], rows: list[list[Text]], keep: int | None = None) -> None:
    from rich import box
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    def table(many: int) -> Table:
        made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
        for column in columns[:many]:
            # A name is foreign text, too: what looks like markup in it is none.
            header = Text(visible(column.name if column.title is None else column.title))
            made.add_column(
                header,
                justify="right" if column.right else "left",
                no_wrap=not column.folds,
                overflow="fold" if column.folds else "ellipsis",
            )
        for row in rows:
            made.add_row(*row[:many])
        return made

    console = Console()
    unbounded = console.options.update(max_width=10**6)
    many = len(columns)
    while keep is not None and many > keep and Measurement.get(console, unbounded, table(many)).maximum > console.width:
        many -= 1
    console.print(table(many))


@contextmanager
def progress(*, shown: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A line a running pipeline, on standard error and only on a terminal; and what an interrupted command has to say of its runs."""
    watched = click.get_current_context().meta["rat.watched"] = Watched()
    if not shown or not on_terminal(sys.stderr):
        yield watched.tell
        return
    _need_rich()
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[phase]}", style="cyan"),
        TextColumn("{task.fields[rows]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        lines: dict[str, Any] = {}

        def on_event(event: dict[str, Any]) -> None:
            watched.tell(event)
            kind, run = event["event"], event.get("run_id", "")
            if kind == "started":
                lines[run] = bars.add_task(visible(event["pipeline"]), total=None, phase="", rows="")
            elif kind == "phase" and run in lines:
                bars.update(lines[run], phase=event["phase"])
            elif kind == "progress" and run in lines:
                bars.update(lines[run], rows=counted(event["rows"], "row"))
            elif kind == "finished" and event["report"]["id"] in lines:
                bars.remove_task(lines.pop(event["report"]["id"]))

        yield on_event


class Watched:
    """What the runs of a command have told so far."""

    def __init__(self) -> None:
        self.started: set[str] = set()
        self.reports: list[dict[str, Any]] = []

    def tell(self, event: dict[str, Any]) -> None:
        if event["event"] == "started":
            self.started.add(event["pipeline"])
        elif event["event"] == "finished":
            self.reports.append(event["report"])

    def words(self) -> str:
        """How far they came when they were interrupted."""
        ended = [report for report in self.reports if not report["skipped_reason"]]
        published = sum(report["status"] == "success" for report in ended)
        failed = sum(report["status"] == "failed" for report in ended)
        stopped = max(0, len(self.started) - published - failed)
        if not published:
            return "nothing was published"
        rest = [f"{number} {what}" for number, what in ((failed, "failed"), (stopped, "stopped")) if number]
        return ", ".join([f"{counted(published, 'pipeline')} published", *rest])


def _need_rich() -> None:
    try:
        import rich  # noqa: F401
    except ModuleNotFoundError:
        raise click.ClickException("on a terminal the command rat needs rich: pip install 'rat-lake[cli]'") from None


def short(name: str) -> str:
    """A pipeline's or table's name as one would type it: without the namespace that is meant anyway."""
    return name.removeprefix(click.get_current_context().find_root().obj["namespace"] + ".")


def moment(iso: str) -> str:
    """``2024-01-31T10:00:00.123456Z`` to the second, as people read it."""
    return iso[:19].replace("T", " ")


def coloured(drawn: str) -> str:
    """The snippet in colour; click takes the colour away again where there is no terminal. What it quotes drives no terminal."""
    colours = [
        (r"(error)(\[[A-Z0-9_]+\])?", "red"),
        (r"(warning)(\[[A-Z0-9_]+\])?", "yellow"),
        # A line of carets has no number, as a line of the file does.
        (r" *\| +\| *\^+.*$", "red"),
        (r" *--> .*$", "blue"),
        (r" *help:", "green"),
    ]
    lines = []
    for line in visible(drawn).split("\n"):
        for pattern, colour in colours:
            found = re.match(pattern, line)
            if found:
                line = click.style(found.group(0), fg=colour, bold=colour in ("red", "yellow")) + line[found.end() :]
                break
        lines.append(line)
    return "\n".join(lines)
