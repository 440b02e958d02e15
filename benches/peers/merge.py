"""One step of the merge benchmark in another engine, in a process of its own.

usage: merge.py ENGINE FOLDER CHANGES

ENGINE is ducklake, duckdb, delta or one of three ways with a table of PyIceberg: pyiceberg (its upsert), rat_v2 (what the runner
of RAT v2 does: the keys that are there are deleted, then all rows appended) and naive (the whole table, merged in memory, is
written again). `CHANGES` names FOLDER/CHANGES.parquet: `base` makes the engine's table of it, another one is merged into the
table by `id`. `check:NAME` counts the rows that are as FOLDER/NAME.parquet says, and all rows.
Prints the seconds since the imports, the peak memory in MB, and what was counted.
"""

import functools
import resource
import sys
import time

THREADS = "SET threads = 2"
ASSIGNMENTS = "s1 = s.s1, s2 = s.s2, d1 = s.d1, d2 = s.d2, ts = s.ts"
EQUAL = "t.id = s.id AND t.s1 = s.s1 AND t.s2 = s.s2 AND t.d1 = s.d1 AND t.d2 = s.d2"
TARGET_BYTES = 64 << 20


def sql(connection, table: str, changes: str, check: bool) -> list:
    """The step in an engine that speaks DuckDB's SQL."""
    if check:
        same = connection.execute(f"SELECT count(*) FROM {table} t JOIN '{changes}' s ON {EQUAL}").fetchone()[0]
        return [same, connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]]
    if changes.endswith("/base.parquet"):
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM '{changes}'")
    else:
        connection.execute(
            f"MERGE INTO {table} t USING (FROM '{changes}') s ON t.id = s.id "
            f"WHEN MATCHED THEN UPDATE SET {ASSIGNMENTS} WHEN NOT MATCHED THEN INSERT"
        )
    return []


def ducklake(folder: str, changes: str, check: bool):
    import duckdb
    import duckdb_ext

    begin = time.perf_counter()
    connection = duckdb_ext.init(duckdb.connect())
    connection.execute(f"{THREADS}; LOAD ducklake; LOAD sqlite")
    connection.execute(f"ATTACH 'ducklake:sqlite:{folder}/catalog.sqlite' AS lake (DATA_PATH '{folder}/data')")
    if changes.endswith("/base.parquet"):
        connection.execute("CALL lake.set_option('target_file_size', '64MB')")
    said = sql(connection, "lake.t", changes, check)
    connection.close()
    return begin, said


def duckdb(folder: str, changes: str, check: bool):
    import duckdb

    begin = time.perf_counter()
    connection = duckdb.connect(f"{folder}/table.duckdb")
    connection.execute(THREADS)
    said = sql(connection, "t", changes, check)
    connection.close()
    return begin, said


def delta(folder: str, changes: str, check: bool):
    import deltalake
    import pyarrow.parquet

    begin = time.perf_counter()
    rows = pyarrow.parquet.read_table(changes)
    if check:
        return begin, compare(deltalake.DeltaTable(folder).to_pyarrow_table(), rows)
    if changes.endswith("/base.parquet"):
        deltalake.write_deltalake(folder, rows, target_file_size=TARGET_BYTES)
    else:
        merge = deltalake.DeltaTable(folder).merge(rows, predicate="t.id = s.id", source_alias="s", target_alias="t")
        merge.when_matched_update_all().when_not_matched_insert_all().execute()
    return begin, []


def upsert(table, rows) -> None:
    table.upsert(rows, join_cols=["id"])


def delete_append(table, rows) -> None:
    from pyiceberg.expressions import In

    sent = In("id", rows.column("id").to_pylist())
    if table.scan(row_filter=sent).to_arrow().num_rows:
        table.delete(sent)
    table.append(rows)


def overwrite(table, rows) -> None:
    import duckdb
    import pyarrow

    with duckdb.connect() as connection:
        connection.execute(THREADS)
        connection.register("stored", table.scan().to_arrow())
        connection.register("sent", rows)
        merged = connection.sql("FROM stored ANTI JOIN sent USING (id) UNION ALL FROM sent").to_arrow_table()
    # Of the same types: nothing is copied, but what must not be NULL is said again.
    fields = [field.with_nullable(rows.schema.field(field.name).nullable) for field in merged.schema]
    table.overwrite(merged.cast(pyarrow.schema(fields)))


def pyiceberg(folder: str, changes: str, check: bool, merge=upsert):
    import pyarrow.parquet
    from pyiceberg.catalog.sql import SqlCatalog

    if merge is overwrite:
        import duckdb  # noqa: F401 -- before the clock starts, as the others' libraries

    begin = time.perf_counter()
    catalog = SqlCatalog("peers", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
    rows = pyarrow.parquet.read_table(changes)
    if changes.endswith("/base.parquet") and not check:
        catalog.create_namespace("peers")
        table = catalog.create_table("peers.t", rows.schema, properties={"write.target-file-size-bytes": str(TARGET_BYTES)})
        table.append(rows)
        return begin, []
    table = catalog.load_table("peers.t")
    if check:
        return begin, compare(table.scan().to_arrow(), rows)
    merge(table, rows.cast(table.schema().as_arrow()))
    return begin, []


def compare(stored, rows) -> list:
    import duckdb

    connection = duckdb.connect()
    connection.register("t", stored)
    connection.register("s", rows)
    return [connection.execute(f"SELECT count(*) FROM t JOIN s ON {EQUAL}").fetchone()[0], stored.num_rows]


def main() -> None:
    engine, folder, changes = sys.argv[1:]
    check = changes.startswith("check:")
    tables = {"pyiceberg": upsert, "rat_v2": delete_append, "naive": overwrite}
    steps = {"ducklake": ducklake, "duckdb": duckdb, "delta": delta}
    steps |= {name: functools.partial(pyiceberg, merge=merge) for name, merge in tables.items()}
    files = folder.rsplit("/", 1)[0]
    begin, said = steps[engine](folder, f"{files}/{changes.removeprefix('check:')}.parquet", check)
    seconds = time.perf_counter() - begin
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, *said)


if __name__ == "__main__":
    main()
