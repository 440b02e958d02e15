"""The commands about pipelines: they write, check, show, run and build them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from .._words import counted, shown_of
from . import completing
from .drawing import Column, print_drawn, print_json, print_note, print_rows, print_runs, print_table, print_text, progress, short
from .failing import exit_code
from .group import json_option, main, only_one, open_lake, select_argument, text_from, variables_of, variables_option
from .values import visible

if TYPE_CHECKING:
    from ..reports import BuildReport


pipeline_argument: Any = click.argument("pipeline", shell_complete=completing.pipelines)


@main.command()
@click.argument("folder", required=False, shell_complete=completing.folders)
@click.option("--example", type=click.Choice(["shop", "flights"]), default="shop", show_default=True, help="The project to write.")
@json_option("where it is and which pipelines it has")
@click.pass_context
def init(ctx: click.Context, folder: str | None, example: Any, as_json: bool) -> None:
    """Write a project that runs, to begin with.

    FOLDER, or what -C or RAT_LAKE names, or else the working folder, is made if it is not there. It may hold anything but a project: what
    lies in it stays.
    """
    import shlex

    from ..lake import init as write

    root = ctx.find_root()
    if root.get_parameter_source("namespace") is not ParameterSource.DEFAULT:
        raise click.UsageError("an example is in the namespace `default`: leave -n out", ctx)
    if folder is not None and root.get_parameter_source("path") is ParameterSource.COMMANDLINE:
        raise click.UsageError("name the folder once, as FOLDER or with -C", ctx)
    where = ctx.obj["path"] if folder is None else folder
    lake = write(where, example=example)
    graph = lake.graph()
    if as_json:
        print_json({"url": lake.url, "example": example, "pipelines": graph.order()})
        return
    named = "" if where == "." else f" -C {shlex.quote(where)}"
    print_text(f"wrote {counted(len(graph.nodes), 'pipeline')} to {where}; next: rat{named} build")


@main.command()
@select_argument
@json_option("the report")
@click.pass_context
def check(ctx: click.Context, select: tuple[str, ...], as_json: bool) -> None:
    """Compile and type the project, without running it.

    SELECT is dbt's grammar: silver.orders, +x, x+, tag:a, layer:gold, path:…
    """
    from .project import lake_path, need_pipelines, nothing_in

    need_pipelines(ctx)
    report = open_lake(ctx, read_only=True).check(list(select) or None)
    if not report.pipelines and not report.diagnostics:
        nothing_in(lake_path(ctx))
    if as_json:
        print_json(report.to_dict())
    else:
        for diagnostic in report.diagnostics:
            print_drawn(diagnostic.drawn, err=False, before="", after="\n")
        errors = sum(d.severity == "error" for d in report.diagnostics)
        warnings = len(report.diagnostics) - errors
        told = ", ".join(counted(n, of) for n, of in ((len(report.pipelines), "pipeline"), (errors, "error"), (warnings, "warning")))
        click.secho(told, fg="red" if errors else "green")
    ctx.exit(0 if report.ok else 1)


@main.command()
@pipeline_argument
@click.option("--full-refresh", is_flag=True, help="As a run that rebuilds the table.")
@variables_option
@json_option("what came of it")
@click.pass_context
def compile(ctx: click.Context, pipeline: str, full_refresh: bool, variables: tuple[str, ...], as_json: bool) -> None:
    """Print one pipeline's SQL, as its next run has it."""
    compiled = open_lake(ctx, read_only=True).compile(pipeline, full_refresh=full_refresh, vars=variables_of(variables))
    if as_json:
        print_json(compiled.to_dict())
    else:
        for diagnostic in compiled.diagnostics:
            print_drawn(diagnostic.drawn, before="", after="\n")
        if compiled.sql is not None:
            print_text(compiled.sql)
    ctx.exit(0 if compiled.ok else 1)


@main.command()
@pipeline_argument
@click.option("--full-refresh", is_flag=True, help="As a run that rebuilds the table.")
@click.option("--allow-data-loss", is_flag=True, help="As a run that rebuilds even where that loses history or consumed files.")
@variables_option
@json_option("the plan")
@click.pass_context
def plan(ctx: click.Context, pipeline: str, full_refresh: bool, allow_data_loss: bool, variables: tuple[str, ...], as_json: bool) -> None:
    """Tell what a run would do, and do nothing.

    No row is read: a number is exact, a limit that holds whatever the rows are, or unknown.
    """
    planned = open_lake(ctx, read_only=True).plan(
        pipeline, full_refresh=full_refresh, allow_data_loss=allow_data_loss, vars=variables_of(variables)
    )
    if as_json:
        print_json(planned.to_dict())
    else:
        from ..display import planned as words

        for diagnostic in planned.diagnostics:
            print_drawn(diagnostic.drawn, before="", after="\n")
        columns = [Column(planned.strategy), Column(planned.pipeline, folds=True)]
        print_table(columns, [[name, value] for name, value in words(planned).items()])
    ctx.exit(0 if planned.ok else 1)


