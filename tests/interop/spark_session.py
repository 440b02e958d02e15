"""A session of Spark over a lake: reads it, changes it, and reads it again when told to. Usage: spark_session.py FOLDER CACHE

It answers in three parts, each ended by a line that says so: the rows of every table; the rows of every table after its own changes; and,
once a line has come in, the rows of every table after whatever happened meanwhile. CACHE is where libraries are kept.
"""

import sys

from spark_lake import SILVER, opened, read

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
    f"alter table {SILVER}.log set tblproperties ('write.delete.mode' = 'merge-on-read')",
    f"delete from {SILVER}.log where id = 2",
    f"alter table {SILVER}.log add column by string",
    f"insert into {SILVER}.log values (90, 'Kyiv', 'hand')",
    f"alter table {SILVER}.pairs set tblproperties ('write.delete.mode' = 'merge-on-read', 'write.update.mode' = 'merge-on-read')",
    f"update {SILVER}.pairs set b = 9.50 where a = 2.50",
    f"delete from {SILVER}.pairs where a = 3.50",
    f"insert into {SILVER}.pairs values (7.50, 7.50)",
    f"alter table {SILVER}.whole rename column n to m",
    f"insert into {SILVER}.whole values (3, 30)",
    f"delete from {SILVER}.whole where id = 1",
    f"delete from {SILVER}.history where id = 3",
    f"insert into {SILVER}.history values (9, 'Kyiv', timestamp '2026-01-01 00:00:00Z', null)",
    f"delete from {SILVER}.called where place = 'Rome'",
    f"insert into {SILVER}.called values (4, 'Lima', 'Lima', 'c')",
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


def main():
    """Reads, changes, reads, waits, reads."""
    spark = opened(*sys.argv[1:])
    read(spark)
    for change in CHANGES:
        spark.sql(change)
    read(spark)
    sys.stdin.readline()
    # The connection of a session to the catalog goes on seeing what it saw.
    read(spark.newSession())


main()
