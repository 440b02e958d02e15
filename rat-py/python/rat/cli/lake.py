"""The commands about a lake: they ask it, list what it holds, and keep it small."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from .._words import counted
from . import completing
from .drawing import Column, moment, on_terminal, print_drawn, print_json, print_note, print_rows, print_table, print_text, short
from .failing import exit_code
from .group import json_option, main, only_one, open_lake, select_argument, text_from

if TYPE_CHECKING:
    from ..lake import Lake


@main.command()
@click.argument("sql", required=False)
@click.option("--limit", type=click.IntRange(min=0), help="The most rows.")
@click.option("--timeout", type=float, help="Seconds.")
@click.option("--as-of", help="The moment of the tables: a time, a snapshot id, or the name of a tag.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV.")
@json_option("the rows, objects in an array,")
@click.pass_context
def query(
    ctx: click.Context, sql: str | None, limit: int | None, timeout: float | None, as_of: str | None, as_csv: bool, as_json: bool
) -> None:
    """Answer one read-only statement.

    SQL is the statement; without it, or where it is -, the statement is read from standard input.
    """
    only_one(csv=as_csv, json=as_json)
    if sql is None and (sys.stdin is None or on_terminal(sys.stdin)):
        raise click.UsageError("give the SQL as an argument, or on standard input", ctx)
    text = text_from("-", "SQL") if sql is None or sql == "-" else sql
    result = open_lake(ctx, read_only=True).query(text, limit=limit, timeout=timeout, as_of=as_of)
    if as_json:
        print_json(result.to_pylist(), report=False)
        return
    print_rows(result, as_csv=as_csv)
    if not as_csv:
        print_note(f"{counted(len(result), 'row')}, {result.duration_ms:.0f} ms")


@main.command()
@click.argument("name", required=False, shell_complete=completing.tables)
@click.option("--history", is_flag=True, help="Show the snapshots of NAME.")
@click.option("--rename", metavar="TO", help="Give NAME another name, with its rows and history.")
@json_option("what is listed")
@click.pass_context
def tables(ctx: click.Context, name: str | None, history: bool, rename: str | None, as_json: bool) -> None:
    """List tables and views, describe or rename one."""
    only_one(history=history, rename=rename)
    if (history or rename) and name is None:
        raise click.UsageError(f"--{'history' if history else 'rename'} needs the name of a table", ctx)
    lake = open_lake(ctx, read_only=rename is None)
    if rename is not None:
        name = lake.tables.rename(name or "", rename).name
    if name is None:
        _list_tables(ctx, lake, as_json=as_json)
    elif history:
        _show_history(lake, name, as_json=as_json)
    else:
        _describe_table(lake, name, as_json=as_json)


def _list_tables(ctx: click.Context, lake: Lake, *, as_json: bool) -> None:
    from ..errors import RatError

    entries = lake.tables.list()
    if as_json:
        print_json([lake.tables.get(entry.name).to_dict() for entry in entries])
        return
    lines, errors = [], []
    for entry in entries:
        counts: list[int | None] = [None, None, None]
        try:
            table = lake.tables.get(entry.name)
            counts = [table.row_count, table.file_count, table.size_bytes]
        except RatError as error:
            # That there is such a table is true all the same, and the others can be counted.
            errors.append(error)
        lines.append([entry.name, entry.kind, *counts])
    columns = [Column("name", shown=short), Column("kind"), *(Column(what, right=True) for what in ("rows", "files", "bytes"))]
    print_table(columns, lines)
    for one in errors:
        print_drawn(str(one))
    ctx.exit(exit_code(errors[0] if errors else None))


def _describe_table(lake: Lake, name: str, *, as_json: bool) -> None:
    table = lake.tables.get(name)
    if as_json:
        print_json(table.to_dict())
        return
    counts = {"row": table.row_count, "file": table.file_count, "byte": table.size_bytes}
    told = [counted(count, what) for what, count in counts.items() if count is not None]
    print_text("  ".join([table.name, table.kind, *told]))
    columns = [Column("column", folds=True), Column("type", folds=True), Column("null")]
    print_table(columns, [[c.name, c.type, "" if c.nullable else "not null"] for c in table.columns])


def _show_history(lake: Lake, name: str, *, as_json: bool) -> None:
    snapshots = lake.tables.history(name)
    if as_json:
        print_json([one.to_dict() for one in snapshots])
        return
    columns = [
        *(Column("snapshot_id", "snapshot", shown=str), Column("committed_at", "committed", shown=moment), Column("operation")),
        *(Column("row_count", "rows", right=True), Column("file_count", "files", right=True), Column("is_current", "current")),
        Column("run_id", "run"),
    ]
    print_table(columns, [[getattr(one, column.name) for column in columns] for one in snapshots], keep=6)


@main.command()
@click.argument("pipeline", required=False, shell_complete=completing.pipelines)
@click.option("--status", type=click.Choice(["pending", "running", "success", "failed", "cancelled"]))
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--after", help="Go on after this run: `next` of the page before.")
@json_option("the page")
@click.pass_context
def runs(ctx: click.Context, pipeline: str | None, status: Any, limit: int, after: str | None, as_json: bool) -> None:
    """List runs, newest first.

    A narrow terminal has no room for all columns: the last ones are left out.
    """
    page = open_lake(ctx, read_only=True).runs.list(pipeline, status=status, limit=limit, after=after)
    if as_json:
        print_json(page.to_dict())
        return
    columns = [
        *(Column("started_at", "started", shown=moment), Column("pipeline", shown=short), Column("status", marks=True)),
        *(Column("rows_written", "rows", right=True), Column("duration_ms", "ms", right=True), Column("strategy")),
        *(Column("error_code", "error"), Column("id")),
    ]
    print_table(columns, [[getattr(one, column.name) for column in columns] for one in page.runs], keep=5)
    if page.next is not None:
        print_note(f"more: rat runs --after {page.next}")


@main.command()
@select_argument
@click.option("--mermaid", is_flag=True, help="Print a Mermaid flowchart.")
@click.option("--svg", is_flag=True, help="Print an SVG.")
@json_option("nodes and edges")
@click.pass_context
def graph(ctx: click.Context, select: tuple[str, ...], mermaid: bool, svg: bool, as_json: bool) -> None:
    """Show what reads what, in build order.

    SELECT is dbt's grammar: silver.orders, +x, x+, tag:a, layer:gold, path:…; all pipelines, and the tables that none makes, when it is
    not given.
    """
    only_one(mermaid=mermaid, svg=svg, json=as_json)
    drawn = open_lake(ctx, read_only=True).graph(list(select) or None)
    if as_json:
        print_json(drawn.to_json())
        return
    if mermaid or svg:
        print_text(drawn.to_mermaid() if mermaid else drawn.to_svg())
        return
    reads: dict[str, list[str]] = {}
    for edge in drawn.edges:
        reads.setdefault(edge.reader, []).append(edge.source)
    columns = [Column("name", shown=short), Column("kind"), Column("strategy")]
    columns.append(Column("reads", folds=True, shown=lambda names: ", ".join(map(short, names.split(", ")))))
    lines = [[n.name, n.materialized or n.kind, n.strategy, ", ".join(reads.get(n.name, []))] for n in drawn.nodes]
    print_table(columns, lines)


@main.command()
@select_argument
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--relocate", is_flag=True, help="The lake was moved: write its paths anew for where it is now, and do nothing else.")
@click.option("--keep-snapshots", type=click.IntRange(min=0), help="How many snapshots stay whatever their age.")
@click.option("--keep-for", metavar="DURATION", help="How long a snapshot stays after another took its place: 7d.")
@click.option("--orphan-grace", metavar="DURATION", help="How old a file is that nobody names before it is deleted: 3d.")
@json_option("the report")
@click.pass_context
def maintain(ctx: click.Context, select: tuple[str, ...], dry_run: bool, relocate: bool, as_json: bool, **settings: Any) -> None:
    """Keep tables small: files, snapshots, what nobody names.

    Small files are written again as larger ones, old snapshots let go, and files that nobody names deleted.

    SELECT is dbt's grammar: silver.orders, +x, x+, tag:a, layer:gold, path:…; every table when it is not given. What is not said here is
    as [maintenance] of rat.toml says.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    lake = open_lake(ctx, settings={"maintenance": given} if given else None)
    report = lake.maintain(list(select) or None, dry_run=dry_run, relocate=relocate, raise_on_failure=False)
    if as_json:
        print_json(report.to_dict())
    else:
        done = ["files_rewritten", "files_written", "snapshots_expired", "files_deleted", "orphans_deleted"]
        names = ["files_relocated"] if relocate else done
        lines = []
        for one in report.tables:
            counts = [getattr(one, name) for name in names]
            status = "failed" if one.error is not None else "success"
            lines.append([one.name, status, *counts, one.bytes_deleted + one.orphan_bytes])
        titles = {"snapshots_expired": "expired"}
        counts_of = [Column(name, titles.get(name, name.replace("_", "\n")), right=True) for name in (*names, "bytes_freed")]
        print_table([Column("table", shown=short), Column("status", marks=True), *counts_of], lines, keep=3)
        for one in report.tables:
            if one.error is not None:
                print_drawn(str(one.error))
        if dry_run:
            print_note("a dry run: nothing was changed")
    ctx.exit(exit_code(next((one.error for one in report.tables if one.error is not None), None)))


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what completes `rat` in a shell.

    \b
    ~/.bashrc                   eval "$(rat completion bash)"
    ~/.zshrc, after compinit    eval "$(rat completion zsh)"
    ~/.config/fish/config.fish  rat completion fish | source
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(made(main, {}, "rat", "_RAT_COMPLETE").source())
