"""No verb in one language only, and no option of one either."""

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest
import rat
from rat import graph, nouns

ROOT = Path(__file__).resolve().parents[2]


def read() -> ModuleType:
    spec = importlib.util.spec_from_file_location("parity", ROOT / "docs" / "site" / "parity.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PARITY = read()
CLASSES = {
    "Lake": rat.Lake,
    "Graph": graph.Graph,
    "RunHandle": rat.RunHandle,
    **{name: getattr(nouns, name) for name in ("Tables", "Runs", "Landing", "Namespaces")},
}


@pytest.mark.parametrize("noun", PARITY.NOUNS)
def test_a_verb_is_in_every_language_or_listed_with_its_reason(noun: str) -> None:
    verbs = {verb: there for verb, there in PARITY.verbs().items() if verb.startswith(f"{noun}.")}
    assert verbs, "the sources are read"
    assert [verb for verb, there in verbs.items() if not all(there)] == []


def test_what_is_listed_is_still_there_and_still_alone() -> None:
    for verb in PARITY.OWN:
        noun, _, name = verb.partition(".")
        there = [name in read(noun) for read in (PARITY.rust, PARITY.python, PARITY.node)]
        assert any(there) and not all(there), verb


@pytest.mark.parametrize("noun", CLASSES)
def test_the_sources_say_what_the_class_has(noun: str) -> None:
    public = {name for name in vars(CLASSES[noun]) if not name.startswith("_") and not name.endswith("_async")}
    assert PARITY.python(noun) == public


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
    return {verb: {PARITY.snake(name) for name in re.findall(r'"(\w+)"', names)} for verb, names in entries}


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
