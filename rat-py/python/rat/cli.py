"""The command ``rat``.

Exit codes: 0 done · 1 the project, the data or a run is at fault · 2 wrong usage · 3 not found · 4 denied · 5 conflict · 6 unavailable ·
7 timed out · 8 corrupt · 70 a defect in rat · 130 interrupted. With --json, what fails is {"error": {kind, code, message, help,
diagnostics, …}} on standard output, and a run, build or maintenance that fails is its report. NO_COLOR is heeded.
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

try:
    import click
except ModuleNotFoundError:
    raise SystemExit("the command rat needs click and rich: pip install 'rat[cli]'") from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ._rat import Result
    from .errors import RatError
    from .lake import Lake
    from .reports import BuildReport, RunReport

EXIT_CODES = {
    "invalid": 1,
    "rejected": 1,
    "not_found": 3,
    "denied": 4,
    "conflict": 5,
    "unavailable": 6,
    "timeout": 7,
    "corrupt": 8,
    "internal": 70,
    "cancelled": 130,
}
_MARKS = {
    "success": "green",
    "passed": "green",
    "failed": "red",
    "error": "red",
    "cancelled": "yellow",
    "skipped": "bright_black",
    "warn": "yellow",
}
_HELP = (__doc__ or "").split("\n\n", 1)[1].replace("\n", " ").strip()


class _Commands(click.Group):
    """Turns what rat raises into a drawn message and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        from .errors import RatError

        try:
            return super().invoke(ctx)
        except RatError as error:
            if _asked_for_json(ctx):
                _print_json({"error": error.to_dict()})
            else:
                click.echo(_coloured(str(error)), err=True)
            ctx.exit(_exit_code(error))
        except KeyboardInterrupt:
            if _asked_for_json(ctx):
                _print_json({"error": {"kind": "cancelled", "code": "CANCELLED", "message": "interrupted", "diagnostics": []}})
            else:
                click.echo("interrupted: nothing was published", err=True)
            ctx.exit(EXIT_CODES["cancelled"])


@click.group(
    cls=_Commands,
    epilog=_HELP,
)
@click.option("--lake", "-C", "path", default=".", show_default=True, envvar="RAT_LAKE", show_envvar=True, help="The lake's folder or URL.")
@click.option("--namespace", "-n", default="default", show_default=True, help="The namespace that `layer.name` means.")
@click.version_option(package_name="rat", prog_name="rat", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, path: str, namespace: str) -> None:
    """The lakehouse pipeline engine: check, build and query a folder of pipelines."""
    ctx.obj = {"path": path, "namespace": namespace}
    # https://no-color.org: set, and not empty.
    ctx.color = False if os.environ.get("NO_COLOR") else None


def _lake(ctx: click.Context, *, read_only: bool = False, settings: dict[str, Any] | None = None) -> Lake:
    from .lake import open

    return open(ctx.obj["path"], namespace=ctx.obj["namespace"], read_only=read_only, settings=settings)


def _asked_for_json(ctx: click.Context) -> bool:
    return bool(ctx.find_root().meta.get("rat.json"))


def _json(what: str) -> Any:
    """The option ``--json``. What goes wrong is JSON then, too."""

    def remember(ctx: click.Context, _: click.Parameter, asked: bool) -> bool:
        ctx.find_root().meta["rat.json"] = asked
        return asked

    return click.option("--json", "as_json", is_flag=True, callback=remember, help=f"Print {what} as JSON, and nothing else.")


_select = click.argument("select", nargs=-1)


@main.command()
@click.argument("folder", default=".")
@click.option("--example", type=click.Choice(["shop", "flights"]), default="shop", show_default=True, help="The project to write.")
@_json("where it is and which pipelines it has")
def init(folder: str, example: Any, as_json: bool) -> None:
    """Write a project that runs into a new or empty FOLDER."""
    from .lake import init as write

    lake = write(folder, example=example)
    graph = lake.graph()
    if as_json:
        _print_json({"url": lake.url, "example": example, "pipelines": graph.order()})
        return
    where = "" if folder == "." else f" -C {folder}"
    click.echo(f"wrote {len(graph.nodes)} pipelines to {folder}; next: rat{where} build")


