"""The command without its commands: how a lake is opened, and the options that commands share."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from .completing import folders, selections
from .failing import Commands

if TYPE_CHECKING:
    from ..lake import Lake

_HELP = """
Exit codes: 0 done · 1 the project, the data or a run is at fault, or there is no pipeline to check, test, run or build · 2 wrong usage ·
3 not found · 4 denied · 5 conflict · 6 unavailable · 7 timed out · 8 corrupt · 70 a defect in rat · 130 interrupted. With --json, what
fails is {"error": {kind, code, message, help, retryable, context, diagnostics, drawn}} on standard output, wrong usage too; a run, build
or maintenance that fails is its report, and one that is interrupted has the "runs" that had ended beside the error. NO_COLOR,
FORCE_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded.
"""


@click.group(cls=Commands, epilog=_HELP.replace("\n", " ").strip())
@click.option(
    "--lake",
    "-C",
    "path",
    default=".",
    metavar="FOLDER",
    envvar="RAT_LAKE",
    show_envvar=True,
    shell_complete=folders,
    help="The lake's folder or URL.  [default: the project that the working folder is in]",
)
@click.option("--namespace", "-n", default="default", show_default=True, help="The namespace that `layer.name` means.")
@click.version_option(__version__, prog_name="rat", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, path: str, namespace: str) -> None:
    """The lakehouse pipeline engine: check, build and query a folder of pipelines."""
    ctx.obj = {"path": path, "namespace": namespace}
    ctx.color = _colour()


def _colour() -> bool | None:
    """Whether colours are wanted; ``None`` where a terminal decides."""
    # https://no-color.org and https://force-color.org: set, and not empty. https://bixense.com/clicolors: and not 0.
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return False if os.environ.get("TERM") == "dumb" else None


def open_lake(ctx: click.Context, *, read_only: bool = False, settings: dict[str, Any] | None = None) -> Lake:
    from ..lake import open
    from .project import lake_path

    return open(lake_path(ctx), namespace=ctx.obj["namespace"], read_only=read_only, settings=settings)


def json_option(what: str) -> Any:
    """The option ``--json``. What goes wrong is JSON then, too."""

    def remember(ctx: click.Context, _: click.Parameter, asked: bool) -> bool:
        ctx.meta["rat.json"] = asked
        return asked

    return click.option("--json", "as_json", is_flag=True, callback=remember, help=f"Print {what} as JSON, and nothing else.")


select_argument: Any = click.argument("select", nargs=-1, shell_complete=selections)
variables_option: Any = click.option(
    "--var", "variables", multiple=True, metavar="KEY=VALUE", help="A value for var(); JSON where it is JSON, else text."
)


def only_one(**given: Any) -> None:
    """Refuses options of which one would be ignored."""
    asked = [f"--{name}" for name, value in given.items() if value]
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(asked)} do not go together", click.get_current_context())


def text_from(path: str, hint: str) -> str:
    """The text of a file; ``-`` is standard input."""
    if path == "-" and sys.stdin is None:
        raise click.UsageError("standard input is closed", click.get_current_context())
    try:
        with click.open_file(path, "rb") as file:
            return bytes(file.read()).decode()
    except UnicodeDecodeError:
        told = "standard input" if path == "-" else "the file"
        raise click.BadParameter(f"{told} is not UTF-8", click.get_current_context(), param_hint=hint) from None
    except OSError as error:
        raise click.BadParameter(f"cannot be read: {error.strerror}", click.get_current_context(), param_hint=hint) from None


def variables_of(given: tuple[str, ...]) -> dict[str, Any] | None:
    import json

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is not JSON")

    variables: dict[str, Any] = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"`{pair}` is not KEY=VALUE", param_hint="--var")
        try:
            variables[key] = json.loads(value, parse_constant=refuse)
        except ValueError:
            variables[key] = value
        except RecursionError:
            raise click.BadParameter(f"the value of `{key}` is nested too deep", param_hint="--var") from None
    return variables or None
