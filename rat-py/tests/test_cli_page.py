"""docs/reference/cli.md is what the command says of itself. RAT_UPDATE=1 writes it."""

import os
from pathlib import Path

import click
from rat.cli import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cli.md"
HEAD = """# The command

`rat-lake[cli]`, the Python package with its extra, brings the command `rat`: the verbs of a lake, with errors drawn in colour on a terminal and plain elsewhere,
tables on a terminal and tab-separated lines in a pipe. `--json` prints the report and nothing else. `eval "$(rat completion bash)"`
completes it.
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
