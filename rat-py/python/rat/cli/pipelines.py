"""The commands about pipelines: they write, check, show, run and build them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .._words import counted, shown_of
from .drawing import coloured, print_json, print_rows, print_runs, print_table, progress, text_of
from .group import exit_code, json_option, main, open_lake, select_argument, variables_of, variables_option

if TYPE_CHECKING:
    from ..reports import BuildReport


@main.command()
@click.argument("folder", default=".")
@click.option("--example", type=click.Choice(["shop", "flights"]), default="shop", show_default=True, help="The project to write.")
@json_option("where it is and which pipelines it has")
def init(folder: str, example: Any, as_json: bool) -> None:
    """Write a project that runs into a new or empty FOLDER."""
    from ..lake import init as write

    lake = write(folder, example=example)
    graph = lake.graph()
    if as_json:
        print_json({"url": lake.url, "example": example, "pipelines": graph.order()})
        return
    where = "" if folder == "." else f" -C {folder}"
    click.echo(f"wrote {counted(len(graph.nodes), 'pipeline')} to {folder}; next: rat{where} build")


@main.command()
@select_argument
@json_option("the report")
@click.pass_context
def check(ctx: click.Context, select: tuple[str, ...], as_json: bool) -> None:
    """Compile and type the whole project, without running it.

    SELECT is dbt's grammar: silver.orders, +x, x+, tag:a, layer:gold, path:…
    """
    report = open_lake(ctx, read_only=True).check(list(select) or None)
    if as_json:
        print_json(report.to_dict())
    else:
        for diagnostic in report.diagnostics:
            click.echo(coloured(diagnostic.drawn) + "\n")
        errors = sum(d.severity == "error" for d in report.diagnostics)
        warnings = len(report.diagnostics) - errors
        told = ", ".join(counted(n, of) for n, of in ((len(report.pipelines), "pipeline"), (errors, "error"), (warnings, "warning")))
        click.secho(told, fg="red" if errors else "green")
    ctx.exit(0 if report.ok else 1)


@main.command()
@click.argument("pipeline")
@click.option("--full-refresh", is_flag=True, help="As a run that rebuilds the table.")
@variables_option
@json_option("what came of it")
@click.pass_context
def compile(ctx: click.Context, pipeline: str, full_refresh: bool, variables: tuple[str, ...], as_json: bool) -> None:
    """Print one pipeline's SQL, as its next run would have it."""
    compiled = open_lake(ctx, read_only=True).compile(pipeline, full_refresh=full_refresh, vars=variables_of(variables))
    if as_json:
        print_json(compiled.to_dict())
    else:
        for diagnostic in compiled.diagnostics:
            click.echo(coloured(diagnostic.drawn) + "\n", err=True)
        if compiled.sql is not None:
            click.echo(compiled.sql)
    ctx.exit(0 if compiled.ok else 1)


@main.command()
@click.argument("pipeline")
@click.option("--full-refresh", is_flag=True, help="As a run that rebuilds the table.")
@click.option("--allow-data-loss", is_flag=True, help="As a run that rebuilds even where that loses history or consumed files.")
@variables_option
@json_option("the plan")
@click.pass_context
def plan(ctx: click.Context, pipeline: str, full_refresh: bool, allow_data_loss: bool, variables: tuple[str, ...], as_json: bool) -> None:
    """Tell what a run of one pipeline would do to its table, and do nothing.

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
            click.echo(coloured(diagnostic.drawn) + "\n", err=True)
        print_table([planned.strategy, planned.pipeline], [[name, value] for name, value in words(planned).items()])
    ctx.exit(0 if planned.ok else 1)


@main.command()
@select_argument
@variables_option
@json_option("the results")
@click.pass_context
def test(ctx: click.Context, select: tuple[str, ...], variables: tuple[str, ...], as_json: bool) -> None:
    """Run the quality tests of published tables; nothing is written.

    SELECT is dbt's grammar: silver.orders, +x, x+, tag:a, layer:gold, path:…
    """
    results = open_lake(ctx, read_only=True).test(list(select) or None, vars=variables_of(variables))
    if as_json:
        print_json([result.to_dict() for result in results])
    else:
        lines = [[one.pipeline, one.name, one.status, one.severity, text_of(one.count)] for one in results]
        print_table(["pipeline", "test", "status", "severity", "rows"], lines, right=[False, False, False, False, True], marks=2)
        for one in results:
            if one.error is not None:
                click.echo("\n" + coloured(str(one.error)), err=True)
    ctx.exit(1 if any(one.status != "passed" and one.severity == "error" for one in results) else 0)


@main.command()
@click.argument("pipeline")
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
@click.option("--exclude", "-x", multiple=True, help="Leave out what this selects.")
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
    """Run what changed, in dependency order, independent pipelines at the same time.

    SELECT is dbt's grammar: silver.orders, +x, x+, tag:a, layer:gold, path:…
    """
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
    if as_json:
        print_json(report.to_dict())
    else:
        print_runs(report.runs)
    first = next((one.error for one in report.runs if one.error is not None), None)
    ctx.exit(exit_code(first) if first is not None else 0 if report.ok else 1)


@main.command()
@click.argument("pipeline", required=False)
@click.option("--sql", "file", type=click.File("rb"), help="A text in the place of the pipeline's, or of its own; - is standard input.")
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
    shown = open_lake(ctx, read_only=True).preview(
        pipeline, sql=sql, full_refresh=full_refresh, vars=variables_of(variables), limit=limit, count=count
    )
    if as_json:
        print_json(shown.to_dict())
        return
    for warning in shown.warnings:
        click.echo(coloured(warning.drawn) + "\n", err=True)
    print_rows(shown.data, as_csv=as_csv)
    if with_plan:
        click.echo(shown.plan, err=True)
    if not as_csv:
        rows = shown_of(len(shown.data), shown.row_count)
        click.secho(f"{rows}, {sum(phase.duration_ms for phase in shown.phases):.0f} ms", dim=True)
