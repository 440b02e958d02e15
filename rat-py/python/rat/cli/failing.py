"""How what fails is told: drawn or as JSON, with an exit code; what the library raises, what is wrong with the arguments, and Ctrl-C."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from .drawing import coloured, print_json
from .values import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..errors import Kind, RatError

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


def failure(kind: Kind, code: str, message: str, help: str) -> RatError:
    """A failure of the command's own, in the shape of the library's."""
    from ..errors import from_data

    drawn = f"error[{code}]: {message}\n  help: {help}"
    told = {"kind": kind, "code": code, "message": message, "help": help, "retryable": False, "drawn": drawn}
    return from_data({**told, "context": {}, "diagnostics": []})


def exit_code(error: RatError | None) -> int:
    return 0 if error is None else EXIT_CODES.get(error.kind, 70)


class Commands(click.Group):
    """Tells what goes wrong in a command."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode, **extra)
        given = sys.argv[1:] if args is None else args
        try:
            sys.exit(super().main(args, prog_name, complete_var, standalone_mode=False, **extra) or 0)
        except click.Abort:
            sys.exit(EXIT_CODES["cancelled"])
        except click.ClickException as error:
            with suppress(OSError):
                _tell_usage(error, as_json="--json" in given)
            sys.exit(error.exit_code)
        except OSError as error:
            # A standard stream that takes no more; a pipe that is closed is click's to end without a word.
            with suppress(OSError):
                where = "" if error.filename is None else f": {error.filename}"
                click.echo(visible(f"error: {error.strerror or error}{where}"), err=True)
            _give_up_output()
            sys.exit(EXIT_CODES["unavailable"])

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
        except TypeError as error:
            # What an argument cannot be, the library says, with the argument's name.
            found = re.fullmatch(r"(?:argument '(\w+)':|`(\w+)`) (must .*)", str(error), re.DOTALL)
            if found is None:
                raise
            raise click.BadParameter(found[3], param_hint=f"`{found[1] or found[2]}`") from None
        except KeyboardInterrupt:
            _tell_interrupted(ctx)
            ctx.exit(EXIT_CODES["cancelled"])


def _tell_usage(error: click.ClickException, *, as_json: bool) -> None:
    if not as_json or not isinstance(error, click.UsageError):
        error.show()
        return
    about = "rat" if error.ctx is None else error.ctx.command_path
    told = failure("invalid", "INVALID_ARGUMENT", error.format_message(), f"see `{about} --help`")
    print_json({"error": told.to_dict()})


def _tell_interrupted(ctx: click.Context) -> None:
    """An interrupted command leaves what its runs published before."""
    watched = ctx.meta.get("rat.watched")
    message = "interrupted" if watched is None else f"interrupted: {watched.words()}"
    if asked_for_json(ctx):
        error = failure("cancelled", "CANCELLED", message, "run it again")
        runs = {} if watched is None else {"runs": watched.reports}
        print_json({"error": error.to_dict(), **runs})
    else:
        click.echo(message, err=True)


def _give_up_output() -> None:
    """What is still unwritten goes nowhere: Python would fail once more at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                os.dup2(nowhere, stream.fileno())


def asked_for_json(ctx: click.Context) -> bool:
    return bool(ctx.meta.get("rat.json"))