@main.command()
@_select
@_json("the report")
@click.pass_context
def check(ctx: click.Context, select: tuple[str, ...], as_json: bool) -> None:
    """Compile and type the whole project, without running it.

    SELECT is dbt's grammar: silver.orders, +x, x+, tag:a, layer:gold, path:…
    """
    report = _lake(ctx, read_only=True).check(list(select) or None)
    if as_json:
        _print_json(report.to_dict())
    else:
        for diagnostic in report.diagnostics:
            click.echo(_coloured(diagnostic.drawn) + "\n")
        errors = sum(d.severity == "error" for d in report.diagnostics)
        warnings = len(report.diagnostics) - errors
        from .display import counted

        told = ", ".join(counted(n, of) for n, of in ((len(report.pipelines), "pipeline"), (errors, "error"), (warnings, "warning")))
        click.secho(told, fg="red" if errors else "green")
    ctx.exit(0 if report.ok else 1)


@main.command()
@click.argument("pipeline")
@click.option("--full-refresh", is_flag=True, help="As a run that rebuilds the table.")
@click.option("--var", "variables", multiple=True, metavar="KEY=VALUE", help="A value for var(); JSON where it is JSON, else text.")
@_json("what came of it")
@click.pass_context
def compile(ctx: click.Context, pipeline: str, full_refresh: bool, variables: tuple[str, ...], as_json: bool) -> None:
    """Print one pipeline's SQL, as its next run would have it."""
    compiled = _lake(ctx, read_only=True).compile(pipeline, full_refresh=full_refresh, vars=_variables(variables))
    if as_json:
        _print_json(compiled.to_dict())
    else:
        for diagnostic in compiled.diagnostics:
            click.echo(_coloured(diagnostic.drawn) + "\n", err=True)
        if compiled.sql is not None:
            click.echo(compiled.sql)
    ctx.exit(0 if compiled.ok else 1)


@main.command()
@click.argument("pipeline")
@click.option("--full-refresh", is_flag=True, help="As a run that rebuilds the table.")
@click.option("--allow-data-loss", is_flag=True, help="As a run that rebuilds even where that loses history or consumed files.")
@click.option("--var", "variables", multiple=True, metavar="KEY=VALUE", help="A value for var(); JSON where it is JSON, else text.")
@_json("the plan")
@click.pass_context
def plan(ctx: click.Context, pipeline: str, full_refresh: bool, allow_data_loss: bool, variables: tuple[str, ...], as_json: bool) -> None:
    """Tell what a run of one pipeline would do to its table, and do nothing.

    No row is read: a number is exact, a limit that holds whatever the rows are, or unknown.
    """
    planned = _lake(ctx, read_only=True).plan(
        pipeline, full_refresh=full_refresh, allow_data_loss=allow_data_loss, vars=_variables(variables)
    )
    if as_json:
        _print_json(planned.to_dict())
    else:
        from .display import planned as words

        for diagnostic in planned.diagnostics:
            click.echo(_coloured(diagnostic.drawn) + "\n", err=True)
        _print_table([planned.strategy, planned.pipeline], [[name, value] for name, value in words(planned).items()])
    ctx.exit(0 if planned.ok else 1)


@main.command()
@_select
@click.option("--var", "variables", multiple=True, metavar="KEY=VALUE", help="A value for var(); JSON where it is JSON, else text.")
@_json("the results")
@click.pass_context
def test(ctx: click.Context, select: tuple[str, ...], variables: tuple[str, ...], as_json: bool) -> None:
    """Run the quality tests of published tables; nothing is written.

    SELECT is dbt's grammar: silver.orders, +x, x+, tag:a, layer:gold, path:…
    """
    results = _lake(ctx, read_only=True).test(list(select) or None, vars=_variables(variables))
    if as_json:
        _print_json([result.to_dict() for result in results])
    else:
        lines = [[one.pipeline, one.name, one.status, one.severity, _text(one.count)] for one in results]
        _print_table(["pipeline", "test", "status", "severity", "rows"], lines, right=[False, False, False, False, True], marks=2)
        for one in results:
            if one.error is not None:
                click.echo("\n" + _coloured(str(one.error)), err=True)
    ctx.exit(1 if any(one.status != "passed" and one.severity == "error" for one in results) else 0)


@main.command()
@click.argument("pipeline")
@click.option("--full-refresh", is_flag=True, help="Rebuild the table from nothing.")
@click.option("--allow-data-loss", is_flag=True, help="Rebuild even where that loses history or consumed files.")
@click.option("--var", "variables", multiple=True, metavar="KEY=VALUE", help="A value for var(); JSON where it is JSON, else text.")
@click.option("--timeout", type=float, help="Seconds.")
@_json("the report")
@click.pass_context
def run(
    ctx: click.Context,
    pipeline: str,
    full_refresh: bool,
    allow_data_loss: bool,
    variables: tuple[str, ...],
    timeout: float | None,
    as_json: bool,
) -> None:
    """Run one pipeline."""
    lake = _lake(ctx)
    with _progress(shown=not as_json) as on_event:
        report = lake.run(
            pipeline,
            full_refresh=full_refresh,
            allow_data_loss=allow_data_loss,
            vars=_variables(variables),
            timeout=timeout,
            on_event=on_event,
            raise_on_failure=False,
        )
    if as_json:
        _print_json(report.to_dict())
    else:
        _print_runs([report])
    ctx.exit(_exit_code(report.error))


