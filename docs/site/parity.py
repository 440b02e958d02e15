"""Which verb there is in which language, read from the sources of each: a page of the site, and what a test holds."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

# A noun of the lake: its type and file in Rust, and its file in Python and in Node; its class is of this name in both.
NOUNS = {
    "Lake": ("Lake", "lake/mod", "lake", "lake"),
    "Tables": ("TableList", "lake/tables", "nouns", "tables"),
    "Runs": ("RunHistory", "lake/runs", "nouns", "runs"),
    "Landing": ("LandingZones", "lake/landing", "nouns", "landing"),
    "Namespaces": ("Namespaces", "lake/namespaces", "nouns", "namespaces"),
    "RunHandle": ("RunHandle", "run/handle", "handle", "handle"),
    "Graph": ("Graph", "lake/graph", "graph", "graph"),
}
# Members that are data, as the fields of reports are; not verbs.
FIELDS = {"nodes", "edges"}
# What only one language has, and why.
OWN = {
    "Lake.builder": "components such as a clock are given in Rust; the others have options of `open`",
    "Lake.open": "a function of the module elsewhere",
    "Lake.init": "a function of the module elsewhere",
    "Lake.settings": "a struct of the library's",
    "Graph.node": "`nodes` is a list that can be searched",
    "Graph.to_svg": "drawn for notebooks, which are Python's",
    "Graph.to_dict": "as every report of Python's has it; `to_json` is the same",
    "RunHandle.to_dict": "as every report of Python's has it",
}


def rust(noun: str) -> set[str]:
    """The public functions of a type, wherever in the door they are."""
    name, room, *_ = NOUNS[noun]
    files = (ROOT / "rat-core/src/lake").glob("*.rs") if noun == "Lake" else [ROOT / f"rat-core/src/{room}.rs"]
    text = "\n".join(path.read_text() for path in files)
    bodies = re.findall(rf"^impl {name}(?:<'_>)? \{{\n(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
    return {verb for body in bodies for verb in re.findall(r"^    pub (?:async )?fn (\w+)", body, re.MULTILINE)}


def python(noun: str) -> set[str]:
    """The public methods, properties and verbs of a class."""
    module = ast.parse((ROOT / f"rat-py/python/rat/{NOUNS[noun][2]}.py").read_text())
    (found,) = [item for item in module.body if isinstance(item, ast.ClassDef) and item.name == noun]
    return {name for name in _members(found) if not name.startswith("_") and not name.endswith("_async")}


def _members(noun: ast.ClassDef) -> Iterator[str]:
    for item in noun.body:
        if isinstance(item, ast.FunctionDef):
            yield item.name
        elif isinstance(item, ast.Assign):
            yield from (target.id for target in item.targets if isinstance(target, ast.Name))


def node(noun: str) -> set[str]:
    """The declared members of a class, in Rust's spelling; a test of Node's holds the declarations against the code."""
    text = (ROOT / f"rat-node/lib/{NOUNS[noun][3]}.d.ts").read_text()
    (body,) = re.findall(rf"^export class {noun}\b.*?\{{\n(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
    return {snake(name) for name in re.findall(r"^  (?:readonly )?(\w+)[(:?]", body, re.MULTILINE)} - FIELDS


def snake(name: str) -> str:
    """``toJSON`` is ``to_json``."""
    return re.sub(r"(?<=[a-z])[A-Z]+", lambda match: f"_{match[0].lower()}", name)


def verbs() -> dict[str, tuple[bool, bool, bool]]:
    """Whether Rust, Python and Node have each verb."""
    found = {}
    for noun in NOUNS:
        there = rust(noun), python(noun), node(noun)
        for verb in sorted(set().union(*there)):
            if f"{noun}.{verb}" not in OWN:
                found[f"{noun}.{verb}"] = (verb in there[0], verb in there[1], verb in there[2])
    return found


def page() -> str:
    """The table of all verbs, and what is different on purpose."""
    lines = ["# Parity", "", "Read from the sources of the three languages.", "", "| verb | Rust | Python | Node |", "|---|---|---|---|"]
    lines += [f"| `{verb}` | " + " | ".join("✓" if has else "" for has in there) + " |" for verb, there in verbs().items()]
    lines += ["", "In one language only, on purpose:", "", *(f"- `{verb}`: {why}" for verb, why in OWN.items())]
    return "\n".join(lines) + "\n"
