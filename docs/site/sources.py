"""What the public nouns of each language have, read from its sources: fields, methods, and the arguments of verbs."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "rat-core/src"
PACKAGE = ROOT / "rat-py/python/rat"
LIBRARY = ROOT / "rat-node/lib"


def snake(name: str) -> str:
    """``toJSON`` is ``to_json``."""
    return re.sub(r"(?<=[a-z])[A-Z]+", lambda match: f"_{match[0].lower()}", name)


# Rust: the types that `lib.rs` gives out, where they are written.


@cache
def rust_nouns() -> dict[str, str]:
    """Every public type, by its public name, and the room it is given out by."""
    text = (CORE / "lib.rs").read_text()
    found = {}
    for room, many, one in re.findall(r"^pub use (\w+)::(?:\{(.*?)\}|(\w+));", text, re.MULTILINE | re.DOTALL):
        names = [name.strip() for name in (many or one).split(",") if name.strip()]
        found |= {name.split(" as ")[-1]: room for name in names if name[0].isupper()}
    for room in re.findall(r"^pub mod (\w+);", text, re.MULTILINE):
        if room != "interop":
            files = [CORE / f"{room}.rs"] if (CORE / f"{room}.rs").exists() else (CORE / room).glob("*.rs")
            names = re.findall(r"^pub (?:struct|enum) (\w+)", "\n".join(path.read_text() for path in files), re.MULTILINE)
            found |= dict.fromkeys(names, room)
    return found


@cache
def rust_texts() -> dict[Path, str]:
    return {path: path.read_text() for path in sorted(CORE.rglob("*.rs"))}


def _rust_place(name: str) -> tuple[Path, str]:
    """The file that declares a public type, and what it is called there; several types of one name are told apart by the room."""
    room = rust_nouns()[name]
    own = {"ColumnOrigin": "Origin", "RunStatus": "Status"}.get(name, name)
    declares = re.compile(rf"^pub (?:struct|enum) {own}\b", re.MULTILINE)
    places = [path for path, text in rust_texts().items() if declares.search(text)]
    inside = [path for path in places if path.relative_to(CORE).parts[0].removesuffix(".rs") == room]
    (place,) = inside or places
    return place, own


def rust_fields(name: str) -> set[str]:
    """The public fields of a struct, as they are spelled where it goes to other languages."""
    place, own = _rust_place(name)
    declared = re.search(rf"^pub struct {own}(?:<[^>]*>)? \{{\n(.*?)^\}}", rust_texts()[place], re.MULTILINE | re.DOTALL)
    fields = set()
    for attributes, field in re.findall(r"((?:^    #\[.*\n)*)^    pub (\w+):", declared[1] if declared else "", re.MULTILINE):
        renamed = re.search(r'rename = "(\w+)"', attributes)
        fields.add(renamed[1] if renamed else field)
        # Two fields of what is said, one of the struct.
        fields |= {"ok"} if "ok_" in attributes else set()
    return fields


def rust_words(name: str) -> dict[str, str]:
    """The documentation of the fields of a struct, by their names where they go to other languages."""
    place, own = _rust_place(name)
    declared = re.search(rf"^pub struct {own}(?:<[^>]*>)? \{{\n(.*?)^\}}", rust_texts()[place], re.MULTILINE | re.DOTALL)
    found = {}
    for doc, attributes, field in re.findall(
        r"((?:^    ///.*\n)+)((?:^    #\[.*\n)*)^    pub (\w+):", declared[1] if declared else "", re.MULTILINE
    ):
        renamed = re.search(r'rename = "(\w+)"', attributes)
        found[renamed[1] if renamed else field] = " ".join(line.strip().removeprefix("///").strip() for line in doc.splitlines())
    ok = re.search(rf"^impl {own} \{{\n(?:[^\n]*\n)*?((?:    ///[^\n]*\n)+)    pub fn is_ok", rust_texts()[place], re.MULTILINE)
    return found | ({"ok": " ".join(line.strip().removeprefix("///").strip() for line in ok[1].splitlines())} if ok else {})


@cache
def rust_methods(name: str) -> dict[str, str]:
    """The public functions of a type, each with its arguments, wherever in its room or in those that build on it they are."""
    found = {}
    for body in rust_bodies(name):
        found |= dict(re.findall(r"^    pub (?:const )?(?:async )?fn (\w+)(?:<[^(]*>)?\(([^)]*)\)", body, re.MULTILINE))
    return found


def rust_bodies(name: str) -> list[str]:
    """What stands inside of the `impl` blocks of a type."""
    place, own = _rust_place(name)
    room = rust_nouns()[name]
    found = []
    for path, text in rust_texts().items():
        same_room = path.relative_to(CORE).parts[0].removesuffix(".rs") == room
        if same_room or path == place or f"use crate::{room}::" in text:
            found += re.findall(rf"^impl(?:<[^>]*>)? {own}(?:<'_>)? \{{\n(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
    return found


def rust_declared(name: str) -> tuple[str, str, str]:
    """A public struct or enum: its documentation, whether it is a `struct` or an `enum`, and its body."""
    place, own = _rust_place(name)
    declares = rf"((?:^///[^\n]*\n)*)(?:^#\[[^\n]*\n)*^pub (struct|enum) {own}\b[^\n{{;]*(?:;$|\{{\n(.*?)^\}})"
    found = re.search(declares, rust_texts()[place], re.MULTILINE | re.DOTALL)
    return (found[1], found[2], found[3] or "") if found else ("", "", "")


def rust_said(name: str) -> set[str]:
    """The fields that a type says to other languages where it writes them itself."""
    texts = "\n".join(rust_texts().values())
    bodies = re.findall(rf"^impl Serialize for {name} \{{\n(.*?)^\}}", texts, re.MULTILINE | re.DOTALL)
    return {field for body in bodies for field in re.findall(r'serialize_field\("(\w+)"', body)}


def rust_arguments(noun: str, verb: str) -> list[tuple[str, str]]:
    """The arguments of a method and their types."""
    given = [one.split(":", 1) for one in rust_methods(noun).get(verb, "").split(",") if ":" in one]
    return [(name.strip(), kind.strip()) for name, kind in given]


# Python: the classes of the package, with what they inherit.


@cache
def python_nouns() -> dict[str, ast.ClassDef]:
    """Every public class; what `lake.py` and its rooms wrap goes before what is native."""
    paths = [
        PACKAGE / "_rat.pyi",
        *(path for path in sorted(PACKAGE.rglob("*.py")) if "cli" not in path.parts and path.stem not in ("cli", "__main__")),
    ]
    classes = {}
    for path in paths:
        body = ast.parse(path.read_text()).body
        classes |= {item.name: item for item in body if isinstance(item, ast.ClassDef) and not item.name.startswith("_")}
    return classes


def python_members(name: str) -> dict[str, ast.AST]:
    """Fields, properties and methods of a class and of its parents, without the `_async` twins."""
    own = python_nouns()[name]
    found: dict[str, ast.AST] = {}
    for parent in own.bases:
        known = parent.id if isinstance(parent, ast.Name) else ""
        found |= python_members(known) if known in python_nouns() else {}
    for item in own.body:
        match item:
            case ast.FunctionDef(name="__init__"):
                # Attributes, where they are set.
                for part in ast.walk(item):
                    if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                        found.setdefault(part.attr, part)
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Attribute):
                        found[part.target.attr] = part
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found[item.name] = item
            case ast.AnnAssign(target=ast.Name(id=field)):
                found[field] = item
            case ast.Assign(targets=[ast.Name(id=verb)], value=ast.Call(args=[ast.Name(id=begin)])):
                found[verb] = found[begin]
    return {name: item for name, item in found.items() if not name.startswith("_") and not name.endswith("_async")}


def python_choices(name: str) -> dict[str, set[str]]:
    """The words that fields of a class can be, where their types say them."""
    known = {}
    for module in ("errors", "reports/base"):
        for item in ast.parse((PACKAGE / f"{module}.py").read_text()).body:
            if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
                known[item.targets[0].id] = ast.unparse(item.value)
    types = {}
    for field, item in python_members(name).items():
        kind = item.annotation if isinstance(item, ast.AnnAssign) else getattr(item, "returns", None)
        types[field] = re.sub(r"\w+", lambda m: known.get(m[0], m[0]), ast.unparse(kind) if kind else "")
    return {field: set(re.findall(r"'(\w+)'", kind)) for field, kind in types.items() if "Literal[" in kind}


def python_verbs(name: str) -> set[str]:
    """The members that are called."""
    members = python_members(name).items()
    return {name for name, member in members if isinstance(member, ast.FunctionDef) and not member.decorator_list}


def python_arguments(noun: str, verb: str) -> set[str]:
    """The arguments of a method, or of a function of the module."""
    function = python_members(noun).get(verb) or python_functions().get(verb)
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    return {one.arg for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)} - {"self"}


def python_functions() -> dict[str, ast.AST]:
    body = ast.parse((PACKAGE / "lake.py").read_text()).body
    return {item.name: item for item in body if isinstance(item, ast.FunctionDef)}


# Node: the declarations, which a test of its own holds against the code.


@cache
def node_nouns() -> dict[str, tuple[str, str]]:
    """Every declared class and interface: what it extends, and its body."""
    found = {}
    for path in sorted(LIBRARY.glob("*.d.ts")):
        text = re.sub(r" */\*\*.*?\*/\n", "", path.read_text(), flags=re.DOTALL)
        declared = r"^export (?:class|interface) (\w+)(?:<[^>]*>)?(?: extends ([^{]*?))?(?: implements [^{]*?)? \{(?:\}$|\n(.*?)^\})"
        for name, extends, rest in re.findall(declared, text, re.MULTILINE | re.DOTALL):
            found[name] = (extends.strip(), rest)
    return found


def node_members(name: str) -> dict[str, str]:
    """The members of a class or interface and of its parents, in Rust's spelling, with their declarations."""
    extends, body = node_nouns()[name]
    found = {}
    omits = re.fullmatch(r"Omit<(\w+), '(\w+)'>", extends)
    parent = omits[1] if omits else extends.partition("<")[0]
    if parent in node_nouns():
        found |= {member: told for member, told in node_members(parent).items() if not omits or member != omits[2]}
    members = re.findall(r"^  (?:readonly )?(\w+)\??((?:[(:<]).*)$", body, re.MULTILINE)
    return found | {snake(member): told for member, told in members if member != "constructor"}


