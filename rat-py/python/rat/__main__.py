"""``python -m rat`` is the command ``rat``."""

from .cli import main

main(prog_name="rat")