@main.command()
@_select
@click.option("--exclude", "-x", multiple=True, help="Leave out what this selects.")
@click.option("--full-refresh", is_flag=True, help="Rebuild the tables from nothing.")
@click.option("--allow-data-loss", is_flag=True, help="Rebuild even where that loses history or consumed files.")
@click.option("--force", is_flag=True, help="Run what has not changed, too.")
@click.option("--fail-fast", is_flag=True, help="Start nothing more after the first failure.")
@click.option(
    "--publish", type=click.Choice(["each", "together"]), default="each", show_default=True, help="Tables one by one, or in one commit."
)
@click.option("--concurrency", "-j", type=click.IntRange(min=1), help="Pipelines at the same time.")
@click.option("--var", "variables", multiple=True, metavar="KEY=VALUE", help="A value for var(); JSON where it is JSON, else text.")
@_json("the report")
@click.pass_context
def build(
    ctx: click.Context, /, select: tuple[str, ...], exclude: tuple[str, ...], variables: tuple[str, ...], as_json: bool, **options: Any
) -> None:
    """Run what changed, in dependency order, independent pipelines at the same time.

    SELECT is dbt's grammar: silver.orders, +x, x+, tag:a, layer:gold, path:…
    """
    lake = _lake(ctx)
    with _progress(shown=not as_json) as on_event:
        report: BuildReport = lake.build(
            list(select) or None,
            exclude=list(exclude) or None,
            vars=_variables(variables),
            on_event=on_event,
            raise_on_failure=False,
            **options,
        )
    if as_json:
        _print_json(report.to_dict())
    else:
        _print_runs(report.runs)
    first = next((one.error for one in report.runs if one.error is not None), None)
    ctx.exit(_exit_code(first) if first is not None else 0 if report.ok else 1)


@main.command()
@click.argument("sql", required=False)
@click.option("--limit", type=click.IntRange(min=0), help="The most rows.")
@click.option("--timeout", type=float, help="Seconds.")
@click.option("--as-of", help="The moment of the tables: a time, a snapshot id, or the name of a tag.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV.")
@_json("the rows, objects in an array,")
@click.pass_context
def query(
    ctx: click.Context, sql: str | None, limit: int | None, timeout: float | None, as_of: str | None, as_csv: bool, as_json: bool
) -> None:
    """Answer one read-only statement, given as SQL or on standard input."""
    text = sql if sql is not None else sys.stdin.read()
    result = _lake(ctx, read_only=True).query(text, limit=limit, timeout=timeout, as_of=as_of)
    if as_json:
        _print_json(result.to_pylist())
        return
    _print_rows(result, as_csv=as_csv)
    if not as_csv:
        click.secho(f"{len(result):,} rows, {result.duration_ms:.0f} ms", dim=True)


