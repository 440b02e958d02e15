"""Reads every silver table of a lake with Spark. Usage: spark_reads.py FOLDER CACHE"""

import sys

from spark_lake import opened, read

read(opened(*sys.argv[1:]))
