"""Nothing in one language only: no noun, no member of one, no argument of a verb; or it has its reason."""

import dataclasses
import fnmatch
import importlib.util
import inspect
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import rat
from rat import _rat, errors, graph, nouns, reports

ROOT = Path(__file__).resolve().parents[2]


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "site" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


SOURCES = module("sources")
PARITY = module("parity")
CLASSES = {
    "Lake": rat.Lake,
    "RunHandle": rat.RunHandle,
    **{name: getattr(nouns, name) for name in ("Tables", "Runs", "Landing", "Namespaces")},
}


@pytest.mark.parametrize("noun", PARITY.NOUNS)
def test_what_is_not_in_every_language_has_its_reason(noun: str) -> None:
    lines = [line for line in PARITY.lines() if line.name == noun or line.name.startswith(f"{noun}.")]
    assert len(lines) > 1, "the sources are read"
    assert [line for line in lines if not line.everywhere and PARITY.why(line.name, PARITY.OWN) is None] == []


def test_every_public_noun_is_compared_or_has_its_reason() -> None:
    assert [name for name, reason in PARITY.aside().items() if reason is None] == []


def test_the_page_is_what_the_sources_say() -> None:
    if os.environ.get("RAT_UPDATE"):
        PARITY.PAGE.write_text(PARITY.page())
    assert PARITY.PAGE.read_text() == PARITY.page(), "python docs/site/parity.py writes it anew"
    # The rows of one verb agree with those of its arguments, and no gap is without its reason.
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PARITY.page().splitlines() if line.startswith("| `")]
    assert [row for row in rows if row[0] in ("`open`", "`init`")] == [
        [name, "✓", "✓", "✓", "a function of the module in Python and Node"] for name in ("`init`", "`open`")
    ]
    assert len(rows) > 300 and [row for row in rows if not row[4] and row[1:4].count("✓") == 0] == []


def test_words_are_the_same_words() -> None:
    told = 0
    for noun in PARITY.NOUNS.values():
        if noun.python and noun.node:
            choices = SOURCES.python_choices(noun.python)
            assert choices == SOURCES.node_choices(noun.node), noun.python
            told += len(choices)
    assert told > 20, "the sources are read"


def test_what_has_a_reason_is_still_there_and_still_alone() -> None:
    alone = [line.name for line in PARITY.lines() if not line.everywhere]
    assert [pattern for pattern in PARITY.OWN if not fnmatch.filter(alone, pattern)] == []
    assert [pattern for pattern in PARITY.ASIDE if not fnmatch.filter(PARITY.aside(), pattern)] == []


@pytest.mark.parametrize("noun", [noun for noun, names in PARITY.NOUNS.items() if names.python])
def test_the_sources_say_what_the_class_has(noun: str) -> None:
    name = PARITY.NOUNS[noun].python
    found = next(getattr(room, name) for room in (nouns, graph, reports, errors, rat, _rat) if hasattr(room, name))
    public = {member for member in dir(found) if not member.startswith("_") and not member.endswith("_async")}
    if dataclasses.is_dataclass(found):
        public |= {field.name for field in dataclasses.fields(found) if not field.name.startswith("_")}
    said = set(SOURCES.python_members(name))
    if noun == "RatError":
        # What is set when it is made, and what every exception of Python's has.
        made = vars(errors.RatError(kind="", code="", message="", help="", retryable=False, drawn="", context={}, diagnostics=[]))
        public = (public | set(made)) - set(dir(Exception))
    if noun == "Graph":
        public |= {"nodes", "edges"}
    assert said == public


@pytest.mark.parametrize("noun", ["Lake", "Tables", "Runs", "Landing", "Namespaces", "RunHandle"])
def test_every_verb_can_be_awaited(noun: str) -> None:
    members = vars(CLASSES[noun])
    verbs = {name for name, member in members.items() if hasattr(member, "__wrapped__") and not name.endswith("_async")}
    assert verbs and {f"{verb}_async" for verb in verbs} <= set(members)


def options_of_node() -> dict[str, set[str]]:
    text = (ROOT / "rat-node/src/arguments.rs").read_text()
    table = re.search(r"const OPTIONS:.*?= \[\n(.*?)^\];", text, re.MULTILINE | re.DOTALL)
    assert table is not None
    entries = re.findall(r'\(\s*"([\w.]+)",\s*&\[(.*?)\]', table[1], re.DOTALL)
    return {verb: {SOURCES.snake(name) for name in re.findall(r'"(\w+)"', names)} for verb, names in entries}


@pytest.mark.parametrize(("verb", "options"), options_of_node().items())
def test_an_option_is_a_keyword(verb: str, options: set[str]) -> None:
    noun, _, name = verb.rpartition(".")
    owner = (noun[:1].upper() + noun[1:]) or "Lake"
    function = getattr(CLASSES[owner], name, None) or getattr(rat, name)
    parameters = inspect.signature(function).parameters.values()
    keywords = {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}
    # A signal is how JavaScript cancels; here Ctrl-C and a task's cancel() do.
    assert keywords <= options
    assert options - {"signal"} <= {parameter.name for parameter in parameters}
