"""The documentation is true: links lead somewhere, a scenario can be typed as its page has it, references are of what is public."""

import re
import shlex
import sys
from pathlib import Path

import pytest
import rat
from click.testing import CliRunner
from rat import cli
from test_parity import ROOT, module
from test_scenarios import SCENARIOS, VERBS

sys.path.insert(0, str(ROOT / "docs" / "site"))
LINKS, SHOWN, REFERENCES = module("links"), module("scenarios"), module("references")
WRITTEN = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *(ROOT / "docs").rglob("*.md"), *SCENARIOS.glob("*.md")]


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_link_in_the_repository_leads_somewhere(file: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)\s#]+)", file.read_text())
    assert [link for link in links if not (file.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("source", "link", "page", "there"),
    [
        ("README.md", "docs/reference", "index.md", "reference/index.md"),
        ("README.md", "docs/errors", "index.md", "errors/README.md"),
        ("README.md", "docs/not-doing.md#sql", "index.md", "not-doing.md#sql"),
        ("README.md", "examples", "index.md", f"{LINKS.REPOSITORY}/tree/main/examples"),
        ("README.md", "LICENSE", "index.md", f"{LINKS.REPOSITORY}/blob/main/LICENSE"),
        ("docs/concepts/landing.md", "../../tests/scenarios/a-bad-file.md", "concepts/landing.md", "../scenarios/a-bad-file.md"),
        ("docs/decisions/0017-types-of-node.md", "../reference/parity.md", "decisions/0017-types-of-node.md", "../reference/parity.md"),
        ("README.md", "https://iceberg.apache.org", "index.md", "https://iceberg.apache.org"),
    ],
)
def test_a_link_of_the_repository_is_one_of_the_site(source: str, link: str, page: str, there: str) -> None:
    assert LINKS.linked(f"[x]({link})", source, page) == f"[x]({there})"


def test_a_link_that_leads_nowhere_stops_the_build() -> None:
    with pytest.raises(LookupError, match=r"README.md links docs/nowhere.md"):
        LINKS.linked("[x](docs/nowhere.md)", "README.md", "index.md")


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Language, title and text of every block of a page, those in tabs too."""
    found = re.findall(r"^( *)```(\w+)(?: title=\"(.*?)\")?\n(.*?)^ *```$", page, re.MULTILINE | re.DOTALL)
    return [(language, title, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)) for indent, language, title, text in found]


def test_every_verb_of_the_scenarios_has_a_call() -> None:
    assert set(SHOWN.CALLS) == set(VERBS)


@pytest.mark.parametrize("language", ["sh", "python"])
@pytest.mark.parametrize("scenario", sorted(SCENARIOS.glob("*.md")), ids=lambda path: path.stem)
def test_a_scenario_can_be_typed_as_its_page_says(scenario: Path, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = {"rat": rat, "lake": rat.open(".")}
    typed = 0
    _, _, page = SHOWN.page(scenario).rpartition("## The first build")
    assert not re.search(r"^```\S.*title=\"[^\"/]*\"", page, re.MULTILINE), "a title is a file's path"
    for call, title, text in blocks(page):
        if title:
            (tmp_path / title).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / title).write_text(text)
        elif call == "sh" == language:
            name, *words = shlex.split(text)
            assert name == "rat"
            done = CliRunner().invoke(cli.main, words)
            assert done.exit_code in (0, 1, 4), done.output
            typed += 1
        elif call == "python" and (language == "python" or "landing." in text):
            try:
                exec(text, names)
            except rat.DeniedError as refused:
                assert refused.code == "NOT_READ_ONLY"
            typed += 1
    assert typed > 2


def test_the_reference_of_python_is_of_what_is_public() -> None:
    text = REFERENCES.python()
    heads = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert len(set(heads)) == len(heads) and not {"Call", "many", "from_data"} & set(heads)
    given = {name if name[0].isupper() else f"rat.{name}" for name in rat.__all__ if not name.startswith("__")}
    assert given <= set(heads), given - set(heads)
    assert re.findall(r":(?:meth|func|class):|\b_[A-Z]\w*", text) == []
    assert r"### Result.\_\_iter\_\_" in text and "- `retryable: bool`: Whether" in text
    assert "- `tables: Tables`: What the lake holds." in text
    signatures = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(signatures) > 50 and max(len(line) for one in signatures for line in one.splitlines()) < 120


def test_the_reference_of_node_has_nothing_for_the_compiler_alone() -> None:
    assert re.findall(r"@ts-\w+|/// <|^import .*", REFERENCES.node(), re.MULTILINE) == []


def test_the_reference_of_rust_says_what_a_section_holds_and_has_the_options() -> None:
    text = REFERENCES.rust()
    assert "## Options" in text and "- `fail" not in text and "- `on_failure: OnFailure`: What happens after the first failure." in text
    assert re.findall(r"^## [a-z].*", text, re.MULTILINE) == [] and re.findall(r"^(?:#\[.*|///.*)$", text, re.MULTILINE) == []
    for verb in VERBS.keys() & {"check", "build", "run", "plan", "graph"}:
        assert f"#### Lake::{verb}\n" in text