@main.command()
@select_argument
@variables_option
@json_option("the results")
@click.pass_context
def test(ctx: click.Context, select: tuple[str, ...], variables: tuple[str, ...], as_json: bool) -> None:
    """Run the quality tests of published tables.

    Nothing is written. SELECT is dbt's grammar: silver.orders, +x, x+, tag:a, layer:gold, path:…
    """
    from .project import need_pipelines

    need_pipelines(ctx)
    results = open_lake(ctx, read_only=True).test(list(select) or None, vars=variables_of(variables))
    if as_json:
        print_json([result.to_dict() for result in results])
    else:
        columns = [Column("pipeline", shown=short), Column("test", folds=True), Column("status", marks=True), Column("severity")]
        lines = [[one.pipeline, one.name, one.status, one.severity, one.count] for one in results]
        print_table([*columns, Column("rows", right=True)], lines)
        for one in results:
            if one.error is not None:
                print_drawn(str(one.error))
    ctx.exit(1 if any(one.status != "passed" and one.severity == "error" for one in results) else 0)


@main.command()
@pipeline_argument
@click.option("--full-refresh", is_flag=True, help="Rebuild the table from nothing.")
@click.option("--allow-data-loss", is_flag=True, help="Rebuild even where that loses history or consumed files.")
@variables_option
@click.option("--timeout", type=float, help="Seconds.")
@json_option("the report")
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
    from .project import need_pipelines

    need_pipelines(ctx)
    lake = open_lake(ctx)
    with progress(shown=not as_json) as on_event:
        report = lake.run(
            pipeline,
            full_refresh=full_refresh,
            allow_data_loss=allow_data_loss,
            vars=variables_of(variables),
            timeout=timeout,
            on_event=on_event,
            raise_on_failure=False,
        )
    if as_json:
        print_json(report.to_dict())
    else:
        print_runs([report])
    ctx.exit(exit_code(report.error))


@main.command()
@select_argument
@click.option("--exclude", "-x", multiple=True, metavar="SELECT", shell_complete=completing.selections, help="Leave out what this selects.")
@click.option("--full-refresh", is_flag=True, help="Rebuild the tables from nothing.")
@click.option("--allow-data-loss", is_flag=True, help="Rebuild even where that loses history or consumed files.")
@click.option("--force", is_flag=True, help="Run what has not changed, too.")
@click.option("--fail-fast", is_flag=True, help="Start nothing more after the first failure.")
@click.option(
    "--publish", type=click.Choice(["each", "together"]), default="each", show_default=True, help="Tables one by one, or in one commit."
)
@click.option("--concurrency", "-j", type=click.IntRange(min=1), help="Pipelines at the same time.")
@variables_option
@json_option("the report")
@click.pass_context
def build(
    ctx: click.Context, /, select: tuple[str, ...], exclude: tuple[str, ...], variables: tuple[str, ...], as_json: bool, **options: Any
) -> None:
    """Run what changed, in dependency order.

    Independent pipelines run at the same time. SELECT is dbt's grammar: silver.orders, +x, x+, tag:a, layer:gold, path:…
    """
    from .project import lake_path, need_pipelines, nothing_in

    need_pipelines(ctx)
    lake = open_lake(ctx)
    with progress(shown=not as_json) as on_event:
        report: BuildReport = lake.build(
            list(select) or None,
            exclude=list(exclude) or None,
            vars=variables_of(variables),
            on_event=on_event,
            raise_on_failure=False,
            **options,
        )
    if not report.runs and not exclude:
        nothing_in(lake_path(ctx))
    if as_json:
        print_json(report.to_dict())
    else:
        print_runs(report.runs)
    first = next((one.error for one in report.runs if one.error is not None), None)
    ctx.exit(exit_code(first) if first is not None else 0 if report.ok else 1)


@main.command()
@click.argument("pipeline", required=False, shell_complete=completing.pipelines)
@click.option(
    "--sql",
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="A text in the place of the pipeline's, or of its own; - is standard input.",
)
@click.option("--full-refresh", is_flag=True, help="As a run that rebuilds the table.")
@variables_option
@click.option("--limit", type=click.IntRange(min=0), default=100, show_default=True, help="The most rows.")
@click.option("--count", is_flag=True, help="Count all rows too, which reads all of them.")
@click.option("--plan", "with_plan", is_flag=True, help="Print how the engine goes about it, too.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV.")
@json_option("the preview, rows included,")
@click.pass_context
def preview(
    ctx: click.Context,
    pipeline: str | None,
    file: str | None,
    full_refresh: bool,
    variables: tuple[str, ...],
    limit: int,
    count: bool,
    with_plan: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Show the first rows that a run would write.

    Nothing is written. Landing zones are read from their _samples/ where there are any.
    """
    only_one(csv=as_csv, json=as_json)
    if pipeline is None and file is None:
        raise click.UsageError("name a pipeline, or give --sql", ctx)
    sql = None if file is None else text_from(file, "--sql")
    shown = open_lake(ctx, read_only=True).preview(
        pipeline, sql=sql, full_refresh=full_refresh, vars=variables_of(variables), limit=limit, count=count
    )
    if as_json:
        print_json(shown.to_dict())
        return
    for warning in shown.warnings:
        print_drawn(warning.drawn, before="", after="\n")
    print_rows(shown.data, as_csv=as_csv)
    if with_plan:
        click.echo(visible(shown.plan), err=True)
    if not as_csv:
        rows = shown_of(len(shown.data), shown.row_count)
        print_note(f"{rows}, {sum(phase.duration_ms for phase in shown.phases):.0f} ms")
