"""docs/reference/cli.md is what the command says of itself. RAT_UPDATE=1 writes it."""

import os
from pathlib import Path

import click
from rat.cli import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cli.md"
HEAD = r"""# The command

`rat-lake[cli]`, the Python package with its extra, brings the command `rat`: the verbs of a lake. In a project's folder, and in any below
it, it means that project.

On a terminal it draws tables, errors in colour, and what runs while it runs. Times are to the second there, names without the namespace
that is meant anyway, and control characters in what is shown are pictures of them (`␛`). In a pipe a table is tab-separated lines: all
columns, values as they are, NULL as nothing, tabs and newlines in a value as spaces. How many rows there were is said on standard error.

- `--csv` tells NULL (nothing between the commas) from an empty text (`""`). Nested values are JSON.
- `--json` prints the report or the rows, and nothing else. What JSON has no number for is text: integers beyond 2^53, identifiers of
  snapshots in reports whatever their size, `NaN`, `Infinity`, `-Infinity`, decimals, dates and times.
- Bytes are hexadecimal in all of them.

What completes commands, options, pipelines, tables and folders is a line in the shell's profile:

| shell | file | line |
|---|---|---|
| bash 4.4 | `~/.bashrc` | `eval "$(rat completion bash)"` |
| zsh | `~/.zshrc`, after `compinit` | `eval "$(rat completion zsh)"` |
| fish | `~/.config/fish/config.fish` | `rat completion fish \| source` |
"""


def page() -> str:
    context = click.Context(main, info_name="rat", terminal_width=100)
    parts = [HEAD, f"```text\n{main.get_help(context)}\n```\n"]
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        shown = command.get_help(click.Context(command, info_name=f"rat {name}", terminal_width=100))
        parts.append(f"## {name}\n\n```text\n{shown}\n```\n")
    return "\n".join(parts)


def test_the_page_says_what_the_command_says() -> None:
    if os.environ.get("RAT_UPDATE"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()
