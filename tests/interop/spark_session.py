"""A session of Spark over a lake: reads it, changes it, and reads it again when told to. Usage: spark_session.py FOLDER CACHE

It answers in three parts, each ended by a line that says so: the rows of every table; the rows of every table after its own changes; and,
once a line has come in, the rows of every table after whatever happened meanwhile. CACHE is where libraries are kept.
"""

import datetime
import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.types import TimestampType
from rows import say, spelled

PACKAGES = "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0,org.xerial:sqlite-jdbc:3.46.1.3"
SILVER = "rat.default.silver"
CHANGES = [
    # What leaves is named by position delete files.
    f"alter table {SILVER}.orders set tblproperties ('write.delete.mode' = 'merge-on-read', 'write.update.mode' = 'merge-on-read')",
    f"delete from {SILVER}.orders where id = 2",
    f"update {SILVER}.orders set price = 99.50 where id = 3",
    f"alter table {SILVER}.orders rename column note to remark",
    f"alter table {SILVER}.orders add column place.zip string",
    f"alter table {SILVER}.orders alter column amount type bigint",
    f"alter table {SILVER}.orders replace partition field id_bucket with truncate(2, city)",
    f"insert into {SILVER}.orders (id, city, price, at, amount, remark, place) values "
    "(50, 'Oslo', 5.00, timestamp '2026-03-01 00:00:00Z', 5000000000, 'by Spark', named_struct('x', 1, 'y', 'b', 'zip', '0150'))",
    f"alter table {SILVER}.orders create branch audit",
    f"insert into {SILVER}.orders.branch_audit select 99, 'on a branch', null, null, null, null, null",
    f"delete from {SILVER}.days where day = date '2026-01-01'",
    f"create table {SILVER}.made (id bigint, at timestamp_ntz, name string) using iceberg partitioned by (days(at), bucket(4, id))",
    f"insert into {SILVER}.made "
    "select id, timestamp_ntz '2026-01-01 00:00:00' + make_interval(0, 0, 0, id), concat('n', id) from range(100)",
    f"delete from {SILVER}.made where id % 10 = 3",
    # Format version 3: what leaves is named by deletion vectors, several in a file; of a table that was version 2 before, by both.
    f"create table {SILVER}.vectors (id bigint, part int) using iceberg partitioned by (part) "
    "tblproperties ('format-version' = '3', 'write.delete.mode' = 'merge-on-read', 'write.update.mode' = 'merge-on-read')",
    f"insert into {SILVER}.vectors select id, id % 3 from range(3000)",
    f"delete from {SILVER}.vectors where id % 7 = 0",
    f"update {SILVER}.vectors set id = id + 10000 where id % 100 = 1",
    f"delete from {SILVER}.vectors where id < 50",
    f"create table {SILVER}.grown (id bigint, name string) using iceberg "
    "tblproperties ('format-version' = '2', 'write.delete.mode' = 'merge-on-read')",
    f"insert into {SILVER}.grown select id, concat('n', id) from range(100)",
    f"delete from {SILVER}.grown where id % 10 = 3",
    f"alter table {SILVER}.grown set tblproperties ('format-version' = '3')",
    f"delete from {SILVER}.grown where id % 10 = 4",
    f"create view {SILVER}.seen as select id from {SILVER}.made where id < 2",
]


def told(row, types):
    """One row. What Spark calls a timestamp is a moment, in the session's zone."""

    def value(value, kind):
        if isinstance(kind, TimestampType) and value is not None:
            return value.replace(tzinfo=datetime.UTC)
        return value.asDict(recursive=True) if hasattr(value, "asDict") else value

    return "|".join(spelled(value(cell, kind)) for cell, kind in zip(row, types, strict=True))


def read(spark):
    """Says what is in every table."""
    for found in spark.sql(f"show tables in {SILVER}").collect():
        rows = spark.table(f"{SILVER}.{found.tableName}")
        types = [field.dataType for field in rows.schema.fields]
        say(table=found.tableName, rows=sorted(told(row, types) for row in rows.collect()))
    say(done=True)
    sys.stdout.flush()


def main():
    """Reads, changes, reads, waits, reads."""
    folder, cache = sys.argv[1:]
    # Answers go where they are read, and what Spark and its libraries tell goes to people.
    sys.stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.jars.ivy": cache,
        "spark.jars.packages": PACKAGES,
        "spark.sql.warehouse.dir": str(Path(folder) / ".spark"),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.rat": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.rat.type": "jdbc",
        # Others write to these tables while the session goes on.
        "spark.sql.catalog.rat.cache-enabled": "false",
        "spark.sql.catalog.rat.jdbc.schema-version": "V1",
        "spark.sql.catalog.rat.uri": f"jdbc:sqlite:{folder}/.rat/catalog.db",
        "spark.sql.catalog.rat.warehouse": f"file://{folder}",
    }
    builder = SparkSession.builder.master("local[1]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    read(spark)
    for change in CHANGES:
        spark.sql(change)
    read(spark)
    sys.stdin.readline()
    # The connection of a session to the catalog goes on seeing what it saw.
    read(spark.newSession())


main()
