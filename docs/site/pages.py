"""Pages of the site that are written elsewhere: the scenarios that tests play, and the references of three languages from their sources."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import parity
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
REPORTS = [f"reports/{room}.py" for room in ("base", "runs", "checks", "tables")]
LANGUAGES = {"sql": "sql", "csv": "text", "yaml": "yaml", "toml": "toml", "py": "python", "json": "json"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """A page that was added to a folder is in the navigation of that folder, after those that are listed by hand."""
    for section in config.nav:
        title, entries = next(iter(section.items()))
        if title in ("Concepts", "Guides", "Reference"):
            extend(entries, f"docs/{title.lower()}")
        if title == "Guides":
            # The first one stands at the start.
            extend(entries, "tests/scenarios", "first-steps.md")
        if title == "Inside":
            extend(entries[-1]["Decisions"], "docs/decisions")
    return config


def extend(entries: list[str | dict[str, str]], folder: str, *elsewhere: str) -> None:
    pages = sorted(f"{Path(folder).name}/{path.name}" for path in (ROOT / folder).glob("*.md") if path.name not in elsewhere)
    listed = {page for entry in entries for page in ([entry] if isinstance(entry, str) else entry.values())}
    entries += [page for page in pages if page not in listed]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    pages = {f"scenarios/{path.name}": scenario(path.read_text()) for path in sorted((ROOT / "tests/scenarios").glob("*.md"))}
    pages |= {"index.md": front(), "reference/node.md": node(), "reference/python.md": python(), "reference/rust.md": rust()}
    pages["reference/parity.md"] = parity.page()
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def front() -> str:
    """The README, with links as they are inside of the site."""
    text = (ROOT / "README.md").read_text()
    text = re.sub(r"\]\(docs/", "](", text)
    # What is not a page of the site is a file of the repository.
    return re.sub(r"\]\((?!https?:|#)([^)]+?)(?<!\.md)\)", r"](https://github.com/rat-lake/rat/blob/main/\1)", text)


def scenario(text: str) -> str:
    """A scenario for readers: what a fence does becomes the title of its block."""

    def opened(match: re.Match[str]) -> str:
        verb, _, rest = match[1].partition(" ")
        if verb == "query":
            return "```sql"
        if verb != "file":
            return f'```text title="{match[1]}"'
        return f'```{LANGUAGES.get(rest.rpartition(".")[2], "text")} title="{rest}"'

    return re.sub(r"^```(\S.*)$", opened, text, flags=re.MULTILINE)


def node() -> str:
    """Every declared class, with its documentation, from the types that the package ships."""
    library = ROOT / "rat-node/lib"
    rooms = ["lake", "query", "stream", "tables", "runs", "handle", "landing", "namespaces", "graph", "check", "report", "errors"]
    blocks = [f"## {room}\n\n```ts\n{without_imports((library / f'{room}.d.ts').read_text())}\n```" for room in rooms]
    intro = (ROOT / "docs/site/node.md").read_text()
    return "\n\n".join([intro.strip(), *blocks]) + "\n"


def without_imports(text: str) -> str:
    return re.sub(r"^(?:import|// Written) .*\n", "", text, flags=re.MULTILINE).strip()


def python() -> str:
    """Every public class and function of the package, with signature and docstring."""
    package = ROOT / "rat-py/python/rat"
    intro = (ROOT / "docs/site/python.md").read_text()
    blocks = [intro.strip()]
    for name in ["lake.py", "_rat.pyi", "nouns.py", "handle.py", "graph.py", *REPORTS, "errors.py", "logs.py"]:
        if (package / name).exists():
            blocks += python_blocks(ast.parse((package / name).read_text()))
    return "\n\n".join(blocks) + "\n"


def python_blocks(module: ast.Module) -> Iterator[str]:
    for item in module.body:
        if isinstance(item, ast.ClassDef) and not item.name.startswith("_"):
            told = "\n".join(fields(item))
            yield f"## {item.name}\n\n{ast.get_docstring(item) or ''}" + (f"\n\n{told}" if told else "")
            members = [member for member in item.body if isinstance(member, ast.FunctionDef) and ast.get_docstring(member)]
            yield from (function(member, "###") for member in members)
        elif isinstance(item, ast.FunctionDef) and ast.get_docstring(item) and not item.name.startswith("_"):
            yield function(item, "##")


def fields(noun: ast.ClassDef) -> Iterator[str]:
    """The documented fields of a report, a line each."""
    for field, words in zip(noun.body, noun.body[1:], strict=False):
        match field, words:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield f"- `{name}: {ast.unparse(field.annotation)}`: {' '.join(text.split())}"


def function(item: ast.FunctionDef, level: str) -> str:
    name = item.name.lstrip("_")
    arguments = re.sub(r"^self(, )?", "", ast.unparse(item.args))
    returns = re.sub(r"^Call\[(.*)\]$", r"\1", ast.unparse(item.returns)) if item.returns else "None"
    return f"{level} {name}\n\n```python\n{name}({arguments}) -> {returns}\n```\n\n{ast.get_docstring(item)}"


def rust() -> str:
    """The verbs of the Rust door, with their documentation; docs.rs has the types."""
    blocks = [(ROOT / "docs/site/rust.md").read_text().strip()]
    for path in [*sorted((ROOT / "rat-core/src/lake").glob("*.rs")), ROOT / "rat-core/src/run/handle.rs"]:
        verbs = list(
            re.finditer(r"((?:^    /// ?.*\n)+)(?:    #\[.*\n)*    pub ((?:async )?fn (\w+)[^{]*)\{", path.read_text(), re.MULTILINE)
        )
        if verbs:
            blocks.append(f"## {path.stem}")
        for verb in verbs:
            text = re.sub(r"^    /// ?", "", verb[1], flags=re.MULTILINE)
            text = re.sub(r"\[`?([^\]`]+)`?\]\([^)]*\)", r"`\1`", re.sub(r"^# ", "**", text, flags=re.MULTILINE))
            text = re.sub(r"^\*\*(.*)$", r"**\1**\n", text, flags=re.MULTILINE)
            blocks.append(f"### {verb[3]}\n\n```rust\npub {' '.join(verb[2].split())}\n```\n\n{text.strip()}")
    return "\n\n".join(blocks) + "\n"