@main.command()
@click.argument("pipeline", required=False)
@click.option("--sql", "file", type=click.File("rb"), help="A text in the place of the pipeline's, or of its own; - is standard input.")
@click.option("--full-refresh", is_flag=True, help="As a run that rebuilds the table.")
@click.option("--var", "variables", multiple=True, metavar="KEY=VALUE", help="A value for var(); JSON where it is JSON, else text.")
@click.option("--limit", type=click.IntRange(min=0), default=100, show_default=True, help="The most rows.")
@click.option("--count", is_flag=True, help="Count all rows too, which reads all of them.")
@click.option("--plan", "with_plan", is_flag=True, help="Print how the engine goes about it, too.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV.")
@_json("the preview, rows included,")
@click.pass_context
def preview(
    ctx: click.Context,
    pipeline: str | None,
    file: Any,
    full_refresh: bool,
    variables: tuple[str, ...],
    limit: int,
    count: bool,
    with_plan: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Show the first rows that a pipeline's next run would write; nothing is written.

    Landing zones are read from their _samples/ where there are any.
    """
    if pipeline is None and file is None:
        raise click.UsageError("name a pipeline, or give --sql")
    try:
        sql = None if file is None else file.read().decode()
    except UnicodeDecodeError:
        raise click.BadParameter("the file is not UTF-8", param_hint="--sql") from None
    shown = _lake(ctx, read_only=True).preview(
        pipeline, sql=sql, full_refresh=full_refresh, vars=_variables(variables), limit=limit, count=count
    )
    if as_json:
        _print_json(shown.to_dict())
        return
    for warning in shown.warnings:
        click.echo(_coloured(warning.drawn) + "\n", err=True)
    _print_rows(shown.data, as_csv=as_csv)
    if with_plan:
        click.echo(shown.plan, err=True)
    if not as_csv:
        of = "" if shown.row_count is None else f" of {shown.row_count:,}"
        click.secho(f"{len(shown.data):,}{of} rows, {sum(phase.duration_ms for phase in shown.phases):.0f} ms", dim=True)


@main.command()
@click.argument("name", required=False)
@click.option("--history", is_flag=True, help="Show the snapshots of NAME.")
@click.option("--rename", metavar="TO", help="Give NAME another name, with its rows and history.")
@_json("what is listed")
@click.pass_context
def tables(ctx: click.Context, name: str | None, history: bool, rename: str | None, as_json: bool) -> None:
    """List tables and views, describe one, or rename it."""
    lake = _lake(ctx, read_only=rename is None)
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
            _print_json(table.to_dict())
            return
        counts = {"rows": table.row_count, "files": table.file_count, "bytes": table.size_bytes}
        told = [f"{count:,} {what}" for what, count in counts.items() if count is not None]
        click.echo("  ".join([table.name, table.kind, *told]))
        _print_table(["column", "type", "null"], [[c.name, c.type, "" if c.nullable else "not null"] for c in table.columns])
        return
    else:
        shown, columns = lake.tables.list(), ["name", "kind"]
    if as_json:
        _print_json([one.to_dict() for one in shown])
        return
    _print_table(columns, [[_text(getattr(one, column)) for column in columns] for one in shown])


@main.command()
@click.argument("pipeline", required=False)
@click.option("--status", type=click.Choice(["pending", "running", "success", "failed", "cancelled"]))
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--after", help="Go on after this run: `next` of the page before.")
@_json("the page")
@click.pass_context
def runs(ctx: click.Context, pipeline: str | None, status: Any, limit: int, after: str | None, as_json: bool) -> None:
    """List runs, newest first."""
    page = _lake(ctx, read_only=True).runs.list(pipeline, status=status, limit=limit, after=after)
    if as_json:
        _print_json(page.to_dict())
        return
    columns = ["started_at", "pipeline", "status", "strategy", "rows_written", "duration_ms", "error_code", "id"]
    _print_table(columns, [[_text(getattr(one, column)) for column in columns] for one in page.runs], marks=2)
    if page.next is not None:
        click.secho(f"more: rat runs --after {page.next}", dim=True)


@main.command()
@_select
@click.option("--mermaid", is_flag=True, help="Print a Mermaid flowchart.")
@click.option("--svg", is_flag=True, help="Print an SVG.")
@_json("nodes and edges")
@click.pass_context
def graph(ctx: click.Context, select: tuple[str, ...], mermaid: bool, svg: bool, as_json: bool) -> None:
    """Show what reads what, in build order."""
    drawn = _lake(ctx, read_only=True).graph(list(select) or None)
    if as_json:
        _print_json(drawn.to_json())
        return
    if mermaid or svg:
        click.echo(drawn.to_mermaid() if mermaid else drawn.to_svg())
        return
    reads: dict[str, list[str]] = {}
    for edge in drawn.edges:
        reads.setdefault(edge.reader, []).append(edge.source)
    lines = [[n.name, n.materialized or n.kind, n.strategy or "", ", ".join(reads.get(n.name, []))] for n in drawn.nodes]
    _print_table(["name", "kind", "strategy", "reads"], lines)


@main.command()
@_select
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--relocate", is_flag=True, help="The lake was moved: write its paths anew for where it is now, and do nothing else.")
@click.option("--keep-snapshots", type=click.IntRange(min=0), help="How many snapshots stay whatever their age.")
@click.option("--keep-for", metavar="DURATION", help="How long a snapshot stays after another took its place: 7d.")
@click.option("--orphan-grace", metavar="DURATION", help="How old a file is that nobody names before it is deleted: 3d.")
@_json("the report")
@click.pass_context
def maintain(ctx: click.Context, select: tuple[str, ...], dry_run: bool, relocate: bool, as_json: bool, **settings: Any) -> None:
    """Keep tables small: rewrite files, let old snapshots go, delete what nobody names.

    SELECT is dbt's grammar: silver.orders, +x, x+, tag:a, layer:gold, path:…; every table when it is not given. What is not said here is
    as [maintenance] of rat.toml says.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    lake = _lake(ctx, settings={"maintenance": given} if given else None)
    report = lake.maintain(list(select) or None, dry_run=dry_run, relocate=relocate, raise_on_failure=False)
    if as_json:
        _print_json(report.to_dict())
    else:
        done = ["files_rewritten", "files_written", "snapshots_expired", "files_deleted", "orphans_deleted"]
        names = ["files_relocated"] if relocate else done
        lines = []
        for one in report.tables:
            counts = [f"{getattr(one, name):,}" for name in names]
            freed = f"{one.bytes_deleted + one.orphan_bytes:,}"
            lines.append([one.name, "failed" if one.error is not None else "success", *counts, freed])
        columns = ["table", "status", *(name.replace("_", " ") for name in names), "bytes freed"]
        _print_table(columns, lines, right=[False, False, *[True] * (len(names) + 1)], marks=1)
        for one in report.tables:
            if one.error is not None:
                click.echo("\n" + _coloured(str(one.error)), err=True)
        if dry_run:
            click.secho("a dry run: nothing was changed", dim=True, err=True)
    ctx.exit(_exit_code(next((one.error for one in report.tables if one.error is not None), None)))


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what completes `rat` in a shell: eval "$(rat completion bash)"."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(made(main, {}, "rat", "_RAT_COMPLETE").source())


def _exit_code(error: RatError | None) -> int:
    return 0 if error is None else EXIT_CODES.get(error.kind, 70)


def _variables(given: tuple[str, ...]) -> dict[str, Any] | None:
    variables: dict[str, Any] = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"`{pair}` is not KEY=VALUE", param_hint="--var")
        try:
            variables[key] = json.loads(value)
        except json.JSONDecodeError:
            variables[key] = value
    return variables or None


