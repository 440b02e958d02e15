"""What there is in which language, read from the sources of each: a page of the site, and what a test holds."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import NamedTuple

import sources as read

PAGE = read.ROOT / "docs/reference/parity.md"


class Noun(NamedTuple):
    """A public noun and what it is called in Rust, Python and Node."""

    rust: str | None
    python: str | None
    node: str | None


def same(*names: str) -> dict[str, Noun]:
    return {name: Noun(name, name, name) for name in names}


def data(*names: str) -> dict[str, Noun]:
    return {name: Noun(name, None, name) for name in names}


NOUNS = {
    # The lake and its nouns.
    **same("Lake"),
    "Tables": Noun("TableList", "Tables", "Tables"),
    "Runs": Noun("RunHistory", "Runs", "Runs"),
    "Landing": Noun("LandingZones", "Landing", "Landing"),
    **same("Namespaces", "Graph", "RunHandle"),
    # What a query gives.
    "Result": Noun("QueryResult", "Result", "Result"),
    "Stream": Noun("QueryStream", "Stream", "Stream"),
    "Batch": Noun(None, "Batch", "Rows"),
    "RunEvents": Noun("RunEvents", "RunEvents", None),
    # Reports.
    **same("CheckReport", "CheckedPipeline", "Compiled", "WritePlan", "LandedInput", "PlannedTest", "SchemaChange"),
    **same("Preview", "PreviewPhase", "RunReport", "BuildReport", "TestResult", "LogLine", "MaintenanceReport", "MaintainedTable"),
    "Phase": Noun("PhaseReport", "Phase", "PhaseReport"),
    "Node": Noun("GraphNode", "Node", "GraphNode"),
    "LatestRun": Noun("LatestRun", None, "LatestRun"),
    "Edge": Noun("GraphEdge", "Edge", "GraphEdge"),
    **same("Column"),
    **data("ColumnLineage", "ColumnOrigin", "CompiledZone", "CompiledTest", "ConfigValue", "ConfigOrigin", "NamedReference"),
    "TableEntry": Noun("Entry", "TableEntry", "TableEntry"),
    "Table": Noun("TableInfo", "Table", "TableInfo"),
    "Snapshot": Noun("HistoryEntry", "Snapshot", "HistoryEntry"),
    **same("RunRecord", "RunPage", "TestLine", "Zone", "ZoneFile", "Restored"),
    # What goes wrong.
    "RatError": Noun("Error", "RatError", "RatError"),
    **same("Diagnostic"),
    "Label": Noun("Label", None, "Label"),
}

# One name for what is written as each language writes it.
SPELLED = {
    "is_ok": "ok",
    "is_retryable": "retryable",
    "duration": "duration_ms",
    # JavaScript's `message` of an error is what is shown of it, which `str(error)` is in Python and `{:#}` in Rust.
    "summary": "message",
    # What a build skips, and what it does after a failure: a choice in Rust, flags elsewhere.
    "freshness": "force",
    "on_failure": "fail_fast",
    "statuses": "status",
}

_DATA = "plain data: a dict with the names of the fields"
_ITERATOR = "an async generator, which JavaScript has"
_MAKES = "how the core makes them"
_ARROW = "Arrow's own, which is Rust's"
# What is in one language, or two, only, and why. The first that fits holds.
OWN = {
    # Nouns.
    "Batch": "in Rust an Arrow `RecordBatch`",
    "RunEvents": f"in Node {_ITERATOR}",
    "LatestRun": f"in Python {_DATA}",
    **dict.fromkeys(data("ColumnLineage", "ColumnOrigin", "CompiledZone", "CompiledTest"), f"in Python {_DATA}"),
    **dict.fromkeys(data("ConfigValue", "ConfigOrigin", "NamedReference"), f"in Python {_DATA}"),
    **dict.fromkeys(("Edge.source", "Edge.reader", "Edge.from", "Edge.to"), "`from` is a word of Python's own"),
    "Label": f"in Python {_DATA}",
    # The lake.
    "Lake.builder": "components such as a clock are given in Rust; the others have options of `open`",
    "Lake.settings": "a struct of the library's",
    "Graph.find": "`upstream` and `downstream` find it by its text",
    "Graph.node": "`nodes` is a list that can be searched",
    "Graph.to_svg": "drawn for notebooks, which are Python's",
    # Rows.
    "*.to_arrow": "rows as a table of the package that speaks Arrow there; Rust has the batches themselves",
    "*.to_pandas": "data frames are Python's",
    "*.to_polars": "data frames are Python's",
    "*.to_pylist": "rows as plain values: `to_pylist` in Python, `toArray` in Node; Rust has Arrow's arrays",
    "*.to_array": "rows as plain values: `to_pylist` in Python, `toArray` in Node; Rust has Arrow's arrays",
    "*.to_ipc": "bytes are how rows leave JavaScript's memory; in Python they do by the Arrow PyCapsule protocol, without a copy",
    "Result.batches": _ARROW,
    "Result.columns": "in Rust, `rat_core::columns(&result.schema)`",
    "Result.types": "in Rust, `rat_core::columns(&result.schema)`",
    "Stream.columns": "in Rust, `rat_core::columns(&stream.schema())`",
    "Stream.types": "in Rust, `rat_core::columns(&stream.schema())`",
    "Stream.close": "in Rust, dropping it",
    "Stream.start": "in Node the query starts when it is first asked for something; elsewhere `Lake.stream` waits for its start",
    **dict.fromkeys(("Stream.next", "Stream.return", "Stream.throw"), "the protocol of iterators, which Python's has under other names"),
    "RunEvents.next": "`for` in Python",
    # Reports.
    "*.schema": _ARROW,
    "*.arrow_schema": _ARROW,
    "*.to_dict": "plain data; in Node a report is that already, and Rust has `to_json` or serde",
    "*.to_json": "the JSON of serde; in Node a report is plain data already, and Python has `to_dict`",
    "*.into_result": "a failure as an `Err`; it is raised elsewhere, unless `raise_on_failure` says not to",
    "BuildReport.run": "`runs` is a list that can be searched",
    "CheckReport.pipeline": "`pipelines` is a list that can be searched",
    "CheckReport.graph": "the graph that `Lake.graph` gives, as the core knows it",
    "CheckReport.only": "the `select` of `check`",
    "CheckedPipeline.*": "what `compile` tells of one pipeline",
    "TestResult.is_blocking": "`severity` and `status` tell",
    "RunRecord.report": "`Runs.report`",
    # Errors.
    "RatError.new": _MAKES,
    "RatError.with_*": _MAKES,
    "RatError.from_diagnostics": _MAKES,
    "RatError.drawn": "`{:#}` in Rust, `str(error)` in Python, `error.message` in Node; what an error in a report is as plain data",
    "Diagnostic.error": _MAKES,
    "Diagnostic.warning": _MAKES,
    "Diagnostic.at": _MAKES,
    "Diagnostic.start": "`line` and `column`, as a pair",
    "Diagnostic.end": "`end_line` and `end_column`, as a pair",
    "Label.range": "bytes of the text; lines and columns elsewhere",
    "Label.source": "the whole text; its path elsewhere",
    # Arguments.
    "*(stop)": "how Rust asks a run to end and tell how; a signal does in Node, Ctrl-C and a task's `cancel()` in Python",
    "*(signal)": "how JavaScript cancels; Ctrl-C and a task's `cancel()` do in Python, dropping the future in Rust",
    "*(raise_on_failure)": "in Rust, `into_result()` of the report",
    "Lake.compile(allow_data_loss)": "`Refresh` says both; nothing is lost by compiling",
    "Lake.preview(allow_data_loss)": "`Refresh` says both; nothing is lost by a preview",
    "Lake.run(trigger)": "who asked, for the ledger: a program around the library says so",
    "Lake.submit(trigger)": "who asked, for the ledger: a program around the library says so",
    "Lake.submit(on_event)": "`events()` of the handle",
}

# What is in every language, and stands elsewhere in some.
ELSEWHERE = {"Lake.open": "a function of the module in Python and Node", "Lake.init": "a function of the module in Python and Node"}

# Nouns of one language that are no reports, and why they are not compared.
ASIDE = {
    "*Options": "arguments in Python; compared as arguments",
    "RunFilter": "arguments in Python; compared as arguments",
    "Abortable": "options; compared as arguments",
    "ArrowData": "what Arrow's own types say elsewhere",
    "*Error": "an exception class a kind, of which `RatError` is the base; in Rust `Error::kind` tells",
    "Builder": "options of `open` elsewhere",
    "*Settings": "settings are an object in the shape of `rat.toml` elsewhere",
    "Given": "of the settings",
    "ByteSize": "of the settings",
    "*Kind": "words elsewhere: text, or a union of texts",
    "*Status": "words elsewhere: text, or a union of texts",
    "Severity": "words elsewhere: text, or a union of texts",
    "Layer": "words elsewhere: text, or a union of texts",
    "Language": "words elsewhere: text, or a union of texts",
    "Phase": "words elsewhere: text, or a union of texts",
    "Name": "text elsewhere",
    "Source": "the text that labels point into",
    "Publish": "words elsewhere: an argument of `build`",
    "Freshness": "`force` elsewhere",
    "OnFailure": "`fail_fast` elsewhere",
    "Refresh": "`full_refresh` and `allow_data_loss` elsewhere",
    "EventSink": "a function elsewhere",
    "Event": "a union of dicts in Python and of objects in Node; held by the tests of each",
    "*Event": "what `Event` is one of",
    "Amount": "`kind` and `value` in Python, a union in Node, an enum in Rust",
    "Stop": "an `AbortSignal` in Node, Ctrl-C and a task's `cancel()` in Python",
    "AsOf": "a value of the language elsewhere",
    "Param": "a value of the language elsewhere",
    "Params": "a value of the language elsewhere",
    "WriteData": "rows of the language elsewhere",
    "*Clock": "components are given in Rust",
    "*Ids": "components are given in Rust",
    "Report": "what the reports of Python share",
    "Reports": "a list of reports, which a notebook draws",
    "Call": "what a verb of Python's is before it is waited for",
    "Awaited": "what `await` of it steps through",
    "Live": "how notebooks show progress",
    "Shown": "how notebooks show progress",
}


def spelled(names: set[str]) -> set[str]:
    return {SPELLED.get(name, name) for name in names}


def members(name: str) -> tuple[set[str], set[str], set[str]]:
    """The members of a noun in Rust, Python and Node; none where a language does not have it."""
    noun = NOUNS[name]
    rust = read.rust_fields(noun.rust) | read.rust_methods(noun.rust).keys() | read.rust_said(noun.rust) if noun.rust else set()
    python = set(read.python_members(noun.python)) if noun.python else set()
    node = set(read.node_members(noun.node)) if noun.node else set()
    return spelled(rust), spelled(python), spelled(node)


def arguments(noun: str, verb: str) -> tuple[set[str], set[str], set[str]]:
    """The arguments of a verb in Rust, Python and Node, those in its options among them."""
    own = NOUNS[noun]
    rust: set[str] = set()
    for name, kind in read.rust_arguments(own.rust, verb) if own.rust else []:
        options = kind.removeprefix("&")
        known = options in read.rust_nouns() and (name == "options" or options == "RunFilter")
        rust |= read.rust_fields(options) if known else {name}
    if "refresh" in rust:
        # A choice of three in Rust.
        rust = rust - {"refresh"} | {"full_refresh", "allow_data_loss"}
    if verb == "open":
        # What is said of opening is said to the builder.
        rust |= {"namespace", "settings", "read_only"} & read.rust_methods("Builder").keys()
    python = read.python_arguments(own.python, verb) if own.python else set()
    node = read.node_arguments(own.node, verb) if own.node else set()
    return spelled(rust), spelled(python), spelled(node)


class Line(NamedTuple):
    """What one thing is called, and whether Rust, Python and Node have it."""

    name: str
    rust: bool
    python: bool
    node: bool

    @property
    def everywhere(self) -> bool:
        return self.rust and self.python and self.node


@cache
def lines() -> tuple[Line, ...]:
    """Every noun, every member of it, and every argument of those that are verbs."""
    return tuple(_lines())


def _lines() -> Iterator[Line]:
    for name, noun in NOUNS.items():
        yield Line(name, noun.rust is not None, noun.python is not None, noun.node is not None)
        there = members(name)
        for member in sorted(set().union(*there)):
            # A language without the noun has been told of already.
            has = [member in found or own is None for found, own in zip(there, noun, strict=True)]
            if f"{name}.{member}" in ELSEWHERE:
                has = [has[0], member in read.python_functions(), read.node_function(member) is not None]
            yield Line(f"{name}.{member}", *has)
            if f"{name}.{member}" in ELSEWHERE or (noun.python and all(has) and member in read.python_verbs(noun.python)):
                given = arguments(name, member)
                for argument in sorted(set().union(*given)):
                    known = [argument in found or own is None for found, own in zip(given, noun, strict=True)]
                    yield Line(f"{name}.{member}({argument})", *known)


def why(name: str, reasons: dict[str, str]) -> str | None:
    """The reason for what is not everywhere."""
    return next((reason for pattern, reason in reasons.items() if fnmatchcase(name, pattern)), None)


def aside() -> dict[str, str | None]:
    """The public nouns that are not compared, and why."""
    listed = [{noun[i] for noun in NOUNS.values()} for i in range(3)]
    known = [set(read.rust_nouns()), set(read.python_nouns()), set(read.node_nouns())]
    left = set().union(*(found - compared for found, compared in zip(known, listed, strict=True)))
    return {name: why(name, ASIDE) for name in sorted(left)}


def page() -> str:
    """The tables of all nouns; where something is not in every language, its row says why."""
    text = ["# Parity", "", "Written by `python docs/site/parity.py` from the sources of the three languages, by their names in Python."]
    for name, noun in NOUNS.items():
        names = [f"`{own}`" if own else "" for own in noun]
        absent = "" if all(noun) else why(name, OWN) or ""
        text += ["", f"## {name}", "", "| | Rust | Python | Node | |", "|---|---|---|---|---|", row("", names, absent)]
        for line in lines():
            if line.name.startswith(f"{name}."):
                marks = ["✓" if own and has else "" for own, has in zip(noun, line[1:], strict=True)]
                told = ELSEWHERE.get(line.name) or ("" if line.everywhere else why(line.name, OWN) or "")
                text.append(row(f"`{line.name.removeprefix(f'{name}.')}`", marks, told))
    text += ["", "## Not compared", "", "Nouns that are in one language alone, or are compared as something else."]
    text += ["", *(f"- `{pattern}`: {reason}" for pattern, reason in ASIDE.items())]
    return "\n".join(text) + "\n"


def row(name: str, marks: list[str], told: str) -> str:
    return f"| {name} | {' | '.join(marks)} | {told} |"


if __name__ == "__main__":
    PAGE.write_text(page())
