"""The command without its commands: how a lake is opened, how what fails is told, and the exit codes."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from .drawing import coloured, print_json

if TYPE_CHECKING:
    from ..errors import RatError
    from ..lake import Lake

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

_HELP = """
Exit codes: 0 done · 1 the project, the data or a run is at fault · 2 wrong usage · 3 not found · 4 denied · 5 conflict · 6 unavailable ·
7 timed out · 8 corrupt · 70 a defect in rat · 130 interrupted. With --json, what fails is {"error": {kind, code, message, help,
diagnostics, …}} on standard output, and a run, build or maintenance that fails is its report. NO_COLOR is heeded.
"""


class Commands(click.Group):
    """Turns what rat raises into a drawn message and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        from ..errors import RatError

        try:
            return super().invoke(ctx)
        except RatError as error:
            if asked_for_json(ctx):
                print_json({"error": error.to_dict()})
            else:
                click.echo(coloured(str(error)), err=True)
            ctx.exit(exit_code(error))
        except KeyboardInterrupt:
            if asked_for_json(ctx):
                print_json({"error": {"kind": "cancelled", "code": "CANCELLED", "message": "interrupted", "diagnostics": []}})
            else:
                click.echo("interrupted: nothing was published", err=True)
            ctx.exit(EXIT_CODES["cancelled"])


@click.group(
    cls=Commands,
    epilog=_HELP.replace("\n", " ").strip(),
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


def open_lake(ctx: click.Context, *, read_only: bool = False, settings: dict[str, Any] | None = None) -> Lake:
    from ..lake import open

    return open(ctx.obj["path"], namespace=ctx.obj["namespace"], read_only=read_only, settings=settings)


def asked_for_json(ctx: click.Context) -> bool:
    return bool(ctx.find_root().meta.get("rat.json"))


def json_option(what: str) -> Any:
    """The option ``--json``. What goes wrong is JSON then, too."""

    def remember(ctx: click.Context, _: click.Parameter, asked: bool) -> bool:
        ctx.find_root().meta["rat.json"] = asked
        return asked

    return click.option("--json", "as_json", is_flag=True, callback=remember, help=f"Print {what} as JSON, and nothing else.")


select_argument: Any = click.argument("select", nargs=-1)
variables_option: Any = click.option(
    "--var", "variables", multiple=True, metavar="KEY=VALUE", help="A value for var(); JSON where it is JSON, else text."
)


def exit_code(error: RatError | None) -> int:
    return 0 if error is None else EXIT_CODES.get(error.kind, 70)


def variables_of(given: tuple[str, ...]) -> dict[str, Any] | None:
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
