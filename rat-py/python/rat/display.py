"""Reports as HTML cards. Everything that comes from a project or from data is escaped; nothing is fetched."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from ._words import counted, is_number, shown_of

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from ._rat import Result
    from .errors import Diagnostic
    from .handle import RunHandle
    from .reports import (
        BuildReport,
        CheckedPipeline,
        CheckReport,
        Column,
        Compiled,
        MaintenanceReport,
        Preview,
        Report,
        RunPage,
        RunReport,
        SchemaChange,
        Table,
        WritePlan,
    )

# The most rows of a result, and lines of a list, that are shown.
ROWS = 20
LINES = 100
# The most characters of a cell in a list.
WIDEST = 60

# Colours hold on light and dark notebooks: text inherits, fills are translucent. White on any of them is read: 4.5 to 1 or more.
GREY = "#6b7079"
COLOURS = {
    "success": "#1f7d45",
    "passed": "#1f7d45",
    "failed": "#c83a3a",
    "error": "#c83a3a",
    "cancelled": "#8f6212",
    "running": "#2f70c9",
    "pending": GREY,
    "skipped": GREY,
    "warning": "#8f6212",
    "warn": "#8f6212",
}

# JupyterLab and nbconvert have rules of their own for tables and `pre`, by a class, a negated class and an element. Ours name the class
# three times over, so that they hold wherever they stand.
_STYLE = """<style>
.rat{font:13px/1.45 system-ui,-apple-system,'Segoe UI',sans-serif;margin:4px 0;max-width:980px}
.rat .card{border:1px solid rgba(128,128,128,.35);border-left-width:4px;border-radius:6px;padding:10px 14px}
.rat .head{display:flex;gap:10px;align-items:baseline;flex-wrap:wrap}
.rat .name{font-weight:600;font-size:14px}
.rat .mark{border-radius:10px;padding:0 9px;font-size:12px;font-weight:600;color:#fff}
.rat .dim{opacity:.75}
.rat td.label{opacity:.75;white-space:nowrap}
.rat .bar{display:flex;height:6px;border-radius:3px;overflow:hidden;margin:8px 0 2px;background:rgba(128,128,128,.15)}
.rat .legend{display:flex;gap:12px;flex-wrap:wrap;font-size:12px;opacity:.8}
.rat .legend i{display:inline-block;width:8px;height:8px;border-radius:2px;margin-right:4px}
.rat .wide{overflow-x:auto}
.rat table{border-collapse:collapse;font:inherit;margin:8px 0 0;font-variant-numeric:tabular-nums}
.rat th,.rat td{text-align:left;padding:3px 12px 3px 0;border-bottom:1px solid rgba(128,128,128,.2);vertical-align:top;background:none}
.rat th{font-weight:600;white-space:nowrap}
.rat th small{display:block;font-weight:400;opacity:.75;font-size:11px}
.rat td.num,.rat th.num{text-align:right;white-space:nowrap}
.rat td.text{white-space:pre-wrap;overflow-wrap:anywhere;min-width:8ch;max-width:40ch}
.rat td.null{opacity:.75;font-style:italic}
.rat .list td{white-space:nowrap}
.rat pre{margin:8px 0 0;padding:8px 10px;border-radius:4px;background:rgba(128,128,128,.1);overflow-x:auto}
.rat pre{font:12px/1.4 ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}
.rat details{margin-top:6px}.rat summary{cursor:pointer}
</style>""".replace(".rat", ".rat" * 3)

_PHASES = ["plan", "execute", "write", "test", "publish", "archive"]
_PHASE_COLOURS = ["#8aa4c8", "#3b7dd8", "#6b5bd2", "#b7791f", "#2e9e5b", GREY]


def run(report: RunReport) -> str:
    """A run: status, rows, phases, tests, and the drawn error if it failed."""
    status = "skipped" if report.skipped_reason else report.status
    parts = [_head(report.pipeline, status, [report.strategy, _duration(report.duration_ms)])]
    if report.skipped_reason:
        parts.append(f'<div class="dim">{escape(report.skipped_reason)}</div>')
    if not report.skipped_reason:
        parts.append(_facts(_rows_of(report)))
        parts.append(_phases(report))
    parts.append(_tests(report))
    parts.extend(_drawn(warning) for warning in report.warnings)
    if report.error is not None:
        parts.append(f"<pre>{escape(str(report.error))}</pre>")
    return _card("".join(parts), COLOURS.get(status, GREY))


def build(report: BuildReport) -> str:
    """A build: a line a pipeline, and the drawn errors below."""
    counts: dict[str, int] = {}
    lines = []
    for one in report.runs:
        status = "skipped" if one.skipped_reason else one.status
        counts[status] = counts.get(status, 0) + 1
        failed = sum(test.status != "passed" for test in one.tests)
        tests = f"{len(one.tests) - failed}/{len(one.tests)}" if one.tests else ""
        note = one.skipped_reason or (one.error.message if one.error is not None else "")
        cells = [
            f"<td>{escape(one.pipeline)}</td>",
            f"<td>{_mark(status)}</td>",
            f'<td class="num">{"" if one.skipped_reason else f"{one.rows_written:,}"}</td>',
            f'<td class="num">{"" if one.skipped_reason else _duration(one.duration_ms)}</td>',
            f'<td class="num">{tests}</td>',
            f'<td class="dim">{escape(note)}</td>',
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    header = _header(["pipeline", "status", "rows", "time", "tests", "note"], numbers={"rows", "time", "tests"})
    told = [f"{number} {status}" for status, number in counts.items()]
    below = "".join(_found(one) for one in report.runs)
    body = _head("build", report.status, [*told, _duration(report.duration_ms)]) + f"<table>{header}{''.join(lines)}</table>" + below
    return _card(body, COLOURS.get(report.status, GREY))


def _found(one: RunReport) -> str:
    """What a run of a build found wrong: the drawn error, and its tests and warnings, folded where it is published all the same."""
    failed = sum(test.status != "passed" for test in one.tests)
    error = "" if one.error is None else f"<pre>{escape(str(one.error))}</pre>"
    if not failed and not one.warnings:
        return error
    tests = f"{failed} of {counted(len(one.tests), 'test')} did not pass" if failed else ""
    warnings = counted(len(one.warnings), "warning") if one.warnings else ""
    title = f"{one.pipeline}: {', '.join(part for part in (tests, warnings) if part)}"
    body = _tests(one) + "".join(_drawn(warning) for warning in one.warnings)
    return error + _folded(title, body, shown=one.error is not None)


def check(report: CheckReport) -> str:
    """A check: how many pipelines, and each diagnostic drawn."""
    errors = sum(d.severity == "error" for d in report.diagnostics)
    warnings = len(report.diagnostics) - errors
    told = [counted(n, of) for n, of in ((len(report.pipelines), "pipeline"), (errors, "error"), (warnings, "warning"))]
    status = "failed" if errors else "passed"
    body = _head("check", status, told) + "".join(_drawn(d) for d in report.diagnostics)
    return _card(body, COLOURS[status])


def maintenance(report: MaintenanceReport) -> str:
    """A maintenance: a line a table, and the drawn errors below."""
    relocated = any(one.files_relocated for one in report.tables)
    lines = []
    for one in report.tables:
        freed = one.bytes_deleted + one.orphan_bytes
        counts = [one.files_rewritten, one.files_written, one.snapshots_expired, one.files_deleted, one.orphans_deleted]
        counts += [one.files_relocated] if relocated else []
        cells = [f'<td class="num">{count:,}</td>' for count in counts]
        mark = _mark("failed") if one.error is not None else ""
        lines.append(f'<tr><td>{escape(one.name)} {mark}</td>{"".join(cells)}<td class="num">{_bytes(freed)}</td></tr>')
    names = ["rewritten", "in their place", "snapshots expired", "files deleted", "orphans deleted"]
    names += [*(["relocated"] if relocated else []), "bytes freed"]
    header = _header(["table", *names], numbers=set(names))
    status = "success" if report.ok else "failed"
    told = [counted(len(report.tables), "table"), "dry run: nothing was changed" if report.dry_run else ""]
    errors = "".join(f"<pre>{escape(str(one.error))}</pre>" for one in report.tables if one.error is not None)
    return _card(_head("maintenance", status, told) + f"<table>{header}{''.join(lines)}</table>" + errors, COLOURS[status])


def planned(plan: WritePlan) -> dict[str, str]:
    """What a plan says, by the words that people read."""
    files = f"{plan.files_before:,}, of which {plan.files_pruned:,} untouched"
    facts = {
        "rows written": str(plan.rows_written),
        "rows afterwards": str(plan.rows_total),
        "files added": str(plan.files_added),
        "files removed": str(plan.files_removed),
        "bytes written": str(plan.bytes_written),
        "files now": files if plan.files_before else "none",
        "dropped": str(plan.files_dropped),
        "rewritten": str(plan.files_rewritten),
        "deleted from": str(plan.files_deleted_from),
        "watermark": plan.watermark or "",
        "reads": ", ".join(name if at is None else f"{name} at {at}" for name, at in plan.inputs.items()),
        "landing files": f"{len(plan.landing_files):,}" if plan.landing_files else "",
        "columns": ", ".join(_changed(change) for change in plan.schema_changes),
        "tests": ", ".join(test.name for test in plan.tests),
        "a build": f"would skip it: {plan.fresh}" if plan.fresh else "",
    }
    return {name: value for name, value in facts.items() if value}


def _changed(change: SchemaChange) -> str:
    of = {"add": f"+{change.column} {change.after}", "drop": f"-{change.column}", "rename": f"{change.before} becomes {change.after}"}
    return of.get(change.kind) or f"{change.column} {change.before} becomes {change.after}"


def plan(report: WritePlan) -> str:
    """A plan: what comes and goes, and what would stop it, drawn."""
    how = "a first run" if report.is_first_run else "a rebuild" if report.is_rebuild else ""
    lines = "".join(f'<tr><td class="label">{escape(name)}</td><td>{escape(value)}</td></tr>' for name, value in planned(report).items())
    body = _head(report.pipeline, "passed" if report.ok else "failed", [f"plan of {report.strategy}", how])
    drawn = "".join(_drawn(diagnostic) for diagnostic in report.diagnostics)
    return _card(f"{body}<table>{lines}</table>{drawn}", COLOURS["passed" if report.ok else "failed"])


def compiled(report: Compiled) -> str:
    """A compiled pipeline: its SQL, what it reads, its columns, what it is set to, and what is wrong with it, drawn."""
    zones = ", ".join(zone["zone"] for zone in report.landing_zones)
    facts = {"reads": ", ".join(report.dependencies), "landing zones": zones, "tests": f"{len(report.tests):,}" if report.tests else ""}
    body = _head(report.name, "passed" if report.ok else "failed", ["compiled", report.language])
    body += _facts({name: value for name, value in facts.items() if value})
    body += f"<pre>{escape(report.sql)}</pre>" if report.sql is not None else ""
    settings = [(one["key"], one["value"], _origin(one["origin"])) for one in report.config]
    body += _folded(counted(len(report.schema), "column"), _columns(report.schema)) if report.schema is not None else ""
    body += _folded(counted(len(settings), "setting"), _table(["setting", "value", "written in"], settings)) if settings else ""
    drawn = "".join(_drawn(diagnostic) for diagnostic in report.diagnostics)
    return _card(body + drawn, COLOURS["passed" if report.ok else "failed"])


def _origin(origin: dict[str, Any] | None) -> str:
    return "" if origin is None else f"{origin['path']}:{origin['line']}"


def checked(report: CheckedPipeline) -> str:
    """A checked pipeline: its columns, and what is wrong with it, drawn."""
    status = "failed" if any(diagnostic.severity == "error" for diagnostic in report.diagnostics) else "passed"
    columns = "" if report.columns is None else _columns(report.columns)
    drawn = "".join(_drawn(diagnostic) for diagnostic in report.diagnostics)
    return _card(_head(report.name, status, ["checked"]) + columns + drawn, COLOURS[status])


def diagnostic(one: Diagnostic) -> str:
    """A diagnostic, drawn."""
    return f'{_STYLE}<div class="rat">{_drawn(one)}</div>'


def page(report: RunPage) -> str:
    """Runs, newest first."""
    lines = []
    for one in report.runs:
        cells = [
            f'<td class="dim">{escape(_moment(one.started_at))}</td><td>{escape(one.pipeline)}</td><td>{_mark(one.status)}</td>',
            f'<td class="num">{"" if one.rows_written is None else f"{one.rows_written:,}"}</td>',
            f'<td class="num">{"" if one.duration_ms is None else _duration(one.duration_ms)}</td>',
            f'<td class="dim">{escape(one.error_code or "")}</td><td class="dim">{escape(one.id)}</td>',
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    header = _header(["started", "pipeline", "status", "rows", "time", "error", "id"], numbers={"rows", "time"})
    more = "" if report.next is None else f'<div class="dim">more: after={escape(report.next)}</div>'
    return f'{_STYLE}<div class="rat"><div class="wide list"><table>{header}{"".join(lines)}</table></div>{more}</div>'


def handle(run: RunHandle) -> str:
    """A run in the background, as it is now."""
    return _card(_head(run.pipeline, run.status, [run.id]), COLOURS.get(run.status, GREY))


def any_report(report: Report) -> str:
    """A report that has no card of its own: its fields."""
    named = [(name, value) for name, value in _shown(report) if value not in (None, [], {}, "")]
    title = f'<div class="head"><span class="name">{escape(type(report).__name__)}</span></div>'
    return _card(title + _table([], [(_words(name), _told(name, value)) for name, value in named]), GREY)


def many(reports: Sequence[Report]) -> str:
    """A list of reports: a line each."""
    if not reports:
        return f'{_STYLE}<div class="rat dim">none</div>'
    names = [name for name, _ in _shown(reports[0])]
    rows = [[_told(name, value) for name, value in _shown(report)] for report in reports[:LINES]]
    told = [at for at, name in enumerate(names) if any(row[at] != "" for row in rows)]
    table = _table([names[at] for at in told], [[row[at] for at in told] for row in rows])
    more = f'<div class="dim">{len(reports):,} in all, the first {LINES} shown</div>' if len(reports) > LINES else ""
    return f'{_STYLE}<div class="rat"><div class="wide list">{table}</div>{more}</div>'


def _shown(report: Report) -> list[tuple[str, Any]]:
    from dataclasses import fields

    return [(field.name, getattr(report, field.name)) for field in fields(report) if not field.name.startswith("_")]


def _columns(columns: list[Column]) -> str:
    return _table([], [(column.name, column.type, "" if column.nullable else "not null") for column in columns])


def _table(names: list[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = "".join(f"<tr>{''.join(_plain(value) for value in row)}</tr>" for row in rows)
    return f"<table>{_header([_words(name) for name in names]) if names else ''}{lines}</table>"


def _header(names: Sequence[str], *, numbers: Container[str] = ()) -> str:
    cells = "".join(f'<th scope="col"{_kind(name in numbers)}>{escape(name)}</th>' for name in names)
    return f"<tr>{cells}</tr>"


class _Html(str):
    """Text that is markup already."""

    __slots__ = ()


def _told(name: str, value: Any) -> Any:
    """A field of a report in the words of a cell; by its name where its type alone does not tell."""
    if value is None or value in ("", [], {}) or (isinstance(value, list) and isinstance(value[0], dict)):
        return ""
    if name == "status":
        return _Html(_mark(value))
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, int) and ("bytes" in name or name == "size"):
        return _bytes(value)
    if isinstance(value, int | float) and name == "duration_ms":
        return _duration(value)
    if isinstance(value, int) and not name.endswith("id"):
        return f"{value:,}"
    if name.endswith("_at") or name in ("at", "modified"):
        return _moment(value)
    text = " ".join((", ".join(map(str, value)) if isinstance(value, list) else str(value)).split())
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _words(name: str) -> str:
    """A field's name as people write it: a cell has its unit itself."""
    return name.removesuffix("_ms").removesuffix("_bytes").replace("_", " ")


def _moment(iso: str) -> str:
    """`2024-02-29T12:30:00.123456Z` to the second."""
    return iso[:19].replace("T", " ")


def _plain(value: Any) -> str:
    return f"<td>{value if isinstance(value, _Html) else _cut(value)}</td>"


def _folded(title: str, body: str, *, shown: bool = False) -> str:
    return f"<details{' open' if shown else ''}><summary>{escape(title)}</summary>{body}</details>"


def progress(running: list[dict[str, Any]], done: dict[str, int]) -> str:
    """A line of what is done, and a line a pipeline that runs."""
    counts = " ".join(f"{_mark(status)} {count}" for status, count in done.items())
    lines = "".join(
        f'<tr><td>{escape(run["pipeline"])}</td><td class="dim">{escape(run["phase"])}</td><td class="num">{_read(run["rows"])}</td></tr>'
        for run in running
    )
    return f'{_STYLE}<div class="rat"><div>{counts}</div><table>{lines}</table></div>'


def _read(rows: int) -> str:
    return counted(rows, "row") if rows else ""


def result(rows: Result) -> str:
    """A query's result: the first rows, with the types of the columns."""
    more = "" if rows.num_rows <= ROWS else f", the first {ROWS} shown"
    foot = f'<div class="dim">{counted(rows.num_rows, "row")}{more} · {_duration(rows.duration_ms)}</div>'
    return f'{_STYLE}<div class="rat">{_grid(rows)}{foot}</div>'


def preview(report: Preview) -> str:
    """A preview: its first rows, what they took, and what may surprise."""
    rows = report.data
    shown = shown_of(rows.num_rows, report.row_count)
    more = "" if rows.num_rows <= ROWS else f", the first {ROWS} shown"
    took = [f"{phase.phase} {_duration(phase.duration_ms)}" for phase in report.phases]
    memory = [f"{_bytes(report.peak_memory_bytes)} of memory"] if report.peak_memory_bytes else []
    told = escape(" · ".join([f"{shown}{more}", *took, *memory]))
    head = f'<div class="head"><span class="name">preview</span><span class="dim">{told}</span></div>'
    drawn = "".join(_drawn(warning) for warning in report.warnings)
    how = _folded("how the engine goes about it", f"<pre>{escape(report.plan)}</pre>")
    return _card(f"{head}{_grid(rows)}{drawn}{how}", "#3b7dd8")


def _grid(rows: Result) -> str:
    shown = rows.head(ROWS).to_pylist()
    numbers = [is_number(kind) for kind in rows.types]
    header = "".join(
        f'<th scope="col"{_kind(number)}>{escape(name)}<small>{escape(kind)}</small></th>'
        for name, kind, number in zip(rows.columns, rows.types, numbers, strict=True)
    )
    body = "".join(
        f"<tr>{''.join(_cell(value, number) for value, number in zip(row.values(), numbers, strict=True))}</tr>" for row in shown
    )
    return f'<div class="wide"><table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table></div>'


def table(info: Table) -> str:
    """A table: what it holds and its columns."""
    facts = {
        "rows": "" if info.row_count is None else f"{info.row_count:,}",
        "files": "" if info.file_count is None else f"{info.file_count:,}",
        "size": "" if info.size_bytes is None else _bytes(info.size_bytes),
        "snapshot": "" if info.snapshot_id is None else str(info.snapshot_id),
        "partitioned by": ", ".join(info.partition_by),
        "sorted by": ", ".join(info.sort_by),
    }
    body = f'<div class="head"><span class="name">{escape(info.name)}</span><span class="dim">{escape(info.kind)}</span></div>'
    return _card(body + _facts({k: v for k, v in facts.items() if v}) + _columns(info.columns), "#3b7dd8")


def _rows_of(report: RunReport) -> dict[str, str]:
    numbers = {
        "rows written": report.rows_written,
        "inserted": report.rows_inserted,
        "updated": report.rows_updated,
        "deleted": report.rows_deleted,
        "ended": report.rows_ended,
        "dropped": report.rows_dropped,
        "in the table": report.rows_total,
    }
    always = {"rows written", "in the table"}
    facts = {name: f"{n:,}" for name, n in numbers.items() if n is not None and (n or name in always)}
    if report.bytes_written:
        facts["bytes"] = _bytes(report.bytes_written)
    if report.watermark is not None:
        facts["watermark"] = report.watermark
    return facts


def _facts(facts: dict[str, str]) -> str:
    told = "".join(f'<span><span class="dim">{escape(name)}</span> {escape(value)}</span>' for name, value in facts.items())
    return f'<div class="legend" style="opacity:1;margin-top:4px">{told}</div>'


def _phases(report: RunReport) -> str:
    # A run that started over passes its phases again: one colour, one sum.
    spent = {name: sum(p.duration_ms for p in report.phases if p.phase == name) for name in _PHASES}
    whole = sum(spent.values())
    if whole <= 0:
        return ""
    bar = legend = ""
    for name, colour in zip(_PHASES, _PHASE_COLOURS, strict=True):
        if spent[name] > 0:
            bar += (
                f'<span style="width:{100 * spent[name] / whole:.2f}%;background:{colour}" title="{name} {_duration(spent[name])}"></span>'
            )
            legend += f'<span><i style="background:{colour}"></i>{name} {_duration(spent[name])}</span>'
    return f'<div class="bar">{bar}</div><div class="legend">{legend}</div>'


def _tests(report: RunReport) -> str:
    if not report.tests:
        return ""
    lines = []
    for test in report.tests:
        status = "warn" if test.status == "failed" and test.severity != "error" else test.status
        found = "" if test.count is None else f"{test.count:,}"
        lines.append(
            f'<tr><td>{_mark(status)}</td><td>{escape(test.name)}</td><td class="num">{found}</td>'
            f'<td class="dim">{escape(test.description or "")}</td></tr>'
        )
        if test.status != "passed" and test.samples:
            lines.append(f'<tr><td></td><td colspan="3">{_samples(test.samples)}</td></tr>')
    return f"<table>{''.join(lines)}</table>"


def _samples(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    body = "".join(f"<tr>{''.join(_cell(row.get(name), False) for name in names)}</tr>" for row in rows)
    return _folded(f"{len(rows)} of the rows", f"<table>{_header(names)}{body}</table>", shown=True)


def _drawn(diagnostic: Diagnostic) -> str:
    return f'<pre style="border-left:3px solid {COLOURS.get(diagnostic.severity, GREY)}">{escape(diagnostic.drawn)}</pre>'


def _head(name: str, status: str, told: list[str]) -> str:
    rest = " · ".join(escape(part) for part in told if part)
    return f'<div class="head"><span class="name">{escape(name)}</span>{_mark(status)}<span class="dim">{rest}</span></div>'


def _mark(status: str) -> str:
    return f'<span class="mark" style="background:{COLOURS.get(status, GREY)}">{escape(status)}</span>'


def _card(body: str, colour: str) -> str:
    return f'{_STYLE}<div class="rat"><div class="card" style="border-left-color:{colour}">{body}</div></div>'


def _cell(value: Any, number: bool) -> str:
    if value is None:
        return f'<td class="null{" num" if number else ""}">NULL</td>'
    return f"<td{_kind(number, text=True)}>{_cut(value)}</td>"


def _cut(value: Any) -> str:
    text = "" if value is None else str(value)
    return escape(text if len(text) <= 200 else text[:199] + "…")


def _kind(number: bool, *, text: bool = False) -> str:
    return ' class="num"' if number else ' class="text"' if text else ""


def _duration(milliseconds: float) -> str:
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {seconds % 60:.0f} s"


def _bytes(size: int) -> str:
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