def _print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, default=str))


def _print_rows(result: Result, *, as_csv: bool) -> None:
    rows = result.to_pylist()
    if as_csv:
        import csv

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(result.columns)
        writer.writerows(row.values() for row in rows)
        return
    _print_table(result.columns, [[_text(value) for value in row.values()] for row in rows], right=[_is_number(t) for t in result.types])


def _print_runs(reports: list[RunReport]) -> None:
    lines = []
    for one in reports:
        failed = sum(test.status != "passed" for test in one.tests)
        tests = f"{len(one.tests) - failed}/{len(one.tests)}" if one.tests else ""
        status = "skipped" if one.skipped_reason else one.status
        done = ["", ""] if one.skipped_reason else [f"{one.rows_written:,}", f"{one.duration_ms:,} ms"]
        note = one.skipped_reason or (one.error.code if one.error is not None else "")
        lines.append([one.pipeline, status, *done, tests, note])
    _print_table(["pipeline", "status", "rows", "time", "tests", ""], lines, right=[False, False, True, True, True, False], marks=1)
    for one in reports:
        for warning in one.warnings:
            click.echo("\n" + _coloured(warning.drawn), err=True)
        if one.error is not None:
            click.echo("\n" + _coloured(str(one.error)), err=True)
        for test in one.tests:
            if test.status != "passed" and test.samples:
                click.secho(f"\n{test.name}: {test.count} rows, {len(test.samples)} shown", err=True, fg=_MARKS.get(test.severity))
                for row in test.samples:
                    click.echo(f"  {json.dumps(row, default=str)}", err=True)


def _print_table(columns: list[str], rows: list[list[str]], *, right: list[bool] | None = None, marks: int | None = None) -> None:
    if not sys.stdout.isatty():
        # Elsewhere than on a terminal, what a pipe can read.
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if right and right[index] else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=_MARKS.get(cell, "") if index == marks else "") for index, cell in enumerate(row)))
    Console().print(table)


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[dict[str, Any]], None] | None]:
    """A line a running pipeline, on standard error and only on a terminal."""
    if not shown or not sys.stderr.isatty():
        yield None
        return
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
                bars.update(lines[run], rows=f"{event['rows']:,} rows")
            elif kind == "finished" and event["report"]["id"] in lines:
                bars.remove_task(lines.pop(event["report"]["id"]))

        yield on_event


def _coloured(drawn: str) -> str:
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


def _text(value: Any) -> str:
    return (
        ""
        if value is None
        else f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15
        else str(value)
    )


def _is_number(kind: str) -> bool:
    return kind.startswith(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "U", "FLOAT", "DOUBLE", "DECIMAL")) and not kind.endswith("[]")


if __name__ == "__main__":
    main()
