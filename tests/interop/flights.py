"""What DuckDB answers over the landed files: flights and average delays of each carrier."""

import json
import sys

import duckdb

(files,) = sys.argv[1:]
rows = duckdb.sql(
    f"""
    SELECT carrier, count(*), round(avg(dep_delay), 2), round(avg(arr_delay), 2)
    FROM read_csv('{files}/flights_2013-01_week*.csv', nullstr = 'NA')
    GROUP BY carrier ORDER BY 4 DESC, 1
    """
).fetchall()
print(json.dumps({"engine": "duckdb", "table": "carrier_delays", "rows": ["|".join(map(str, row)) for row in rows]}))
