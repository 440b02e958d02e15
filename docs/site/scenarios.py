"""A scenario for readers: what a fence does is said as people type it, in each language, and what comes of it stands below."""

import re
from pathlib import Path
from textwrap import indent

ERRORS = Path(__file__).parents[1] / "errors"
LANGUAGES = {"sql": "sql", "csv": "text", "yaml": "yaml", "toml": "toml", "py": "python", "json": "json"}

# What is typed: the command, Python, Node; none where the command has no such verb.
CALLS = {
    "check": ("rat check", "lake.check()", "await lake.check()"),
    "build": ("rat build {words}", "lake.build({args})", "await lake.build({args})"),
    "run": ("rat run {words}", "lake.run({args})", "await lake.run({args})"),
    "plan": ("rat plan {words}", "lake.plan({args})", "await lake.plan({args})"),
    "rows": ('rat query "{sql}"', 'lake.query("""{sql}""").to_pylist()', "(await lake.query(`{sql}`)).toArray()"),
    "refused": ('rat query "{sql}"', 'lake.query("""{sql}""")', "await lake.query(`{sql}`)"),
    "graph": ("rat graph {words}", "lake.graph({args}).edges", "(await lake.graph({args})).edges"),
    "tables": (
        None,
        "[lake.tables.get(entry.name) for entry in lake.tables.list()]",
        "for (const {{ name }} of await lake.tables.list()) console.log(await lake.tables.get(name))",
    ),
    "columns": ("rat tables {words}", "lake.tables.get({args}).columns", "(await lake.tables.get({args})).columns"),
    "history": ("rat tables {words} --history", "lake.tables.history({args})", "await lake.tables.history({args})"),
    "runs": ("rat runs", "lake.runs.list().runs", "(await lake.runs.list()).runs"),
    "zones": (None, "lake.landing.zones()", "await lake.landing.zones()"),
    "preview": (None, "lake.landing.preview({args}).to_pylist()", "(await lake.landing.preview({args})).toArray()"),
    "restore": (None, "lake.landing.restore({args}).files", "(await lake.landing.restore({args})).files"),
}
TABS = (("Command", "sh"), ("Python", "python"), ("Node", "js"))
# What the columns are called of what comes of a verb.
HEADERS = {
    "build": ["pipeline", "status", "rows"],
    "run": ["pipeline", "status", "rows"],
    "plan": ["of the plan", "number"],
    "graph": ["from", "to"],
    "tables": ["table", "kind", "rows"],
    "columns": ["column", "type"],
    "history": ["operation", "rows"],
    "runs": ["pipeline", "status"],
    "zones": ["landing zone", "files"],
    "restore": ["file"],
}


def page(path: Path) -> str:
    """The page of a scenario; all but the first say where one starts."""
    sql = ""

    def shown(match: re.Match[str]) -> str:
        nonlocal sql
        words, body = match[1].split(), match[2]
        verb = words[0] if words else ""
        if verb == "query":
            sql = body.strip()
            return ""
        if verb == "file":
            return f'```{LANGUAGES.get(words[1].rpartition(".")[2], "text")} title="{words[1]}"\n{body}```'
        if verb == "remove":
            return f"Remove `{words[1]}`."
        if verb not in CALLS:
            return match[0]
        return f"{tabs(verb, words[1:], sql, body)}\n\n{result(verb, body)}"

    text = re.sub(r"^```([^\n]*)\n(.*?)^```$", shown, path.read_text(), flags=re.MULTILINE | re.DOTALL)
    if path.name != "first-steps.md":
        title, _, rest = text.partition("\n")
        start = "To follow it, begin with [what is needed](first-steps.md#what-is-needed) and an empty folder."
        text = f"{title}\n\n{start}\n{rest}"
    return re.sub(r"\n{3,}", "\n\n", text)


def tabs(verb: str, words: list[str], sql: str, body: str) -> str:
    """The call as it is typed, a tab a language."""
    failed = " failed " in body and verb in ("build", "run")
    blocks = []
    for (title, language), call in zip(TABS, CALLS[verb], strict=True):
        if call is not None:
            spoken = call.format(words=shell(verb, words), args=arguments(language, verb, words, failed), sql=sql)
            if language == "python":
                # Three quotes are for more than one line.
                spoken = re.sub(r'"""([^"\n]*)"""', r'"\1"', spoken)
            blocks.append(f'=== "{title}"\n\n' + indent(f"```{language}\n{spoken.strip()}\n```", "    "))
    return "\n\n".join(blocks)


def shell(verb: str, words: list[str]) -> str:
    flags = verb in ("run", "plan")
    return " ".join(f"--{word}" if flags and at else word for at, word in enumerate(words))


def arguments(language: str, verb: str, words: list[str], failed: bool) -> str:
    flags = words[1:] if verb in ("run", "plan") else []
    chosen = words[: len(words) - len(flags)]
    if language == "python":
        named = [*(f"{flag.replace('-', '_')}=True" for flag in flags), *(["raise_on_failure=False"] if failed else [])]
        return ", ".join([*(f'"{word}"' for word in chosen), *named])
    named = [*(f"{camel(flag)}: true" for flag in flags), *(["raiseOnFailure: false"] if failed else [])]
    given = [*(f"'{word}'" for word in chosen), *(["[]"] if named and not chosen else [])]
    return ", ".join([*given, *([f"{{ {', '.join(named)} }}"] if named else [])])


def camel(flag: str) -> str:
    return re.sub(r"-(\w)", lambda match: match[1].upper(), flag)


def result(verb: str, body: str) -> str:
    """What comes of it, as a table or in a word."""
    lines = body.strip().splitlines()
    if verb == "check" and lines == ["ok"]:
        return "There is no error."
    if verb in ("check", "refused") or (verb == "plan" and lines[0].isupper()):
        return f"It says {' and '.join(map(code, lines))}."
    if verb in ("rows", "preview"):
        names, *rows = [line.split(" | ") for line in lines]
        return table(names, rows)
    split = {"graph": " -> ", "restore": "\n"}.get(verb, " ")
    names = HEADERS[verb]
    rows = [line.split(split, len(names) - 1) for line in lines]
    rows = [[told(cell) for cell in [*row, *[""] * (len(names) - len(row))]] for row in rows]
    if verb in ("build", "run"):
        # A run that failed has a code, and no rows.
        rows = [[name, f"{status} {rest}", ""] if status == "failed" else [name, status, rest] for name, status, rest in rows]
    return table(names, rows)


def told(cell: str) -> str:
    return code(cell) if (ERRORS / f"{cell}.md").exists() else "" if cell == "-" else cell


def code(name: str) -> str:
    return f"[{name}](../errors/{name}.md)"


def table(names: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (names, ["---"] * len(names), *rows))
