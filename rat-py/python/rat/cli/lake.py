"""The commands about a lake: they ask it, list what it holds, and keep it small."""

from __future__ import annotations

import sys
from typing import Any

import click

from .._words import counted
from .drawing import coloured, print_json, print_rows, print_table, text_of
from .group import exit_code, json_option, main, open_lake, select_argument


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
    """Answer one read-only statement, given as SQL or on standard input."""
    if sql is None and sys.stdin.isatty():
        raise click.UsageError("give the SQL as an argument, or on standard input")
    text = sql if sql is not None else sys.stdin.read()
    result = open_lake(ctx, read_only=True).query(text, limit=limit, timeout=timeout, as_of=as_of)
    if as_json:
        print_json(result.to_pylist())
        return
    print_rows(result, as_csv=as_csv)
    if not as_csv:
        click.secho(f"{counted(len(result), 'row')}, {result.duration_ms:.0f} ms", dim=True)


@main.command()
@click.argument("name", required=False)
@click.option("--history", is_flag=True, help="Show the snapshots of NAME.")
@click.option("--rename", metavar="TO", help="Give NAME another name, with its rows and history.")
@json_option("what is listed")
@click.pass_context
def tables(ctx: click.Context, name: str | None, history: bool, rename: str | None, as_json: bool) -> None:
    """List tables and views, describe one, or rename it."""
    lake = open_lake(ctx, read_only=rename is None)
    if (history or rename) and name is None:
        raise click.UsageError(f"--{'history' if history else 'rename'} needs the name of a table")
    if rename is not None:
        name = lake.tables.rename(name or "", rename).name
    if history:
        shown: list[Any] = lake.tables.history(name or "")
        columns = ["snapshot_id", "committed_at", "operation", "row_count", "file_count", "run_id", "is_current"]
    elif name is not None:
        table = lake.tables.get(name)
        if as_json:
            print_json(table.to_dict())
            return
        counts = {"row": table.row_count, "file": table.file_count, "byte": table.size_bytes}
        told = [counted(count, what) for what, count in counts.items() if count is not None]
        click.echo("  ".join([table.name, table.kind, *told]))
        print_table(["column", "type", "null"], [[c.name, c.type, "" if c.nullable else "not null"] for c in table.columns])
        return
    else:
        shown, columns = lake.tables.list(), ["name", "kind"]
    if as_json:
        print_json([one.to_dict() for one in shown])
        return
    print_table(columns, [[text_of(getattr(one, column)) for column in columns] for one in shown])


@main.command()
@click.argument("pipeline", required=False)
@click.option("--status", type=click.Choice(["pending", "running", "success", "failed", "cancelled"]))
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--after", help="Go on after this run: `next` of the page before.")
@json_option("the page")
@click.pass_context
def runs(ctx: click.Context, pipeline: str | None, status: Any, limit: int, after: str | None, as_json: bool) -> None:
    """List runs, newest first."""
    page = open_lake(ctx, read_only=True).runs.list(pipeline, status=status, limit=limit, after=after)
    if as_json:
        print_json(page.to_dict())
        return
    columns = ["started_at", "pipeline", "status", "strategy", "rows_written", "duration_ms", "error_code", "id"]
    print_table(columns, [[text_of(getattr(one, column)) for column in columns] for one in page.runs], marks=2)
    if page.next is not None:
        click.secho(f"more: rat runs --after {page.next}", dim=True)


@main.command()
@select_argument
@click.option("--mermaid", is_flag=True, help="Print a Mermaid flowchart.")
@click.option("--svg", is_flag=True, help="Print an SVG.")
@json_option("nodes and edges")
@click.pass_context
def graph(ctx: click.Context, select: tuple[str, ...], mermaid: bool, svg: bool, as_json: bool) -> None:
    """Show what reads what, in build order."""
    drawn = open_lake(ctx, read_only=True).graph(list(select) or None)
    if as_json:
        print_json(drawn.to_json())
        return
    if mermaid or svg:
        click.echo(drawn.to_mermaid() if mermaid else drawn.to_svg())
        return
    reads: dict[str, list[str]] = {}
    for edge in drawn.edges:
        reads.setdefault(edge.reader, []).append(edge.source)
    lines = [[n.name, n.materialized or n.kind, n.strategy or "", ", ".join(reads.get(n.name, []))] for n in drawn.nodes]
    print_table(["name", "kind", "strategy", "reads"], lines)


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
    """Keep tables small: rewrite files, let old snapshots go, delete what nobody names.

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
            counts = [f"{getattr(one, name):,}" for name in names]
            freed = f"{one.bytes_deleted + one.orphan_bytes:,}"
            lines.append([one.name, "failed" if one.error is not None else "success", *counts, freed])
        columns = ["table", "status", *(name.replace("_", " ") for name in names), "bytes freed"]
        print_table(columns, lines, right=[False, False, *[True] * (len(names) + 1)], marks=1)
        for one in report.tables:
            if one.error is not None:
                click.echo("\n" + coloured(str(one.error)), err=True)
        if dry_run:
            click.secho("a dry run: nothing was changed", dim=True, err=True)
    ctx.exit(exit_code(next((one.error for one in report.tables if one.error is not None), None)))


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what completes `rat` in a shell: eval "$(rat completion bash)"."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(made(main, {}, "rat", "_RAT_COMPLETE").source())
