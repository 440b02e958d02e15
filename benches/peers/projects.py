"""The same random project for dbt and for SQLMesh, and its loading: views over one another, a tenth of them roots.

usage: projects.py make dbt|sqlmesh COUNT FOLDER
       projects.py load dbt|sqlmesh FOLDER
"""

import random
import sys
from pathlib import Path

COLUMNS = "id, a, b, c, updated_at"


def make(tool: str, count: int, folder: Path) -> None:
    chance = random.Random(42)
    if tool == "dbt":
        write(folder / "dbt_project.yml", "name: gen\nversion: '1.0'\nprofile: gen\nmodel-paths: [models]\n")
        target = f"{{type: duckdb, path: '{folder}/db.duckdb', threads: 2}}"
        write(folder / "profiles.yml", f"gen:\n  target: dev\n  outputs:\n    dev: {target}\n")
        source = "version: 2\nsources:\n  - name: raw\n    schema: main\n    tables: [{name: t}]\n"
        write(folder / "models/sources.yml", source)
    else:
        gateway = f"gateways:\n  local:\n    connection: {{type: duckdb, database: '{folder}/db.duckdb'}}\n"
        write(folder / "config.yaml", gateway + "default_gateway: local\nmodel_defaults: {dialect: duckdb, start: 2024-01-01}\n")
    for number in range(count):
        root = number < max(1, count // 10)
        reads = [] if root else chance.sample(range(number), min(number, chance.randint(1, 3)))
        conditional = chance.random() < 0.3
        sql = model(tool, number, reads, conditional)
        write(folder / f"models/d{number % 20:02d}/m{number:05d}.sql", sql)


def model(tool: str, number: int, reads: list[int], conditional: bool) -> str:
    if tool == "dbt":
        head = f"{{{{ config(materialized='view', tags=['g{number % 7}']) }}}}\n"
        raw = "{{ source('raw', 't') }}"
        names = [f"{{{{ ref('m{read:05d}') }}}}" for read in reads]
        test = "{% if target.name == 'dev' and var('x', 1) == 1 %}\n  and s.a > 1\n{% else %}\n  and s.a > 2\n{% endif %}\n"
    else:
        head = f"MODEL (name g.m{number:05d}, kind VIEW);\n"
        raw = "(SELECT 1 AS id, 2 AS a, 3 AS b, 'x' AS c, TIMESTAMP '2024-01-01' AS updated_at)"
        names = [f"g.m{read:05d}" for read in reads]
        test = "  AND @IF(@gateway = 'local', s.a > 1, s.a > 2)\n"
    test = test if conditional else ""
    if not names:
        return f"{head}SELECT s.id, s.a, s.b, s.c, s.updated_at FROM {raw} AS s\nWHERE s.id > {number}\n{test}"
    joins = "".join(f"LEFT JOIN {name} AS j{k} ON s.id = j{k}.id\n" for k, name in enumerate(names[1:]))
    added = "".join(f" + coalesce(j{k}.a, 0)" for k in range(len(names) - 1))
    return (
        f"{head}WITH base AS (\n  SELECT {COLUMNS} FROM {names[0]}\n)\n"
        f"SELECT s.id, s.a{added} AS a, CASE WHEN s.b > 10 THEN s.b * 2 ELSE s.b END AS b, upper(s.c) AS c, s.updated_at\n"
        f"FROM base AS s\n{joins}WHERE s.id IS NOT NULL\n{test}"
    )


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def load(tool: str, folder: Path) -> None:
    if tool == "dbt":
        from dbt.cli.main import dbtRunner

        options = ["--project-dir", str(folder), "--profiles-dir", str(folder), "--no-send-anonymous-usage-stats", "--quiet"]
        result = dbtRunner().invoke(["parse", "--no-partial-parse", *options])
        if not result.success:
            sys.exit(f"dbt did not parse the project: {result.exception}")
    else:
        from sqlmesh import Context

        Context(paths=str(folder))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", tool, count, folder]:
            make(tool, int(count), Path(folder))
        case ["load", tool, folder]:
            load(tool, Path(folder))
        case _:
            sys.exit(__doc__)
