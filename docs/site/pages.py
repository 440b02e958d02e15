"""Pages of the site that are written elsewhere: the README, the scenarios that tests play, and the references from their sources."""

from pathlib import Path

import references
import scenarios
from links import LISTED, linked
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]


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
    pages = {f"scenarios/{path.name}": scenarios.page(path) for path in sorted((ROOT / "tests/scenarios").glob("*.md"))}
    pages |= {"index.md": linked((ROOT / "README.md").read_text(), "README.md", "index.md")}
    pages |= {f"reference/{language}.md": page() for language, page in references.PAGES.items()}
    pages |= {f"{folder}/index.md": listing(folder, title, pages) for folder, title in LISTED.items()}
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The links of a page as they are in the repository, made those of the site."""
    name = page.file.src_uri
    return linked(markdown, f"docs/{name}", name) if (ROOT / "docs" / name).exists() else markdown


def listing(folder: str, title: str, made: dict[str, str]) -> str:
    """A page that lists those of a folder by their titles."""
    texts = {path.name: path.read_text() for path in (ROOT / "docs" / folder).glob("*.md")}
    texts |= {name.removeprefix(f"{folder}/"): text for name, text in made.items() if name.startswith(f"{folder}/")}
    lines = [f"- [{text.partition(chr(10))[0].removeprefix('# ')}]({name})" for name, text in sorted(texts.items())]
    return f"# {title}\n\n" + "\n".join(lines) + "\n"