def node_choices(name: str) -> dict[str, set[str]]:
    """The same of an interface."""
    texts = "\n".join(path.read_text() for path in sorted(LIBRARY.glob("*.d.ts")))
    known = dict(re.findall(r"^export type (\w+) =((?:\s*\|? ?'\w+')+)$", texts, re.MULTILINE))
    types = {field: re.sub(r"\w+", lambda m: known.get(m[0], m[0]), kind) for field, kind in node_members(name).items()}
    return {field: set(re.findall(r"'(\w+)'", kind)) for field, kind in types.items() if "'" in kind}


def node_arguments(noun: str, verb: str) -> set[str]:
    """The arguments of a method or function, those in its options by their own names."""
    declared = node_members(noun).get(verb) or node_function(verb)
    found = set()
    given = re.match(r"(?:<[^>]*>)?\((.*)\):", declared or "")
    for name, kind in re.findall(r"(\w+)\??: ((?:\{.*?\}|[^,{])+)", given[1] if given else ""):
        if name != "options":
            found.add(snake(name))
        elif kind.strip() in node_nouns():
            found |= set(node_members(kind.strip()))
        else:
            found |= {snake(option) for option in re.findall(r"(\w+)\??:", kind)}
    return found


def node_function(name: str) -> str | None:
    text = (LIBRARY / "lake.d.ts").read_text()
    found = re.search(rf"^export function {name}(\(.*)$", text, re.MULTILINE)
    return found[1] if found else None
