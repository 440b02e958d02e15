"""The Markdown files of tests/scenarios, played from Python. tests/src/scenarios says what each fence means; Rust and Node do the same."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import rat

SCENARIOS = Path(__file__).resolve().parents[2] / "tests" / "scenarios"


def fences(text: str) -> Iterator[tuple[int, list[str], str]]:
    """Line, words and body of each fence."""
    words: list[str] | None = None
    start, body = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("```"):
            body += line + "\n"
        elif words is None:
            start, words, body = number, line[3:].split(), ""
        else:
            yield start, words, body
            words = None
    assert words is None, "the last fence is not closed"


def lines(items: Iterable[str]) -> str:
    return "".join(f"{item}\n" for item in items)


def short(name: str) -> str:
    return name.partition(".")[2]


def or_dash(count: int | None) -> str:
    return "-" if count is None else str(count)


def outcome(run: rat.RunReport) -> str:
    if run.skipped_reason:
        return f"{short(run.pipeline)} skipped"
    return f"{short(run.pipeline)} " + (f"failed {run.error.code}" if run.error else f"{run.status} {run.rows_written}")


def cell(value: object) -> str:
    return "NULL" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def rows(result: rat.Result) -> str:
    return lines([" | ".join(result.columns), *(" | ".join(map(cell, row.values())) for row in result.to_pylist())])


def run(lake: rat.Lake, pipeline: str, flags: list[str]) -> str:
    given = {flag.replace("-", "_"): True for flag in flags}
    return lines([outcome(lake.run(pipeline, raise_on_failure=False, **given))])


def refused(lake: rat.Lake, sql: str) -> str:
    try:
        lake.query(sql)
    except rat.RatError as error:
        return f"{error.code}\n"
    return "answered\n"


def tables(lake: rat.Lake) -> str:
    found = [lake.tables.get(entry.name) for entry in lake.tables.list()]
    return lines(f"{short(table.name)} {table.kind} {or_dash(table.row_count)}" for table in found)


def plan(lake: rat.Lake, pipeline: str, flags: list[str]) -> str:
    given = {flag.replace("-", "_"): True for flag in flags}
    told = lake.plan(pipeline, **given)
    refused = [diagnostic.code for diagnostic in told.diagnostics if diagnostic.severity == "error"]
    fields = ["rows_written", "rows_total", "files_added", "files_dropped", "files_rewritten", "files_deleted_from"]
    return lines(refused or [*(f"{field} {getattr(told, field)}" for field in fields), f"files_pruned {told.files_pruned}"])


VERBS: dict[str, Callable[[rat.Lake, list[str], str], str]] = {
    "check": lambda lake, _, sql: lines(d.code for d in lake.check().diagnostics) or "ok\n",
    "build": lambda lake, select, sql: lines(map(outcome, lake.build(select or None, raise_on_failure=False).runs)),
    "run": lambda lake, words, sql: run(lake, words[0], words[1:]),
    "plan": lambda lake, words, sql: plan(lake, words[0], words[1:]),
    "rows": lambda lake, _, sql: rows(lake.query(sql)),
    "refused": lambda lake, _, sql: refused(lake, sql),
    "graph": lambda lake, select, sql: lines(f"{short(e.source)} -> {short(e.reader)}" for e in lake.graph(select or None).edges),
    "tables": lambda lake, _, sql: tables(lake),
    "columns": lambda lake, words, sql: lines(f"{column.name} {column.type}" for column in lake.tables.get(words[0]).columns),
    "history": lambda lake, words, sql: lines(f"{s.operation} {or_dash(s.row_count)}" for s in lake.tables.history(words[0])),
    "runs": lambda lake, _, sql: lines(f"{short(run.pipeline)} {run.error_code or run.status}" for run in lake.runs.list().runs),
    "zones": lambda lake, _, sql: lines(f"{zone.name} {zone.files}" for zone in lake.landing.zones()),
    "preview": lambda lake, words, sql: rows(lake.landing.preview(words[0])),
    "restore": lambda lake, words, sql: lines(path.rpartition("/")[2] for path in lake.landing.restore(words[0]).files),
}


@pytest.mark.parametrize("scenario", sorted(SCENARIOS.glob("*.md")), ids=lambda path: path.stem)
def test_it_plays_as_written(scenario: Path, tmp_path: Path) -> None:
    lake = rat.open(tmp_path)
    sql, answers = "", 0
    for line, words, body in fences(scenario.read_text()):
        verb, rest = (words[0], words[1:]) if words else ("", [])
        if verb == "file":
            file = tmp_path / rest[0]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(body)
        elif verb == "remove":
            (tmp_path / rest[0]).unlink()
        elif verb == "query":
            sql = body
        elif verb in VERBS:
            assert VERBS[verb](lake, rest, sql) == body, f"{scenario.name}:{line}"
            answers += 1
        # A fence for the reader, a command line or some Python, has no answer.
    assert answers > 0


def test_every_scenario_is_found() -> None:
    assert len(list(SCENARIOS.glob("*.md"))) >= 6
