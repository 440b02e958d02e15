"""The references of the three languages, from their sources."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import sources as read

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "rat-py/python/rat"
REPORTS = [f"reports/{room}.py" for room in ("base", "runs", "checks", "tables")]
MODULES = ["lake.py", "_rat.pyi", "nouns.py", "handle.py", "graph.py", *REPORTS, "events.py", "errors.py", "logs.py"]
# Modules of which all classes are public; of the others, those that `rat` gives out, and of the native one those that it has alone.
WHOLE = ["nouns.py", "graph.py", *REPORTS, "events.py"]
NATIVE = ["Result", "Stream", "Batch", "RunEvents"]
# The longest signature on one line.
WIDE = 88


# Python.


def python() -> str:
    """What `rat` gives out, its nouns and its reports, with signatures and docstrings."""
    public = given_out()
    aliases = dict(alias for name in [*MODULES, "hints.py"] for alias in type_aliases(ast.parse((PACKAGE / name).read_text())))
    aliases = {name: kind for name, kind in aliases.items() if name not in public}
    blocks = [(ROOT / "docs/site/python.md").read_text().strip()]
    for name in MODULES:
        body = ast.parse((PACKAGE / name).read_text()).body
        for item, after in zip(body, [*body[1:], None], strict=True):
            if isinstance(item, ast.ClassDef) and not item.name.startswith("_"):
                if item.name in NATIVE if name == "_rat.pyi" else item.name in public or name in WHOLE:
                    blocks += python_class(item, aliases)
            elif isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name in public and name != "_rat.pyi":
                blocks.append(function(item, f"rat.{item.name}", "##", aliases))
            match item, after:
                case ast.Assign(targets=[ast.Name(id=alias)]), ast.Expr(value=ast.Constant(value=str(text))) if alias in public:
                    blocks.append(f"## {alias}\n\n`{ast.unparse(item.value)}`\n\n{plain(text)}")
    return "\n\n".join(blocks) + "\n"


def given_out() -> list[str]:
    for item in ast.parse((PACKAGE / "__init__.py").read_text()).body:
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name) and item.targets[0].id == "__all__":
            return list(ast.literal_eval(item.value))
    raise LookupError("rat/__init__.py has no __all__")


def type_aliases(module: ast.Module) -> Iterator[tuple[str, str]]:
    """The names of types that a module has for itself, `_Params` or `Severity`, and what they stand for."""
    for item in ast.walk(module):
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name) and isinstance(item.value, ast.Subscript | ast.BinOp):
            yield item.targets[0].id, ast.unparse(item.value)


def python_class(noun: ast.ClassDef, aliases: dict[str, str]) -> Iterator[str]:
    yield f"## {noun.name}\n\n{words(noun)}".strip()
    told = [*fields(noun, aliases), *properties(noun, aliases)]
    if told:
        yield "\n".join(told)
    verbs = {item.value.args[0].id for item in noun.body if isinstance(item, ast.Assign) and waits(item.value)}
    for member in noun.body:
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(member) and not is_property(member):
            name = member.name.removeprefix("_") if member.name in verbs else member.name
            if not name.startswith("_") or name.startswith("__"):
                yield function(member, f"{noun.name}.{name}", "###", aliases)


def waits(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "waits"


def is_property(member: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "property" for one in member.decorator_list)


def fields(noun: ast.ClassDef, aliases: dict[str, str]) -> Iterator[str]:
    """The documented fields of a class, a line each."""
    for field, told in zip(noun.body, noun.body[1:], strict=False):
        match field, told:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield attribute(name, field.annotation, text, aliases)


def properties(noun: ast.ClassDef, aliases: dict[str, str]) -> Iterator[str]:
    for member in noun.body:
        if isinstance(member, ast.FunctionDef) and is_property(member) and member.returns and not member.name.startswith("_"):
            yield attribute(member.name, member.returns, ast.get_docstring(member) or "", aliases)


def attribute(name: str, kind: ast.expr, text: str, aliases: dict[str, str]) -> str:
    return f"- `{name}: {spelled(kind, aliases)}`: {plain(' '.join(text.split()))}"


def spelled(kind: ast.expr, aliases: dict[str, str]) -> str:
    """A type as it is: what only the package calls by a name is what it stands for."""
    return re.sub(r"\b\w+\b", lambda match: aliases.get(match[0], match[0]), ast.unparse(kind))


def plain(text: str) -> str:
    """A docstring in Markdown: the roles of Sphinx are code."""
    return re.sub(r":\w+:(`[^`]+`)", r"\1", text)


def words(item: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return plain(ast.get_docstring(item) or "")


def function(item: ast.FunctionDef | ast.AsyncFunctionDef, name: str, level: str, aliases: dict[str, str]) -> str:
    short = name.rpartition(".")[2]
    returns = re.sub(r"^Call\[(.*)\]$", r"\1", spelled(item.returns, aliases)) if item.returns else "None"
    given = list(parameters(item.args, aliases))
    start = f"{'async ' if isinstance(item, ast.AsyncFunctionDef) else ''}{short}"
    line = f"{start}({', '.join(given)}) -> {returns}"
    if len(line) > WIDE:
        line = f"{start}(\n" + "".join(f"    {one},\n" for one in given) + f") -> {returns}"
    # Markdown takes underscores around a word for stress.
    title = name.replace("__", r"\_\_")
    return f"{level} {title}\n\n```python\n{line}\n```\n\n{words(item)}"


def parameters(given: ast.arguments, aliases: dict[str, str]) -> Iterator[str]:
    """The arguments as they are written, without `self`."""

    def one(argument: ast.arg, default: ast.expr | None) -> str:
        kind = f": {spelled(argument.annotation, aliases)}" if argument.annotation else ""
        return f"{argument.arg}{kind}" + ("" if default is None else f" = {ast.unparse(default)}")

    places = [*given.posonlyargs, *given.args]
    missing = [None] * (len(places) - len(given.defaults))
    yield from (
        one(argument, default) for argument, default in zip(places, [*missing, *given.defaults], strict=True) if argument.arg != "self"
    )
    if given.vararg:
        yield f"*{one(given.vararg, None)}"
    elif given.kwonlyargs:
        yield "*"
    yield from (one(argument, default) for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True))


# Node.


def node() -> str:
    """Every declared class, with its documentation, from the types that the package ships."""
    library = ROOT / "rat-node/lib"
    rooms = ["lake", "query", "stream", "tables", "runs", "handle", "landing", "namespaces", "graph", "check", "report", "errors"]
    blocks = [f"## {room.capitalize()}\n\n```ts\n{declarations((library / f'{room}.d.ts').read_text())}\n```" for room in rooms]
    intro = (ROOT / "docs/site/node.md").read_text()
    return "\n\n".join([intro.strip(), *blocks]) + "\n"


def declarations(text: str) -> str:
    """Without what the compiler alone needs."""
    return re.sub(r"^(?:import |// Written |/// <reference | *// @ts-).*\n", "", text, flags=re.MULTILINE).strip()


# Rust.

# What is told, by what it holds; and the choices that options have.
HOLDS = {
    "The lake": ["Lake", "Builder"],
    "Options": [],
    "Tables, runs, landing zones, namespaces": ["TableList", "RunHistory", "RunFilter", "LandingZones", "Namespaces"],
    "A run in the background": ["RunHandle", "RunEvents"],
    "What a query gives": ["QueryResult", "QueryStream"],
    "The graph": ["Graph"],
}
CHOICES = ["Refresh", "Freshness", "OnFailure", "Publish"]


def rust() -> str:
    """The verbs and options of the Rust door, with their documentation; docs.rs has all types."""
    holds = HOLDS | {"Options": [*sorted(name for name in read.rust_nouns() if name.endswith("Options")), *CHOICES]}
    blocks = [(ROOT / "docs/site/rust.md").read_text().strip()]
    for title, names in holds.items():
        blocks.append(f"## {title}")
        for name in names:
            doc, kind, body = read.rust_declared(name)
            blocks.append(f"### {name}\n\n{rust_words(doc)}".strip())
            told = [
                f"- `{re.sub('crate::(?:[a-z]+::)+', '', of)}`: {' '.join(rust_words(text).split())}" for text, of in rust_items(kind, body)
            ]
            blocks += ["\n".join(told)] if told else []
            blocks += [
                f"#### {name}::{verb}\n\n```rust\n{signature}\n```\n\n{rust_words(text)}"
                for impl in read.rust_bodies(name)
                for text, signature, verb in rust_verbs(impl)
            ]
    return "\n\n".join(blocks) + "\n"


def rust_items(kind: str, body: str) -> list[tuple[str, str]]:
    """The documented fields of a struct, or the variants of an enum."""
    public = r"pub (\w+: [^\n]*?),?$" if kind == "struct" else r"(\w+),$"
    return re.findall(rf"((?:^    ///.*\n)+)(?:^    #\[.*\n)*^    {public}", body, re.MULTILINE)


def rust_verbs(impl: str) -> Iterator[tuple[str, str, str]]:
    """The documented public functions of an `impl` block: documentation, signature, name."""
    found = r"((?:^    ///.*\n)+)(?:^    #\[.*\n)*^    (pub (?:const )?(?:async )?fn (\w+)[^{]*)\{"
    for text, signature, name in re.findall(found, impl, re.MULTILINE):
        line = " ".join(signature.split())
        if len(line) > WIDE:
            line = "\n".join(part.removeprefix("    ").rstrip() for part in signature.rstrip().splitlines())
        yield text, line, name


def rust_words(doc: str) -> str:
    """Documentation of Rust's in Markdown: links to other items are code, headings are bold."""
    text = re.sub(r"^ *///? ?", "", doc, flags=re.MULTILINE)
    text = re.sub(r"\[(`[^`]+`)\](?:\([^)]*\))?", r"\1", text)
    return re.sub(r"^#+ (.*)$", r"**\1**\n", text, flags=re.MULTILINE).strip()


PAGES: dict[str, Callable[[], str]] = {"python": python, "node": node, "rust": rust}
