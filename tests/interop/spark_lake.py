"""A session of Spark over a lake, and what it reads there."""

import datetime
import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.types import TimestampType
from rows import say, spelled

PACKAGES = "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0,org.xerial:sqlite-jdbc:3.46.1.3"
SILVER = "rat.default.silver"


def told(row, types):
    """One row. What Spark calls a timestamp is a moment, in the session's zone."""

    def value(value, kind):
        if isinstance(kind, TimestampType) and value is not None:
            return value.replace(tzinfo=datetime.UTC)
        return value.asDict(recursive=True) if hasattr(value, "asDict") else value

    return "|".join(spelled(value(cell, kind)) for cell, kind in zip(row, types, strict=True))


def read(spark):
    """Says what is in every table: no rows where it has no type for a column."""
    for found in spark.sql(f"show tables in {SILVER}").collect():
        try:
            rows = spark.table(f"{SILVER}.{found.tableName}")
        except Exception as error:
            # Of a day's time Spark has no type.
            if "Spark does not support time fields" not in str(error):
                raise
            say(table=found.tableName, rows=None)
            continue
        types = [field.dataType for field in rows.schema.fields]
        say(table=found.tableName, rows=sorted(told(row, types) for row in rows.collect()))
    say(done=True)
    sys.stdout.flush()


def opened(folder, cache):
    """A session. CACHE is where libraries are kept."""
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
    return spark
