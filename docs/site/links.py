"""Links as they are in the repository, made those of the site."""

import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/rat-lake/rat"
# Folders whose pages are listed on a page of their own.
LISTED = {"reference": "Reference", "decisions": "Decisions"}


def linked(text: str, source: str, page: str) -> str:
    """Links of a file of the repository, for the page of the site that is made of it. One that leads nowhere stops the build."""

    def to(match: re.Match[str]) -> str:
        path, hash_, anchor = match[1].partition("#")
        there = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if not (ROOT / there).exists():
            raise LookupError(f"{source} links {match[1]}, which is not there")
        return f"]({in_site(there, page)}{hash_}{anchor})"

    return re.sub(r"\]\((?!https?:|#|mailto:)([^)\s]+)\)", to, text)


def in_site(there: str, page: str) -> str:
    """Where a file or folder of the repository is, seen from a page of the site."""
    own = there.removeprefix("docs/") if there.startswith("docs/") else None
    if there.startswith("tests/scenarios/"):
        own = there.removeprefix("tests/")
    elif own in LISTED:
        own = f"{own}/index.md"
    elif own is not None and (ROOT / there).is_dir():
        own = f"{own}/README.md"
    if own is None:
        return f"{REPOSITORY}/{'tree' if (ROOT / there).is_dir() else 'blob'}/main/{there}"
    return posixpath.relpath(own, posixpath.dirname(page) or ".")
